//! The rules of the operating guide, as sentences that a product owner can read.

mod answers;
mod brakes;
mod calls;
mod characters;
mod chinese;
mod corpus;
mod countries;
mod dialling;
mod emails;
mod fallbacks;
mod frames;
mod invitations;
mod limits;
mod number_table;
mod numbers;
mod oracle;
mod orders;
mod properties;
mod quiet;
mod rulebooks;
mod rules;
mod support;
mod template_properties;
mod templates;
mod texts;
mod times;
