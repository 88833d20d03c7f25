//! JSON that is kept as it was written, and taken apart only by whoever reads what is in it.

use std::{error::Error, sync::Arc};

use bytes::BytesMut;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use super::text;

/// The first byte of the binary form of `jsonb`, which PostgreSQL calls its version.
const JSONB_VERSION: u8 = 1;
/// The one character that a text of PostgreSQL cannot hold, as JSON writes it.
const NUL: &str = r"\u0000";

/// A JSON value as text; a clone shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Arc<str>);

impl JsonText {
    /// Writes a value; what cannot be written, such as a map whose keys are no texts, is null.
    pub fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).unwrap_or_else(|_| Value::Null.to_string());
        if text.contains(NUL) { Self::without_nul(&text) } else { Self(text.into()) }
    }

    fn without_nul(json: &str) -> Self {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        Self(text::json(value).to_string().into())
    }

    /// What is in it; nothing where that is of another form.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.0).ok()
    }
}

impl From<Value> for JsonText {
    fn from(value: Value) -> Self {
        Self::of(&value)
    }
}

impl ToSql for JsonText {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&[JSONB_VERSION]);
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for JsonText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match raw.split_first() {
            Some((&JSONB_VERSION, text)) => Ok(Self(std::str::from_utf8(text)?.into())),
            Some(_) | None => Err("not of the form of jsonb that is known".into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_database_cannot_hold_is_replaced_and_what_only_looks_like_it_stays() {
        let text = JsonText::of(&json!([{ "detail": "a\0b" }, r"a\u0000b"]));
        assert_eq!(text.read(), Some(json!([{ "detail": "a\u{fffd}b" }, r"a\u0000b"])));
    }
}
