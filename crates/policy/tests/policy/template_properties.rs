//! R14a for every template and every text: what is rendered matches, and nothing else does.

use std::collections::BTreeMap;

use closure_policy::{
    rulebook::{Rulebook, TemplateSource},
    template::{Template, Variable, VariableClass},
};
use proptest::{prelude::*, sample::select};
use regex::Regex;

const CLASSES: [&str; 7] = ["digits", "alnum", "text", "date", "time", "money", "phone"];

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() }
}

fn source(text: String) -> TemplateSource {
    TemplateSource {
        name: "t".to_owned(),
        version: 1,
        country_code: 84,
        text,
        approved: true,
        valid_from: None,
        valid_until: None,
    }
}

fn compiled(text: &str) -> Template {
    let mut rules = Rulebook::default();
    rules.sms.template_letters_min = 0;
    Template::compile(&source(text.to_owned()), &rules).expect("the template is sound")
}

/// A template's own words and its variables: `[K.ride]`, a variable, a literal, and so on.
fn templates() -> impl Strategy<Value = Template> {
    let literal = select(vec!["a", "ab", "aab", ", ", " b-", ".a.", "{{", "가", "x "]);
    prop::collection::vec((select(CLASSES.to_vec()), 1_usize..8, literal), 1..=3).prop_map(|parts| {
        let parts: String = parts
            .iter()
            .enumerate()
            .map(|(index, (class, max, literal))| format!("{{v{index}:{class}:{max}}}{literal}"))
            .collect();
        compiled(&format!("[K.ride]<{parts}>"))
    })
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9]{1,6}", "[ab0-9]{1,4}", "[0-9:.,/+-]{1,5}", "[ab ,.가x-]{1,7}"]
}

fn with_values(template: &Template, values: &[String]) -> BTreeMap<String, String> {
    template.variables().zip(values).map(|(variable, value)| (variable.name.clone(), value.clone())).collect()
}

/// The same template as a regular expression of somebody else's engine: each value the shortest one.
fn expression(template: &str) -> Regex {
    let mut pattern = String::from("^");
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        pattern.push_str(&regex::escape(literal));
        let (inside, after) = after.split_once('}').expect("a variable ends");
        let fields: Vec<&str> = inside.split(':').collect();
        let class = match fields[1] {
            "digits" => "[0-9]",
            "alnum" => "[0-9A-Za-z]",
            other => panic!("{other} is not compared"),
        };
        pattern.push_str(&format!("({class}{{1,{}}}?)", fields[2]));
        rest = after;
    }
    Regex::new(&format!("{pattern}{}$", regex::escape(rest))).expect("the pattern is sound")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_rendering_is_an_instance_with_the_same_values(
        template in templates(), values in prop::collection::vec(value(), 3),
    ) {
        let values = with_values(&template, &values);
        if let Ok(text) = template.render(&values) {
            prop_assert_eq!(template.matches(&text), Ok(values));
            prop_assert!(text.len() <= template.bytes_max());
        }
    }

    #[test]
    fn every_instance_is_a_rendering_of_its_values(template in templates(), text in "[ab0-9,. <>{가x-]{0,24}") {
        let text = format!("[K.ride]<{text}>");
        if let Ok(values) = template.matches(&text) {
            prop_assert_eq!(template.render(&values), Ok(text));
        }
    }

    #[test]
    fn one_edit_in_a_literal_is_never_an_instance(
        at in 0_usize..100, new in any::<char>(), edit in 0_u8..3, item in "[0-9]{3}",
    ) {
        let template = compiled("[K.ride] Your trip {item:digits:3} of today is over.");
        let values = BTreeMap::from([("item".to_owned(), item)]);
        let mut characters: Vec<char> = template.render(&values).expect("the value fits").chars().collect();
        let at = at % characters.len();
        // Between the value's neighbours lies the value, which may change.
        if !(19..=22).contains(&at) && characters[at] != new {
            match edit {
                0 => characters[at] = new,
                1 => { characters.remove(at); }
                _ => characters.insert(at, new),
            }
            let changed: String = characters.into_iter().collect();
            prop_assert!(template.matches(&changed).is_err(), "{}", changed);
        }
    }

    #[test]
    fn an_unfit_value_is_never_an_instance(
        class in select(CLASSES.to_vec()), fault in 0_u8..4, fit in "[0-9]{1,5}",
    ) {
        let template = compiled(&format!("[K.ride] <{{v:{class}:5}}>"));
        let bad = match fault {
            0 => String::new(),
            1 => "1".repeat(6),
            2 => format!("{fit}\n"),
            _ => format!("{fit}★"),
        };
        let around = |value: &str| format!("[K.ride] <{value}>");
        prop_assert!(template.matches(&around(&bad)).is_err());
        prop_assert!(template.render(&BTreeMap::from([("v".to_owned(), bad)])).is_err());
        prop_assert!(template.matches(&around(&fit)).is_ok());
    }

    #[test]
    fn another_engine_reads_the_same_values(
        classes in prop::collection::vec((select(vec!["digits", "alnum"]), 1_usize..5), 1..=3),
        literals in prop::collection::vec(select(vec!["a", "1", "ab", "1a1", "-", "aa"]), 3),
        text in "[ab1-]{0,14}",
    ) {
        let parts: String = classes
            .iter()
            .zip(&literals)
            .enumerate()
            .map(|(index, ((class, max), literal))| format!("{{v{index}:{class}:{max}}}{literal}"))
            .collect();
        let written = format!("[K.ride]<{parts}");
        let (template, expression) = (compiled(&written), expression(&written));
        let text = format!("[K.ride]<{text}");
        // Ours reads each value up to the first literal alone, so that it may refuse what an engine that goes back
        // would take; what it takes, the other one takes with the same values.
        if let Ok(values) = template.matches(&text) {
            let captures = expression.captures(&text).expect("the other engine takes it as well");
            let others = captures.iter().skip(1).flatten().map(|one| one.as_str());
            prop_assert!(values.values().map(String::as_str).eq(others));
        } else if let Some(captures) = expression.captures(&text) {
            let values = captures.iter().skip(1).flatten().map(|one| one.as_str().to_owned()).collect::<Vec<_>>();
            prop_assert!(template.render(&with_values(&template, &values)).is_err(), "{} is refused", text);
        }
    }

    #[test]
    fn any_text_is_a_template_or_tells_its_problems(text in any_template()) {
        let rules = Rulebook::default();
        match Template::compile(&source(text), &rules) {
            Ok(template) => {
                prop_assert!(template.bytes_max() <= rules.sms.near_limit_bytes);
                prop_assert!(template.variables().count() <= rules.sms.template_variables_max);
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}

fn any_template() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[{}:a-z0-9 .K]{0,60}",
        "(\\[K.ride\\] Hello there|\\{[a-c]:(digits|text|url|words):[0-9]{1,3}\\}|\\{\\{|\\}|, ){0,8}",
    ]
}

#[test]
fn a_variable_tells_its_class_and_its_length() {
    let template = compiled("[K.ride] {a:money:4}");
    let told: Vec<&Variable> = template.variables().collect();
    assert_eq!((told[0].class, told[0].chars_max), (VariableClass::Money, 4));
}
