//! What was published under a version stays: a field may be added to it, and none is taken away or becomes another.
//!
//! `published.txt` has every field of every published schema, with its types, its words, its limits and whether it is
//! always there.
//! A field that is new is written down there as well, by which the next release is held to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

/// The folders of schemas below `docs/contract`.
const FOLDERS: [&str; 2] = ["", "printed"];
/// A schema within a schema is followed so far; none goes round in circles.
const DEPTH_MAX: usize = 30;
/// The keywords whose higher number forbids less, those whose lower number does, and those of which two differ or not.
const AT_MOST: [&str; 5] = ["maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"];
const AT_LEAST: [&str; 5] = ["minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"];
const FORMS: [&str; 5] = ["pattern", "format", "not", "multipleOf", "uniqueItems"];

/// What a schema says of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Field {
    types: BTreeSet<String>,
    words: BTreeSet<String>,
    limits: Limits,
    is_required: bool,
}

/// What else its values are held to: the values of each keyword, wherever one stands for this field.
type Limits = BTreeMap<String, BTreeSet<String>>;

/// Fields by schema and path.
type Fields = BTreeMap<String, Field>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn document(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a published document can be read");
    serde_json::from_str(&text).expect("a published document is JSON")
}

/// Every field of a schema, by the paths of its objects, lists (`[]`) and maps (`{}`).
struct Walk<'a> {
    document: &'a Value,
    fields: Fields,
}

impl Walk<'_> {
    fn see(&mut self, schema: &Value, path: &str, depth: usize) {
        assert!(depth < DEPTH_MAX, "{path} goes round in circles");
        let Some(schema) = schema.as_object() else { return };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let target = self.document.pointer(reference.trim_start_matches('#')).cloned();
            self.see(&target.expect("a reference leads somewhere"), path, depth + 1);
        }
        let field = self.fields.entry(path.to_owned()).or_default();
        field.types.extend(texts(schema.get("type")));
        field.words.extend(texts(schema.get("enum")).chain(texts(schema.get("const"))));
        for (keyword, value) in schema {
            let is_closed = keyword == "additionalProperties" && value == &Value::Bool(false);
            if is_closed || [AT_MOST, AT_LEAST, FORMS].concat().contains(&keyword.as_str()) {
                field.limits.entry(keyword.clone()).or_default().insert(value.to_string());
            }
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            for part in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
                self.see(part, path, depth + 1);
            }
        }
        for (key, mark) in [("items", "[]"), ("additionalProperties", "{}")] {
            if let Some(part) = schema.get(key).filter(|part| part.is_object()) {
                self.see(part, &format!("{path}{mark}"), depth + 1);
            }
        }
        self.see_properties(schema, path, depth);
    }

    fn see_properties(&mut self, schema: &Map<String, Value>, path: &str, depth: usize) {
        let required: BTreeSet<String> = texts(schema.get("required")).collect();
        for (name, part) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let place = format!("{path}/{name}");
            self.see(part, &place, depth + 1);
            self.fields.entry(place).or_default().is_required |= required.contains(name);
        }
    }
}

/// The texts of a keyword that has one or a list of them.
fn texts(value: Option<&Value>) -> impl Iterator<Item = String> {
    let list = match value {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    list.into_iter().filter_map(|one| one.as_str().map(str::to_owned))
}

/// The fields of all schemas as they are published now.
fn now() -> Fields {
    let contract = root().join("docs/contract");
    let mut all = Fields::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(contract.join(folder)).expect("the folder is there").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = name.strip_suffix(".schema.json") {
                let document = document(&entry.path());
                all.extend(fields(&document, &document, version));
            }
        }
    }
    let advisor = document(&contract.join("openapi.json"));
    for (path, methods) in advisor["paths"].as_object().expect("the advisor has paths") {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            for (status, response) in operation["responses"].as_object().expect("a method has answers") {
                for content in response["content"].as_object().into_iter().flat_map(Map::values) {
                    all.extend(fields(&advisor, &content["schema"], &format!("{method}:{path}:{status}")));
                }
            }
        }
    }
    all
}

