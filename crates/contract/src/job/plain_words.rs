//! What the JSON reader says of a field, in words that say what to write and name no type of this program's.

/// Takes the values out of a JSON error, which may quote a number or a text of the customer's, and says what was
/// expected as a person writes it.
pub(super) fn plain(message: &str) -> String {
    let message = without_quoted(message);
    let (message, place) = message.split_once(" at line ").unwrap_or((&message, ""));
    let said = match message.split_once(", expected ") {
        Some((found, wanted)) => {
            let wanted = form(wanted);
            match kind_of(found) {
                Some(what) => format!("{what}, expected {wanted}"),
                None => format!("it is not {wanted}"),
            }
        }
        None if is_of_an_id(message) => {
            "it is no UUID such as 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01".to_owned()
        }
        None => kind_of(message).map_or_else(|| message.to_owned(), str::to_owned),
    };
    if place.is_empty() { said } else { format!("{said} (line {place})") }
}

/// What is wrong, without the value that was found.
fn kind_of(found: &str) -> Option<&'static str> {
    [
        ("invalid type", "wrong type"),
        ("invalid value", "wrong value"),
        ("invalid length", "wrong length"),
        ("unknown variant", "unknown value"),
    ]
    .into_iter()
    .find_map(|(begins, said)| found.starts_with(begins).then_some(said))
}

/// The form that a person writes for what the reader calls by a type's name.
fn form(wanted: &str) -> &str {
    let first = wanted.split(' ').next().unwrap_or(wanted);
    match first {
        "struct" | "map" | "tuple" | "unit" | "newtype" => "an object in braces",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative and not too large",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number that is not too large",
        "f32" | "f64" => "a number",
        "str" | "string" => "a string",
        "bool" => "true or false",
        "enum" | "variant" => "one of its strings",
        _ => match wanted {
            "a map" => "an object in braces",
            "a sequence" | "an array" => "a list in brackets",
            "a boolean" => "true or false",
            "a formatted UUID string" => "a UUID such as 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01",
            _ if is_of_an_id(wanted) => "a UUID such as 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01",
            _ => wanted,
        },
    }
}

fn is_of_an_id(words: &str) -> bool {
    words.contains("UUID")
}

fn without_quoted(message: &str) -> String {
    let mut outside = String::with_capacity(message.len());
    let mut quoted = false;
    for character in message.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                outside.push('"');
            }
            _ if quoted => {}
            _ => outside.push(character),
        }
    }
    outside
}
