//! The outside services that carry a delivery.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes both enums from one list, so that another SMS gateway is one line.
macro_rules! sms_gateways {
    ($($(#[doc = $doc:literal])+ $gateway:ident = $name:literal;)+) => {
        /// An outside service that carries a delivery.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Provider {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $gateway,)+
            /// The mail server that takes our mail.
            #[serde(rename = "smtp")]
            Smtp,
            /// The PBX, through Asterisk's REST interface.
            #[serde(rename = "asterisk")]
            Asterisk,
        }

        /// A provider that carries text messages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SmsProvider {
            $($(#[doc = $doc])+ $gateway,)+
        }

        impl Provider {
            /// Every provider.
            pub const ALL: &'static [Self] = &[$(Self::$gateway,)+ Self::Smtp, Self::Asterisk];

            /// The provider's name on the wire, which is also its path at the intake.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$gateway => $name,)+
                    Self::Smtp => "smtp",
                    Self::Asterisk => "asterisk",
                }
            }

            /// The gateway that it is; nothing for a provider that carries no text messages.
            pub const fn sms(self) -> Option<SmsProvider> {
                match self {
                    $(Self::$gateway => Some(SmsProvider::$gateway),)+
                    Self::Smtp | Self::Asterisk => None,
                }
            }
        }

        impl SmsProvider {
            /// Every gateway.
            pub const ALL: &'static [Self] = &[$(Self::$gateway),+];

            /// The same among all providers.
            pub const fn provider(self) -> Provider {
                match self {
                    $(Self::$gateway => Provider::$gateway,)+
                }
            }
        }
    };
}

sms_gateways! {
    /// NHN Cloud SMS v3.0.
    Nhn = "nhn";
    /// Infobip SMS v3.
    Infobip = "infobip";
    /// Twilio Messages.
    Twilio = "twilio";
    /// Sinch SMS.
    Sinch = "sinch";
}

impl SmsProvider {
    /// The gateway's name on the wire.
    pub const fn as_str(self) -> &'static str {
        self.provider().as_str()
    }

    /// The gateway of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|gateway| gateway.as_str() == name)
    }

    /// The names of all, for people who have to choose one.
    pub fn choices() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|gateway| gateway.as_str()).collect();
        names.join(" or ")
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for SmsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
