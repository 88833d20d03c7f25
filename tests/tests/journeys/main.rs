//! Journeys: one closure each, from the CRM's publish to everything that anybody was told.
//!
//! What each row of `scenario/kride.json` expects is compared by the harness (texts, mails, rings, outcomes, letters,
//! rules); a test adds what a customer, an agent or a supervisor would look at.

mod bounces;
mod calls;
mod cancel_answers;
mod cancels;
mod caps;
mod countries;
mod desk;
mod doubts;
mod emails;
mod fallback;
mod finding;
mod gateway;
mod infobip;
mod inquiries;
mod intake;
mod lengths;
mod messages;
mod numbers;
mod odd_mail;
mod polling;
mod postfix;
mod receipt_dues;
mod revisions;
mod scenario;
mod sinch;
mod suppression;
mod texts;
mod times;
mod twilio;
mod webhooks;
