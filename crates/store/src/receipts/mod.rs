//! What is heard of a delivery after it was handed over, and what a judgement of it writes.

pub(crate) mod apply;
pub(crate) mod bounces;
pub(crate) mod evaluate;
pub(crate) mod facts;
pub(crate) mod inbox;
pub(crate) mod inquiries;
pub(crate) mod overdue;
pub(crate) mod update;
