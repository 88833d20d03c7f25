//! What this process knows of its gateways: how they are, how fast and how much they may be asked, and whom they answer.

pub mod fallback_hold;
pub mod health;
pub mod pool;
pub mod quota;
pub mod rate_limit;
pub mod receipt_dues;
pub mod text_report;
