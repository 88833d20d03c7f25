//! Where values come from: the environment first, then the file, then the default.

use std::{collections::BTreeMap, fmt::Display, path::Path, str::FromStr};

use super::keys::{KEYS, Key, Secrecy, variable};

/// Looks a variable up; tests pass their own, so that nobody changes the process environment.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Collects values and, instead of stopping at the first, every error.
pub struct Source<'a> {
    lookup: Lookup<'a>,
    file: BTreeMap<String, String>,
    errors: Vec<String>,
}

impl<'a> Source<'a> {
    /// Reads the file, if one is named, and checks that it has no unknown keys.
    pub fn new(lookup: Lookup<'a>, file: Option<&Path>) -> Self {
        let mut source = Self { lookup, file: BTreeMap::new(), errors: Vec::new() };
        if let Some(path) = file {
            source.read_file(path);
        }
        source
    }

    fn read_file(&mut self, path: &Path) {
        let table = match std::fs::read_to_string(path) {
            Ok(text) => text.parse::<toml::Table>().map_err(|error| syntax_problem(&text, &error)),
            Err(error) => Err(error.to_string()),
        };
        match table {
            Ok(table) => flatten("", &toml::Value::Table(table), &mut self.file),
            Err(problem) => self.errors.push(format!(
                "configuration file {}: {problem}; correct it or name another with --config",
                path.display()
            )),
        }
        for key in self.file.keys() {
            let name = key.strip_suffix("_file").unwrap_or(key);
            if !KEYS.iter().any(|known| known.name == *key || known.name == name) {
                self.errors.push(format!("unknown key `{key}` in {}; see `fleet keys`", path.display()));
            }
        }
    }

    /// A value that must be there; an error is recorded and the type's default returned if it is not.
    pub fn require<T: FromStr + Default>(&mut self, name: &str) -> T
    where
        T::Err: Display,
    {
        match self.text(name) {
            Some(text) if !text.is_empty() => self.parse(name, &text),
            _ => {
                self.errors
                    .push(format!("`{name}` is not set; set {} or the key in the file", variable(name)));
                T::default()
            }
        }
    }

    /// A value with a default.
    pub fn value<T: FromStr + Default>(&mut self, name: &str) -> T
    where
        T::Err: Display,
    {
        let text = self.text(name).unwrap_or_default();
        self.parse(name, &text)
    }

    /// A value that may be empty.
    pub fn maybe<T: FromStr + Default>(&mut self, name: &str) -> Option<T>
    where
        T::Err: Display,
    {
        match self.text(name) {
            Some(text) if !text.is_empty() => Some(self.parse(name, &text)),
            _ => None,
        }
    }

    /// Records an error that a section found by itself, once.
    pub fn refuse(&mut self, problem: String) {
        if !self.errors.contains(&problem) {
            self.errors.push(problem);
        }
    }

    /// Every error so far.
    pub fn into_errors(self) -> Vec<String> {
        self.errors
    }

    fn parse<T: FromStr + Default>(&mut self, name: &str, text: &str) -> T
    where
        T::Err: Display,
    {
        text.parse().unwrap_or_else(|error| {
            self.errors.push(match known(name).secrecy {
                Secrecy::Open => format!("`{name}` = `{text}`: {error}; correct {}", variable(name)),
                Secrecy::Secret => format!("`{name}`: {error}; correct {}", variable(name)),
            });
            T::default()
        })
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let key = known(name);
        let variable = variable(name);
        if let Some(value) = (self.lookup)(&variable) {
            return Some(value);
        }
        if key.secrecy == Secrecy::Secret {
            let twin = (self.lookup)(&format!("{variable}_FILE"))
                .or_else(|| self.file.get(&format!("{name}_file")).cloned());
            if let Some(path) = twin {
                return self.secret_file(name, &path);
            }
        }
        self.file.get(name).cloned().or_else(|| key.default.map(str::to_owned))
    }

    fn secret_file(&mut self, name: &str, path: &str) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.errors.push(format!("`{name}`: cannot read the secret file {path}: {error}"));
                None
            }
        }
    }
}

/// Where a text is no TOML, and why, without the line: it may hold a secret, and so may the parser's own message.
fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    let reason = error.message().lines().next().unwrap_or("it is no TOML");
    // What the parser quotes is from the text.
    let reason = reason.split(['`', '"', '\'']).step_by(2).collect::<Vec<_>>().join("…");
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
    format!("line {line}, column {column}: {reason}")
}

fn known(name: &str) -> &'static Key {
    KEYS.iter().find(|key| key.name == name).expect("every key that the code reads stands in KEYS")
}

fn flatten(prefix: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&key, inner, into);
            }
        }
        toml::Value::Array(items) => {
            let joined = items.iter().map(plain).collect::<Vec<_>>().join(",");
            into.insert(prefix.to_owned(), joined);
        }
        other => {
            into.insert(prefix.to_owned(), plain(other));
        }
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
