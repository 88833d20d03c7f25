//! The documented result codes that this gateway answers with.

/// A result code of the interface and its English message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResultCode {
    pub(crate) number: i32,
    pub(crate) message: &'static str,
}

macro_rules! result_codes {
    ($($name:ident = $number:literal, $message:literal;)+) => {
        impl ResultCode {
            $(pub(crate) const $name: Self = Self { number: $number, message: $message };)+

            const ALL: &'static [Self] = &[$(Self::$name,)+];
        }
    };
}

result_codes! {
    SUCCESS = 0, "SUCCESS";
    PARAMETER = 4, "Parameter validation failed.";
    INVALID_APP_KEY = -1000, "Invalid appKey.";
    NO_SERVICE = -1001, "Service does not exist.";
    SERVICE_DISABLED = -1002, "Service is disabled.";
    IP_NOT_ALLOWED = -1004, "Not allow ip.";
    SERVICE_BLOCKED = -1008, "Service is blocked.";
    CONTENT_TYPE = -9996, "Only application/json Content-type is supported.";
    INVALID_JSON = -9997, "Invalid API parameters.";
    NO_SUCH_API = -9998, "Not exist API.";
    SYSTEM_ERROR = -9999, "System error.";
    SEARCH_CONDITION = -1005, "Service parameter is invalid.";
    DATE_FORMAT = -2000, "Date format error.";
    NO_RECIPIENTS = -2001, "RecipientList can not be null.";
    REQUEST_ID = -2008, "Invalid requestId.";
    QUERY_DATES = -2011, "RequestId or start/endRequestDate or start/endCreateDate is required.";
    TEXT_MISSING = -2014, "The recipient can not be empty.";
    TEXT_TOO_LONG = -2015, "Title or Body exceed maximum byte.";
    RECIPIENTS_TOO_MANY = -2016, "The max recipient size is 1000.";
    RECIPIENT_MISSING = -2018, "RecipientNo can not be empty.";
    RECIPIENT_INVALID = -2019, "RecipientNo is invalid.";
    QUEUE_FAILED = -2021, "System error. Failed insert queue.";
    CHARACTERS = -2023, "Unacceptable characters in title and body.";
    LMS_OVERSEAS = -2024, "LMS/MMS Type is not sent to outside of Korea.";
    COUNTRY_INVALID = -2044, "Invalid countryCode for sending.";
    OVERSEAS_BLOCKED = -2045, "International sending blocked by service.";
    COUNTRY_BLOCKED = -2046, "Blocked country by service.";
    BLOCK_LIMIT = -2047, "Blocked by total indicator.";
    OVERSEAS_TEXT_TOO_LONG = -2048, "International message body exceed maximum length.";
    CONVERSION_RATE = -2051, "Conversion rate is lower than threshold.";
    MONTHLY_LIMIT = -2052, "Blocked by the monthly limit of the organization.";
    COUNTRY_DAILY_LIMIT = -2053, "Blocked by the daily limit of the country.";
    TEMPLATE_UNKNOWN = -2110, "Template is not exist.";
    SENDER_UNREGISTERED = -2312, "Not regist sendno.";
    SENDER_BLOCKED = -2313, "This sendno is blocked.";
    QUERY_RANGE = -4000, "Search is possible within one month.";
}

impl ResultCode {
    /// The code of this number, with a plain message where this gateway does not know it.
    pub(crate) fn of(number: i32) -> Self {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.number == number)
            .unwrap_or(Self { number, message: "Simulated refusal." })
    }
}
