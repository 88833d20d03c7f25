//! R14a: the language of templates.

use std::collections::BTreeMap;

use closure_policy::{
    rulebook::{CompiledRulebook, Rulebook, RulebookError, TemplateSource},
    template::{TemplateProblem, VariableProblem},
};

fn source(text: &str) -> TemplateSource {
    TemplateSource {
        name: "t".to_owned(),
        version: 1,
        country_code: 84,
        text: text.to_owned(),
        approved: true,
        valid_from: None,
        valid_until: None,
    }
}

fn compiled(text: &str) -> CompiledRulebook {
    Rulebook { templates: vec![source(text)], ..Rulebook::default() }
        .compile()
        .expect("the template is sound")
}

fn problems(text: &str) -> Vec<TemplateProblem> {
    let rulebook = Rulebook { templates: vec![source(text)], ..Rulebook::default() };
    let errors = rulebook.validate().expect_err("the template is not sound");
    errors
        .into_iter()
        .map(|error| match error {
            RulebookError::Template { problem, .. } => problem,
            RulebookError::Setting { key, .. } => panic!("{key} is sound"),
        })
        .collect()
}

fn values(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_is_wrong_with_a_template_is_found_when_it_is_loaded() {
    for (text, expected) in [
        ("[K.ride] {a:digits:3", TemplateProblem::Brace(9)),
        ("[K.ride] a}", TemplateProblem::Brace(10)),
        ("[K.ride] {a}", TemplateProblem::Variable(1)),
        ("[K.ride] {A:digits:3}", TemplateProblem::Variable(1)),
        ("[K.ride] {a:digits:0}", TemplateProblem::Variable(1)),
        ("[K.ride] {a:digits:301}", TemplateProblem::Variable(1)),
        ("[K.ride] {a:words:3}", TemplateProblem::Class(1)),
        ("[K.ride] {a:url:30}", TemplateProblem::Class(1)),
        ("[K.ride] {a:digits:3} {a:digits:3}", TemplateProblem::Repeated("a".to_owned())),
        ("[K.ride] {a:digits:3}{b:digits:3}", TemplateProblem::Adjacent(1, 2)),
        ("Hello {a:digits:3}", TemplateProblem::Brand),
        ("[K.ride] It’s here", TemplateProblem::Characters(11)),
        ("[K.ride] ★", TemplateProblem::Characters(9)),
        ("[K.ride] {a:text:236}", TemplateProblem::TooLong { bytes: 953, max: 950 }),
    ] {
        assert_eq!(problems(text), [expected], "{text}");
    }
}

#[test]
fn several_problems_are_found_at_once() {
    assert_eq!(
        problems("{a:digits:3}{a:digits:3}"),
        [TemplateProblem::Repeated("a".to_owned()), TemplateProblem::Adjacent(1, 2), TemplateProblem::Brand]
    );
}

#[test]
fn two_editions_need_two_versions_and_a_validity_must_last() {
    let twice = Rulebook { templates: vec![source("[K.ride]"), source("[K.ride]")], ..Rulebook::default() };
    assert!(matches!(
        twice.validate().expect_err("the same version twice").as_slice(),
        [RulebookError::Template { problem: TemplateProblem::Duplicate, .. }]
    ));
    let at = crate::support::NOW;
    let over = TemplateSource { valid_from: Some(at), valid_until: Some(at), ..source("[K.ride]") };
    let rulebook = Rulebook { templates: vec![over], ..Rulebook::default() };
    assert!(matches!(
        rulebook.validate().expect_err("it never is valid").as_slice(),
        [RulebookError::Template { problem: TemplateProblem::Validity, .. }]
    ));
}

#[test]
fn each_class_takes_its_own_characters() {
    for (class, good, bad) in [
        ("digits", vec!["1", "123456"], vec!["", "12a", "1234567", "１２", "1 2"]),
        ("alnum", vec!["A1b2"], vec!["A-1", "é", "A B"]),
        ("text", vec!["김 민수", "a.b!", "退款"], vec![" ", "a\nb", "a★", "1234567"]),
        ("date", vec!["26-1-2", "1.2.26"], vec!["---", "1 Jan"]),
        ("time", vec!["12:30"], vec![":", "12h"]),
        ("money", vec!["5,000", "1.50"], vec![",", "5 000", "$5"]),
        ("phone", vec!["+1 (2)", "01-2"], vec!["+", "1x"]),
    ] {
        let rulebook = compiled(&format!("[K.ride] <{{v:{class}:6}}>"));
        let template = rulebook.templates().first().expect("there is one template");
        for value in good {
            let text = format!("[K.ride] <{value}>");
            assert_eq!(template.matches(&text), Ok(values(&[("v", value)])), "{class} {value}");
        }
        for value in bad {
            assert!(template.matches(&format!("[K.ride] <{value}>")).is_err(), "{class} {value:?}");
        }
    }
}

#[test]
fn doubled_braces_stand_for_themselves() {
    let rulebook = compiled("[K.ride] {{{a:digits:3}}}");
    let template = rulebook.templates().first().expect("there is one template");
    assert_eq!(template.render(&values(&[("a", "12")])).as_deref(), Ok("[K.ride] {12}"));
}

#[test]
fn a_match_is_anchored_literal_and_case_sensitive() {
    let rulebook = compiled("[K.ride] Trip {trip:alnum:5} is done.");
    let template = rulebook.templates().first().expect("there is one template");
    assert!(template.matches("[K.ride] Trip A1 is done.").is_ok());
    for (text, offset) in [
        ("[K.ride] trip A1 is done.", 9),
        (" [K.ride] Trip A1 is done.", 0),
        ("[K.ride] Trip A1 is done. ", 25),
        ("[K.ride] Trip A1 is done", 16),
        ("[K.ride] Trip A1  is done.", 16),
        ("[K.ride] Trip ABCDEF is done.", 19),
        ("", 0),
    ] {
        let mismatch = template.matches(text).expect_err("it is no instance");
        assert_eq!(mismatch.offset, offset, "{text:?}: {mismatch}");
    }
}

#[test]
fn values_must_be_there_fit_and_not_swallow_what_follows() {
    let rulebook = compiled("[K.ride] {name:text:20}, thanks. {n:digits:2}");
    let template = rulebook.templates().first().expect("there is one template");
    let render = |list: &[(&str, &str)]| template.render(&values(list));
    assert_eq!(render(&[("n", "1")]), Err(VariableProblem::Missing("name".to_owned())));
    assert_eq!(render(&[("name", "a"), ("n", "1"), ("x", "1")]), Err(VariableProblem::Surplus(1)));
    assert!(matches!(render(&[("name", "a"), ("n", "123")]), Err(VariableProblem::Unfit { .. })));
    assert_eq!(
        render(&[("name", "a, thanks. 1"), ("n", "1")]),
        Err(VariableProblem::Swallows("name".to_owned()))
    );
}