fn fields(document: &Value, schema: &Value, prefix: &str) -> Fields {
    let mut walk = Walk { document, fields: Fields::new() };
    walk.see(schema, "", 0);
    walk.fields.into_iter().map(|(path, field)| (format!("{prefix} {path}/"), field)).collect()
}

fn line(path: &str, field: &Field) -> String {
    let join = |list: &BTreeSet<String>| list.iter().cloned().collect::<Vec<_>>().join("|");
    let presence = if field.is_required { "required" } else { "optional" };
    let limits = if field.limits.is_empty() {
        String::new()
    } else {
        format!("; {}", serde_json::to_string(&field.limits).expect("texts are JSON"))
    };
    format!("{path} {presence} {} = {} {limits}", join(&field.types), join(&field.words))
        .trim_end()
        .replace(" =  ;", " = ;")
}

fn read(line: &str) -> (String, Field) {
    let (head, tail) = line.split_once(" =").expect("a line has words behind an equals sign");
    let (words, limits) = tail.split_once(';').unwrap_or((tail, "{}"));
    let limits = serde_json::from_str(limits).expect("limits are JSON");
    let mut parts = head.split(' ');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (version, path, presence, types) = (part(), part(), part(), part());
    let list = |text: &str| text.trim().split('|').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    let field =
        Field { types: list(&types), words: list(words), limits, is_required: presence == "required" };
    (format!("{version} {path}"), field)
}

/// Whether whoever writes or reads by the old field can do so by the new one; what the CRM sends is asked for no more.
fn keeps(path: &str, old: &Field, new: &Field) -> bool {
    let is_sent = ["closure.sms.", "closure.email.", "closure.dial.", "closure.cancel.1"]
        .iter()
        .any(|kind| path.starts_with(kind));
    let presence =
        if is_sent { !new.is_required || old.is_required } else { new.is_required || !old.is_required };
    let types = if is_sent { old.types.is_subset(&new.types) } else { old.types == new.types };
    // Where any word was good, a list of words forbids the others; what is read may turn out to be one of a list.
    let words =
        old.words.is_subset(&new.words) && (!is_sent || !old.words.is_empty() || new.words.is_empty());
    let limits = if is_sent { allows(&new.limits, &old.limits) } else { allows(&old.limits, &new.limits) };
    presence && types && words && limits
}

/// Whether these limits allow whatever those allow.
fn allows(these: &Limits, those: &Limits) -> bool {
    these.iter().all(|(keyword, values)| {
        let Some(others) = those.get(keyword) else { return false };
        // Each form of a field may have a limit of its own: neither the tightest nor the widest becomes tighter.
        let ends = |of_two: fn(f64, f64) -> f64| [values, others].map(|values| end(values, of_two));
        let (lowest, highest) = (ends(f64::min), ends(f64::max));
        if AT_MOST.contains(&keyword.as_str()) {
            lowest[0] >= lowest[1] && highest[0] >= highest[1]
        } else if AT_LEAST.contains(&keyword.as_str()) {
            lowest[0] <= lowest[1] && highest[0] <= highest[1]
        } else {
            values.is_subset(others)
        }
    })
}

/// The lowest or the highest of the numbers among these values.
fn end(values: &BTreeSet<String>, of_two: fn(f64, f64) -> f64) -> Option<f64> {
    values.iter().filter_map(|value| value.parse().ok()).reduce(of_two)
}

#[test]
fn nothing_that_was_published_is_taken_away_or_becomes_another() {
    let file = root().join("tests/tests/typed/published.txt");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let (published, now) = (text.lines().map(read).collect::<Fields>(), now());
    let broken: Vec<String> = published
        .iter()
        .filter(|(path, old)| !now.get(*path).is_some_and(|new| keeps(path, old, new)))
        .map(|(path, old)| {
            format!(
                "{}\n    is now: {}",
                line(path, old),
                now.get(path).map_or("gone".to_owned(), |new| line(path, new))
            )
        })
        .collect();
    assert!(broken.is_empty(), "published, and broken; give it a new version:\n{}", broken.join("\n"));
    let lines: Vec<String> = now.iter().map(|(path, field)| line(path, field)).collect();
    let missing: Vec<&str> =
        lines.iter().map(String::as_str).filter(|new| !text.lines().any(|old| old == *new)).collect();
    assert!(missing.is_empty(), "new; write this into {}:\n{}", file.display(), missing.join("\n"));
}

