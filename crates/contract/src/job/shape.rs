//! Reads a message's type from its document, and says of a field that does not fit where it is and what belongs there.
//!
//! serde's own words name types of this program; these name what a person writes, and never repeat a value.

use std::{cell::RefCell, fmt};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor,
    },
    forward_to_deserialize_any,
};

use super::tree::Tree;

/// So many unknown fields are named.
const IGNORED_MAX: usize = 20;
/// A longer name of a field is somebody's text.
const NAME_CHARS_MAX: usize = 64;

/// Where a document does not fit, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShapeError {
    /// From the field itself outwards.
    steps: Vec<String>,
    /// What is wrong there.
    problem: String,
}

impl ShapeError {
    fn new(problem: String) -> Self {
        Self { steps: Vec::new(), problem }
    }

    fn within(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }

    /// The path of the field, such as `to.phone`, and what is wrong with it.
    pub(super) fn into_parts(self) -> (String, String) {
        (path(self.steps.iter().rev()), self.problem)
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ShapeError {}

impl Error for ShapeError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::new(problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let wanted = wanted.to_string();
        let wanted = if wanted == "a string" { "a text in double quotes".to_owned() } else { wanted };
        match found {
            Unexpected::Signed(..0) => {
                Self::new("it is negative; expected a whole number from 0 on".to_owned())
            }
            Unexpected::Other(found) => Self::new(format!("it is {found}; expected {wanted}")),
            _ => Self::new(format!("expected {wanted}")),
        }
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::invalid_type(found, wanted)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("it is missing".to_owned()).within(field.to_owned())
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("it stands here twice; keep one of them".to_owned()).within(field.to_owned())
    }
}

fn path<'a>(steps: impl Iterator<Item = &'a String>) -> String {
    let mut path = String::new();
    for step in steps {
        if !path.is_empty() && !step.starts_with('[') {
            path.push('.');
        }
        path.push_str(step);
    }
    path
}

/// A name as it may be repeated: somebody may have written a number or a text where a name belongs.
fn named(key: &str) -> String {
    let is_name = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.len() <= NAME_CHARS_MAX
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$'))
        && key.bytes().filter(u8::is_ascii_digit).count() < 6;
    if is_name { key.to_owned() } else { "(another name)".to_owned() }
}

/// A name in an error, which is kept and logged. The only names of a sender's own that lead to one are those of a
/// template's variables, and these have small letters, digits and `_`.
fn step(key: &str) -> String {
    let is_of_a_field = key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if is_of_a_field { named(key) } else { "(another name)".to_owned() }
}

/// What was read past on the way.
#[derive(Default)]
struct Notes<'t> {
    here: Vec<&'t str>,
    ignored: Vec<String>,
}

/// Reads a type from a document, with the paths of the fields that it does not know.
pub(super) fn read<T: DeserializeOwned>(tree: &Tree) -> Result<(T, Vec<String>), ShapeError> {
    let notes = RefCell::default();
    let value = T::deserialize(Node { tree, notes: &notes })?;
    Ok((value, notes.into_inner().ignored))
}

/// One value of the document, to be read as whatever belongs there.
#[derive(Clone, Copy)]
struct Node<'n, 't> {
    tree: &'t Tree,
    notes: &'n RefCell<Notes<'t>>,
}

impl<'t> Node<'_, 't> {
    fn is_no<T>(self, wanted: &str) -> Result<T, ShapeError> {
        Err(ShapeError::invalid_type(self.tree.unexpected(), &wanted))
    }

    fn note_ignored(self, fields: &[(String, Tree)], known: &[&str]) {
        let mut notes = self.notes.borrow_mut();
        for (key, _) in fields.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            if notes.ignored.len() < IGNORED_MAX {
                let steps: Vec<String> =
                    notes.here.iter().copied().chain([key.as_str()]).map(named).collect();
                notes.ignored.push(path(steps.iter()));
            }
        }
    }

    fn object<'de, V: Visitor<'de>>(
        self,
        fields: &'t [(String, Tree)],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_map(Fields { left: fields.iter(), value: None, notes: self.notes })
    }

    fn list<'de, V: Visitor<'de>>(self, items: &'t [Tree], visitor: V) -> Result<V::Value, ShapeError> {
        visitor.visit_seq(Items { left: items.iter().enumerate(), notes: self.notes })
    }

    fn whole<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        if let Some(number) = self.tree.whole() {
            return visitor.visit_u64(number);
        }
        match self.tree {
            Tree::Negative(number) => visitor.visit_i64(*number),
            _ => self.is_no("a whole number without quotes, such as 1"),
        }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Text(text) => visitor.visit_str(text),
            other => Err(ShapeError::invalid_type(other.unexpected(), &visitor)),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_, '_> {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Whole(number) => visitor.visit_u64(*number),
            Tree::Negative(number) => visitor.visit_i64(*number),
            Tree::Fraction(number) => visitor.visit_f64(*number),
            Tree::Text(text) => visitor.visit_str(text),
            Tree::List(items) => self.list(items, visitor),
            Tree::Object(fields) => self.object(fields, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.text(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        if self.tree.whole().is_some_and(|number| number > u64::from(u32::MAX)) {
            return Err(ShapeError::new("it is a number; expected a smaller one".to_owned()));
        }
        self.whole(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        self.whole(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Bool(value) => visitor.visit_bool(*value),
            _ => self.is_no("true or false, without quotes"),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::List(items) => self.list(items, visitor),
            _ => self.is_no("a list in brackets"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Object(fields) => self.object(fields, visitor),
            _ => self.is_no("an object in braces"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        let Tree::Object(fields) = self.tree else { return self.is_no("an object in braces") };
        self.note_ignored(fields, known);
        self.object(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match self.tree {
            Tree::Text(word) if known.contains(&word.as_str()) => {
                visitor.visit_enum(word.as_str().into_deserializer())
            }
            Tree::Text(word) if known.iter().any(|own| own.eq_ignore_ascii_case(word.trim())) => {
                Err(ShapeError::new(format!("its letters or spaces differ; expected {}", one_of(known))))
            }
            Tree::Text(_) => {
                Err(ShapeError::new(format!("this word is not known here; expected {}", one_of(known))))
            }
            _ => self.is_no(&one_of(known)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

fn one_of(known: &[&str]) -> String {
    let words: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        words => words.concat(),
    }
}

/// The fields of an object, each under its name.
struct Fields<'n, 't> {
    left: std::slice::Iter<'t, (String, Tree)>,
    value: Option<&'t (String, Tree)>,
    notes: &'n RefCell<Notes<'t>>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = ShapeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ShapeError> {
        self.value = self.left.next();
        self.value.map(|(key, _)| seed.deserialize(key.as_str().into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ShapeError> {
        let Some((key, tree)) = self.value.take() else {
            return Err(ShapeError::new("a value without a name".to_owned()));
        };
        self.notes.borrow_mut().here.push(key);
        let value = seed.deserialize(Node { tree, notes: self.notes });
        self.notes.borrow_mut().here.pop();
        value.map_err(|problem| problem.within(step(key)))
    }
}

/// The items of a list, each under its place.
struct Items<'n, 't> {
    left: std::iter::Enumerate<std::slice::Iter<'t, Tree>>,
    notes: &'n RefCell<Notes<'t>>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = ShapeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ShapeError> {
        let Some((place, tree)) = self.left.next() else { return Ok(None) };
        let item = seed.deserialize(Node { tree, notes: self.notes });
        item.map(Some).map_err(|problem| problem.within(format!("[{place}]")))
    }
}
