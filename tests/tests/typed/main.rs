//! What a person types, and what a person reads.

mod documented;
mod hostile;
