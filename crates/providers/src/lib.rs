//! One try at one outside service, one answer in our codes.
