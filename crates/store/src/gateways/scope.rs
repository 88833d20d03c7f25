//! What is said of a gateway as a whole, or of its way to one country.

use closure_contract::Provider;
use serde::Serialize;
use tokio_postgres::Row;

use crate::{database::row::Columns, error::StoreError};

/// The column's word for a gateway as a whole.
const WHOLE_GATEWAY: i32 = 0;

/// A whole gateway, or its way to one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct GatewayScope {
    /// The gateway.
    pub provider: Provider,
    /// The country code; nothing for the whole gateway.
    pub country_code: Option<u16>,
}

/// Reads the rows whose `provider` this release knows; one that a newer release alone has is its processes' concern, and
/// hides none of the others.
pub(crate) fn read_known<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let is_newer =
        |row: &Row| matches!(Columns(row).word::<Provider>("provider"), Err(StoreError::NewerRow(_)));
    rows.iter().filter(|row| !is_newer(row)).map(read).collect()
}

impl GatewayScope {
    /// The scopes of a text message: its gateway's, and its gateway's to its country.
    pub fn of(provider: Provider, country_code: Option<u16>) -> impl Iterator<Item = Self> {
        let country = country_code.map(|code| Self { provider, country_code: Some(code) });
        std::iter::once(Self { provider, country_code: None }).chain(country)
    }

    /// Reads the columns `provider` and `country_code`.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        let country_code = columns.count("country_code")?;
        Ok(Self {
            provider: columns.word("provider")?,
            country_code: u16::try_from(country_code).ok().filter(|code| *code > 0),
        })
    }

    /// The country as its column has it.
    pub(crate) fn country(self) -> i32 {
        self.country_code.map_or(WHOLE_GATEWAY, i32::from)
    }
}
