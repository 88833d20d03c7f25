//! The only crate that names lapin: topology, confirmed publish, supervised consume.
