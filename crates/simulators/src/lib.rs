#![doc = include_str!("../README.md")]

mod http;
mod infobip;
mod journal;
mod lock;
mod nhn;
mod pbx;
mod rules;
mod sinch;
mod smtp;
mod speed;
mod twilio;

pub use infobip::{InfobipBehaviour, InfobipSimSettings, InfobipSimulator, InfobipSms};
pub use nhn::{
    Credit, DlrStatus, MessageStatus, NhnSimSettings, NhnSimulator, ReceiptSwitch, SentSms, SmsAnswer,
    SmsBehaviour, SmsProgress,
};
pub use pbx::{
    AgentBehaviour, CelSwitch, CustomerBehaviour, Leg, PbxSimSettings, PbxSimulator, PostBehaviour, Ring,
};
pub use rules::{RULES_MAX, Rule, Target};
pub use sinch::{SinchBehaviour, SinchSimSettings, SinchSimulator, SinchSms};
pub use smtp::{
    KeptMail, MailBehaviour, MailEnding, MailPhase, SmtpAuth, SmtpSimSettings, SmtpSimulator, TriedRecipient,
};
pub use twilio::{TwilioBehaviour, TwilioSimSettings, TwilioSimulator, TwilioSms};
