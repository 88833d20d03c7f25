//! Faults: processes killed, connections cut and receipts repeated under load, and every job still ends once.

mod calls;
mod clocks;
mod commits;
mod connections;
mod cuts;
mod delays;
mod doors;
mod fallback_holds;
mod generated;
mod kills;
mod leases;
mod load;
mod made_properties;
mod mail_server;
mod needless_emails;
mod outages;
mod pooler;
mod properties;
mod proxy;
mod receipts;
mod replays;
mod stalls;
mod stops;
mod tables;
mod webhook_letters;
mod webhooks;
