//! What is made of a gateway's health: left alone, passed over, asked again, believed.

pub mod circuit;
pub mod fallback_hold;
pub mod quota;
pub mod receipt_due;
pub mod reconcile;
pub mod route;
pub mod texts;
