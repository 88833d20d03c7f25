//! The frames of mail: what stands around a reply, in the customer's language (R20).

use std::collections::BTreeSet;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context};

use crate::{
    language::tag,
    rulebook::{EmailRules, FrameSource, RulebookError},
};

/// One half of a frame has at most this many bytes.
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// The most instructions that one rendering may take, so that no loop in a frame runs for ever.
const FUEL: u64 = 10_000;
/// What a frame may name.
const VARIABLES: [&str; 4] = ["reply", "subject", "sender_name", "sender_address"];

/// The frames that the fleet ships: language, text, HTML.
const SHIPPED: [(&str, &str, &str); 6] = [
    ("en", include_str!("../../frames/en.txt"), include_str!("../../frames/en.html")),
    ("ko", include_str!("../../frames/ko.txt"), include_str!("../../frames/ko.html")),
    ("zh-Hans", include_str!("../../frames/zh-Hans.txt"), include_str!("../../frames/zh-Hans.html")),
    ("zh-Hant", include_str!("../../frames/zh-Hant.txt"), include_str!("../../frames/zh-Hant.html")),
    ("ja", include_str!("../../frames/ja.txt"), include_str!("../../frames/ja.html")),
    ("vi", include_str!("../../frames/vi.txt"), include_str!("../../frames/vi.html")),
];

/// Frames that are ready for use.
#[derive(Debug, Clone)]
pub(crate) struct MailFrames {
    environment: Environment<'static>,
    frames: Vec<Frame>,
}

#[derive(Debug, Clone)]
struct Frame {
    /// As it was written.
    language: String,
    /// As it is compared.
    canonical: String,
}

/// What goes into a frame.
pub(crate) struct Reply<'a> {
    pub(crate) text: &'a str,
    /// Safe as it stands.
    pub(crate) html: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) sender_name: &'a str,
    pub(crate) sender_address: &'a str,
}

/// A reply in its frame.
pub(crate) struct Framed {
    pub(crate) text: String,
    pub(crate) html: String,
}

/// One half of a frame, which is also the ending of its template's name: minijinja escapes by it.
#[derive(Clone, Copy)]
enum Half {
    Text,
    Html,
}

impl Half {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
        }
    }

    fn template(self, canonical: &str) -> String {
        format!("{canonical}.{}", self.name())
    }
}

impl MailFrames {
    /// The shipped frames with the rulebook's own in their place, and everything that is wrong with those.
    pub(crate) fn compile(rules: &EmailRules) -> (Self, Vec<RulebookError>) {
        let mut frames = Self { environment: environment(), frames: Vec::new() };
        let mut errors = Vec::new();
        for (language, text, html) in SHIPPED {
            let problems = frames.add(language, text, html);
            assert!(problems.is_empty(), "a shipped frame is sound: {problems:?}");
        }
        let mut seen = BTreeSet::new();
        for source in &rules.frames {
            let FrameSource { language, text, html } = source;
            if !seen.insert(tag::canonical(language)) {
                errors.push(problem(language, "language", "has a frame already; keep one of the two"));
            }
            errors.extend(frames.add(language, text, html));
        }
        let defaults = [
            ("email.default_language", &rules.default_language),
            ("email.default_language_domestic", &rules.default_language_domestic),
        ];
        for (key, default) in defaults {
            if frames.find(default).is_none() {
                let problem = "must be a language that has a frame, such as en".to_owned();
                errors.push(RulebookError::Setting { key, problem });
            }
        }
        (frames, errors)
    }

    /// The language of the best frame for a customer's language tag, if there is a frame for it.
    pub(crate) fn find(&self, asked: &str) -> Option<&str> {
        let found = tag::negotiate(asked, self.frames.iter().map(|frame| frame.canonical.as_str()))?;
        self.frames.iter().find(|frame| frame.canonical == found).map(|frame| frame.language.as_str())
    }