/// Limits as lines have them.
const LONG: &str = r#"; {"maxLength":["128"]}"#;
const TWO_FORMS: &str = r#"; {"maxLength":["128","64"]}"#;
const SHORT: &str = r#"; {"maxLength":["64"]}"#;
const FROM_0: &str = r#"; {"minimum":["0"]}"#;
const FROM_1: &str = r#"; {"minimum":["1"]}"#;
const DIGITS: &str = r#"; {"pattern":["\"^[0-9]= ; +$\""]}"#;
const LETTERS: &str = r#"; {"pattern":["\"^[a-z]+$\""]}"#;
const CLOSED: &str = r#"; {"additionalProperties":["false"]}"#;

#[test]
fn a_field_that_goes_turns_or_is_asked_for_is_noticed_and_one_that_comes_is_not() {
    let field =
        |types: &str, presence: &str, words: &str| read(&format!("x / {presence} {types} = {words}")).1;
    let (sent, heard) = ("closure.sms.1 /to/", "closure.outcome.1 /code/");
    for (path, old, new, stays) in [
        (sent, ("string", "optional", ""), ("null|string", "optional", ""), true),
        (sent, ("null|string", "optional", ""), ("string", "optional", ""), false),
        (sent, ("string", "optional", ""), ("string", "required", ""), false),
        (sent, ("string", "required", ""), ("string", "optional", ""), true),
        (sent, ("string", "required", "a|b"), ("string", "required", "a"), false),
        (heard, ("string", "required", "a"), ("string", "required", "a|b"), true),
        (heard, ("string", "required", ""), ("null|string", "required", ""), false),
        (heard, ("string", "required", ""), ("string", "optional", ""), false),
        (heard, ("string", "optional", ""), ("string", "required", ""), true),
        (sent, ("string", "required", ""), ("string", "required", "a"), false),
        (heard, ("string", "required", ""), ("string", "required", "a"), true),
        (sent, ("string", "required", LONG), ("string", "required", LONG), true),
        (sent, ("string", "required", LONG), ("string", "required", SHORT), false),
        (sent, ("string", "required", ""), ("string", "required", SHORT), false),
        (sent, ("string", "required", TWO_FORMS), ("string", "required", SHORT), false),
        (sent, ("string", "required", SHORT), ("string", "required", LONG), true),
        (sent, ("string", "required", SHORT), ("string", "required", ""), true),
        (heard, ("string", "required", SHORT), ("string", "required", LONG), false),
        (heard, ("string", "required", SHORT), ("string", "required", ""), false),
        (heard, ("string", "required", LONG), ("string", "required", SHORT), true),
        (sent, ("integer", "required", FROM_0), ("integer", "required", FROM_1), false),
        (sent, ("integer", "required", FROM_1), ("integer", "required", FROM_0), true),
        (heard, ("integer", "required", FROM_1), ("integer", "required", FROM_0), false),
        (sent, ("string", "required", DIGITS), ("string", "required", LETTERS), false),
        (sent, ("string", "required", ""), ("string", "required", DIGITS), false),
        (sent, ("string", "required", DIGITS), ("string", "required", ""), true),
        (heard, ("string", "required", DIGITS), ("string", "required", LETTERS), false),
        (heard, ("string", "required", ""), ("string", "required", DIGITS), true),
        (sent, ("object", "required", ""), ("object", "required", CLOSED), false),
    ] {
        let (before, after) = (field(old.0, old.1, old.2), field(new.0, new.1, new.2));
        assert_eq!(
            read(&line("x /", &before)),
            ("x /".to_owned(), before.clone()),
            "it is written as it is read"
        );
        assert_eq!(keeps(path, &before, &after), stays, "{path}: {old:?} to {new:?}");
    }
}
