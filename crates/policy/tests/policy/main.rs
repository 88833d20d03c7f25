//! The rules of the operating guide, as sentences that a product owner can read.

mod calls;
mod countries;
mod dialling;
mod emails;
mod fallbacks;
mod numbers;
mod properties;
mod rulebooks;
mod support;
mod templates;
mod texts;
mod times;
