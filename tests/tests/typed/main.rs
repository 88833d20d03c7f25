//! What a person types, and what a person reads.

mod addresses;
mod doctor;
mod documented;
mod hostile;
mod languages;
mod mail_records;
mod people;
mod published;
mod spoken;
