//! Which language a question asks for (RFC 9110 section 12.5.4), and what the answer says of it.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request},
    http::{
        HeaderMap, HeaderValue,
        header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY},
        request::Parts,
    },
    middleware::Next,
    response::Response,
};
use closure_contract::Language;

/// The language of one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked(pub(super) Language);

/// No header names more languages than this in earnest.
const RANGES_MAX: usize = 32;

impl Asked {
    /// What the headers ask for; English for whoever asks for nothing that we speak, or for nothing at all.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let ranges = headers
            .get_all(ACCEPT_LANGUAGE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .take(RANGES_MAX)
            .filter_map(range);
        let (mut named, mut any): ([Option<u16>; 2], Option<u16>) = ([None; 2], None);
        for (range, quality) in ranges {
            if range == "*" {
                any = any.max(Some(quality));
            }
            for (language, best) in Language::ALL.into_iter().zip(&mut named) {
                if is_of(range, language) {
                    *best = (*best).max(Some(quality));
                }
            }
        }
        let [english, korean] = named.map(|own| own.or(any).unwrap_or(0));
        Self(if korean > english { Language::Korean } else { Language::English })
    }
}

/// One range with its quality in thousandths; nothing where it is none.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let quality = match parts.next() {
        None => 1_000,
        Some(weight) => quality(weight)?,
    };
    Some((range, quality))
}

/// `q=0.8`: a number from 0 to 1 with at most three decimals.
fn quality(weight: &str) -> Option<u16> {
    let (name, value) = weight.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        (_, _) => None,
    }
}

/// Whether a range such as `ko` or `ko-KR` asks for this language.
fn is_of(range: &str, language: Language) -> bool {
    range.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case(language.tag()))
}

impl<State: Sync> FromRequestParts<State> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// Says of every answer in which language it is, and that the next one may be in another.
pub(super) async fn label(Asked(language): Asked, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.append(VARY, HeaderValue::from_static("Accept-Language"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&str]) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_LANGUAGE, HeaderValue::from_str(line).expect("it is a header"));
        }
        Asked::of(&headers).0.tag()
    }

    #[test]
    fn korean_is_spoken_to_whoever_prefers_it_and_english_to_everybody_else() {
        let korean = [
            "ko",
            "KO",
            "ko-KR",
            "ko-Kore-KR",
            "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7",
            "en;q=0.5, ko;q=0.8",
            "fr, ko;q=0.1",
            "ko;q=0.001",
            "*;q=0.5, en;q=0",
            "*;q=0.5, en;q=0.4",
            " ko ; q=1.000 ",
            "ko;q=1.",
            "nonsense;q=x, ko",
        ];
        let english = [
            "",
            "en",
            "en-US,en;q=0.9,ko;q=0.8",
            "fr",
            "*",
            "ko;q=0",
            "ko;q=0, *",
            "ko;q=0.000, en",
            // Who likes both alike gets the default.
            "ko, en",
            "ko;q=0.5, en;q=0.5",
            // What is nonsense asks for nothing.
            "ko;q=2",
            "ko;q=0.1234",
            "ko;q=-1",
            "ko;q=",
            "ko;level=1",
            "kok",
            "korean",
            "k-o",
            ";;;,,,;q=1",
            "q=1",
        ];
        for header in korean {
            assert_eq!(asked(&[header]), "ko", "{header}");
        }
        for header in english {
            assert_eq!(asked(&[header]), "en", "{header}");
        }
        assert_eq!(asked(&[]), "en");
        assert_eq!(asked(&["en;q=0.1", "ko"]), "ko", "several lines are one list");
        let long = format!("{}ko", "fr,".repeat(RANGES_MAX));
        assert_eq!(asked(&[&long]), "en", "nobody reads for ever");
    }

    #[test]
    fn bytes_that_are_no_text_ask_for_nothing() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_LANGUAGE, HeaderValue::from_bytes(b"\xff\xfe").expect("it is a header"));
        assert_eq!(Asked::of(&headers).0, Language::English);
        headers.append(ACCEPT_LANGUAGE, HeaderValue::from_static("ko"));
        assert_eq!(Asked::of(&headers).0, Language::Korean);
    }
}