    /// A reply in the frame of a language that [`Self::find`] returned; nothing if the frame fails over it.
    pub(crate) fn frame(&self, language: &str, reply: &Reply<'_>) -> Option<Framed> {
        let canonical = tag::canonical(language)?;
        let half = |half| self.render(half, &canonical, reply).ok().filter(|said| !said.trim().is_empty());
        Some(Framed { text: half(Half::Text)?, html: half(Half::Html)? })
    }

    fn add(&mut self, language: &str, text: &str, html: &str) -> Vec<RulebookError> {
        let Some(canonical) = tag::canonical(language) else {
            return vec![problem(
                language,
                "language",
                "is no language tag; write one such as vi or zh-Hant",
            )];
        };
        let mut errors = Vec::new();
        for (half, source) in [(Half::Text, text), (Half::Html, html)] {
            let problems = self.compile_half(half, &canonical, source);
            errors.extend(problems.iter().map(|text| problem(language, half.name(), text)));
        }
        self.frames.retain(|frame| frame.canonical != canonical);
        self.frames.push(Frame { language: language.trim().to_owned(), canonical });
        errors
    }

    fn compile_half(&mut self, half: Half, canonical: &str, source: &str) -> Vec<String> {
        if source.len() > FRAME_BYTES_MAX {
            return vec![format!("is larger than {FRAME_BYTES_MAX} bytes; shorten it")];
        }
        let name = half.template(canonical);
        if let Err(error) = self.environment.add_template_owned(name.clone(), source.to_owned()) {
            return vec![explained(&error)];
        }
        let Ok(template) = self.environment.get_template(&name) else { return vec![] };
        let named: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
        let unknown: Vec<String> = named
            .iter()
            .filter(|variable| !VARIABLES.contains(&variable.as_str()))
            .map(|variable| format!("names `{variable}`; a frame has {}", VARIABLES.join(", ")))
            .collect();
        if unknown.is_empty() { self.probe(half, canonical) } else { unknown }
    }

    /// Renders a frame once with a reply that can be found again.
    fn probe(&self, half: Half, canonical: &str) -> Vec<String> {
        const TEXT: &str = "reply & <probe>\n\nsecond paragraph";
        const HTML: &str = "<p>reply &amp; probe</p>";
        const RAW: &str = "\"<i>&'";
        let probe = Reply {
            text: TEXT,
            html: HTML,
            subject: RAW,
            sender_name: RAW,
            sender_address: "probe@example.com",
        };
        let (marker, escaping) = match half {
            Half::Text => (TEXT, false),
            Half::Html => (HTML, true),
        };
        match self.render(half, canonical, &probe) {
            Err(error) => vec![explained(&error)],
            Ok(said) if said.matches(marker).count() != 1 => {
                vec!["must show {{ reply }} once, as it is".to_owned()]
            }
            Ok(said) if escaping && said.contains("<i>") => {
                vec!["must not take the escaping off anything; the reply needs no filter".to_owned()]
            }
            Ok(_) => Vec::new(),
        }
    }

    fn render(&self, half: Half, canonical: &str, reply: &Reply<'_>) -> Result<String, Error> {
        let said = match half {
            Half::Text => Value::from(reply.text),
            Half::Html => Value::from_safe_string(reply.html.to_owned()),
        };
        let values = context! {
            reply => said,
            subject => reply.subject,
            sender_name => reply.sender_name,
            sender_address => reply.sender_address,
        };
        self.environment.get_template(&half.template(canonical))?.render(values)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    environment
}

fn explained(error: &Error) -> String {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    match error.kind() {
        ErrorKind::OutOfFuel => format!("{line}takes too many steps; take the loop out"),
        kind => format!(
            "{line}{kind}{}; correct it",
            error.detail().map(|text| format!(": {text}")).unwrap_or_default()
        ),
    }
}

fn problem(language: &str, part: &'static str, problem: &str) -> RulebookError {
    RulebookError::Frame { language: language.to_owned(), part, problem: problem.to_owned() }
}
