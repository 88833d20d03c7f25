//! R14a: the language of templates.

use std::collections::BTreeMap;

use closure_policy::{
    rulebook::{CompiledRulebook, Rulebook, RulebookError, TemplateSource},
    template::{Template, TemplateProblem, VariableProblem, find},
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
    Rulebook { templates: vec![source(text)], ..wordless() }.compile().expect("the template is sound")
}

/// The defaults, for templates whose few words are beside the point.
fn wordless() -> Rulebook {
    let mut rules = Rulebook::default();
    rules.sms.template_letters_min = 0;
    rules
}

fn problems(text: &str) -> Vec<TemplateProblem> {
    let rulebook = Rulebook { templates: vec![source(text)], ..wordless() };
    let errors = rulebook.validate().expect_err("the template is not sound");
    errors
        .into_iter()
        .map(|error| match error {
            RulebookError::Template { problem, .. } => problem,
            RulebookError::Setting { key, .. } => panic!("{key} is sound"),
            RulebookError::Frame { language, .. } => panic!("the frame {language} is sound"),
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
fn every_fault_of_the_syntax_is_found_and_the_rest_is_still_looked_at() {
    assert_eq!(
        problems("{ a} {B:digits:3} {c:words:3} {d:digits:2}{e:digits:2}"),
        [
            TemplateProblem::Variable(1),
            TemplateProblem::Variable(2),
            TemplateProblem::Class(3),
            TemplateProblem::Adjacent(1, 2),
            TemplateProblem::Brand
        ]
    );
}

#[test]
fn carriers_take_three_variables_and_want_words_of_the_templates_own() {
    let four = "[K.ride] {a:digits:1} {b:digits:1} {c:digits:1} {d:digits:1}";
    assert_eq!(problems(four), [TemplateProblem::TooMany { variables: 4, max: 3 }]);
    let rules = Rulebook::default();
    assert_eq!(
        Template::compile(&source("[K.ride] {a:text:100}"), &rules),
        Err(vec![TemplateProblem::Letters { letters: 5, min: 10 }])
    );
}

#[test]
fn of_several_templates_the_most_literal_is_used_and_the_others_are_named() {
    let open = source("[K.ride] Your trip {a:text:20}.");
    let close =
        TemplateSource { name: "close".to_owned(), ..source("[K.ride] Your trip {a:alnum:9} is done.") };
    let (rulebook, unsound) = compiled("[K.ride]").with_templates(&[open, close]);
    assert_eq!(unsound, []);
    let instance = find(rulebook.templates(), "[K.ride] Your trip B2 is done.").expect("it is one of both");
    assert_eq!((instance.template.name.as_str(), instance.values["a"].as_str()), ("close", "B2"));
    assert_eq!(instance.also.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["t"]);
}

#[test]
fn an_unsound_stored_template_takes_no_other_with_it() {
    let bad = TemplateSource { name: "bad".to_owned(), ..source("no brand word here") };
    let (rulebook, unsound) = compiled("[K.ride]").with_templates(&[bad, source("[K.ride] Good.")]);
    assert_eq!(rulebook.templates().iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["t"]);
    assert_eq!(unsound.len(), 1);
}

#[test]
fn two_editions_need_two_versions_and_a_validity_must_last() {
    let twice = Rulebook { templates: vec![source("[K.ride]"), source("[K.ride]")], ..wordless() };
    assert!(matches!(
        twice.validate().expect_err("the same version twice").as_slice(),
        [RulebookError::Template { problem: TemplateProblem::Duplicate, .. }]
    ));
    let at = crate::support::NOW;
    let over = TemplateSource { valid_from: Some(at), valid_until: Some(at), ..source("[K.ride]") };
    let rulebook = Rulebook { templates: vec![over], ..wordless() };
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
