//! The fleet: worker loop, workers, intake and command line in one binary.
