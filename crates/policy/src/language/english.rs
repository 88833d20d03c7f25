//! Whether a subject in ASCII reads as English (R19): a language written without its marks passes as letters.
//!
//! It is a flag, never a refusal: names, places and codes are in no word list. How often it errs stands in
//! docs/decisions/subject-english-or-not.md.

use super::{
    lexicon,
    subject_words::{ENDED_LETTERS_MIN, ENDINGS, ENGLISH, NEUTRAL, OTHER},
};

/// So many words of which few are English are another language, whatever they are, unless they are a name's with capitals.
const UNKNOWN_WORDS_MIN: usize = 2;
/// So many words with capitals of which none is English are no name either.
const UNKNOWN_NAMES_MIN: usize = 4;

/// Whether a subject reads as another language than English: more of its words are frequent there, or none is English.
pub(crate) fn reads_as_another_language(subject: &str) -> bool {
    let (mut english, mut other, mut unknown, mut small) = (0, 0, 0, 0);
    for piece in subject.split_ascii_whitespace() {
        // A brand such as K.ride stays whole, and is no word.
        let word = piece.trim_matches(|one: char| !one.is_ascii_alphabetic());
        let lower = word.to_ascii_lowercase();
        if lower.len() < 2 || !lower.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'\'') {
            continue;
        }
        if NEUTRAL.contains(lower.as_str()) {
            continue;
        }
        if is_other(&lower) {
            other += 1;
        } else if is_english(&lower) {
            english += 1;
        } else {
            unknown += 1;
            small += usize::from(word.starts_with(|first: char| first.is_ascii_lowercase()));
        }
    }
    let few_english = small > english && unknown > 2 * english;
    let nothing_english = english == 0 && unknown >= UNKNOWN_NAMES_MIN;
    let as_much_other = other > 0 && other == english && small > 0;
    unknown >= UNKNOWN_WORDS_MIN && (few_english || nothing_english) || other > english || as_much_other
}

fn is_english(word: &str) -> bool {
    let owner = word.strip_suffix("'s").unwrap_or(word);
    ENGLISH.contains(owner) || lexicon::is_english(word)
}

/// Whether a word is a frequent one of another language, or ends as words of others do and no English one.
fn is_other(word: &str) -> bool {
    let ended = || word.len() >= ENDED_LETTERS_MIN && ENDINGS.iter().any(|ending| word.ends_with(ending));
    OTHER.contains(word) || lexicon::is_other(word) || ended() && !is_english(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_ANOTHER_LANGUAGE: &[&str] = &[
        "Phan hoi ve yeu cau hoan tien",
        "Tra loi khieu nai cua quy khach",
        "Hoan tien chuyen xe 1234",
        "Re: Xin chao quy khach",
        "Pengembalian dana Anda",
        "Jawaban untuk pertanyaan Anda",
        "Respuesta a su consulta",
        "Reembolso del viaje",
        "Votre demande de remboursement",
        "Antwort auf Ihre Anfrage",
        "Risposta alla richiesta",
        "Sua viagem foi cancelada",
        "K.ride hwanbul annae",
        "Munui dapbyeon",
        "Henkin ni tsuite",
        "Guanyu tuikuan",
        "Salamat, K.ride",
        "Iade talebiniz hakkinda",
        "Yolculugunuz iptal edildi",
        "Sikayetinize yanit",
        "Kayip esya bildirimi",
        "Odemeniz alindi",
        "Odpowiedz na reklamacje",
        "Zwrot srodkow za przejazd",
        "Panstwa zamowienie zostalo anulowane",
        "Zgubiony telefon zostal znaleziony",
        "Potwierdzenie rezerwacji",
        "Antwoord op uw vraag",
        "Terugbetaling van uw rit",
        "Uw rit is geannuleerd",
        "Verloren voorwerp gevonden",
        "Betreft: uw klacht",
        "Odpoved na vasi reklamaci",
        "Svar pa din fraga",
        "Vastaus kysymykseesi",
        "Valasz az On kerdesere",
        "Raspuns la intrebarea dumneavoastra",
    ];

    const IN_ENGLISH: &[&str] = &[
        "Your inquiry to K.ride",
        "Your refund (#1234)",
        "Refund",
        "K.ride",
        "Re: Refund request",
        "RE: FW: [K.ride] 20261122-000042",
        "Trip to La Guardia cancelled",
        "Ride from Da Nang to Hoi An: your receipt",
        "Lost item",
        "We have refunded KRW 12,000",
        "Thank you for riding with Kakao T",
        "Dan's question about the fare",
        "Coupon expired",
        "12:30 Incheon Airport T2",
        "Gangnam Itaewon",
        "Refund is over limit",
        "Lost phone found",
        "Late fee waived",
        "Van ride to Busan",
        "Myeongdong to Gimpo",
        "Jean-Luc's suitcase",
        "Goodwill gesture",
        "KRW 12,000 refunded",
        "Invoice 2026-11",
        "FAQ",
        "Dein Park Hotel pickup",
    ];

    #[test]
    fn another_language_without_its_marks_is_seen_and_english_names_and_codes_are_not() {
        for subject in IN_ANOTHER_LANGUAGE {
            assert!(reads_as_another_language(subject), "{subject}");
        }
        for subject in IN_ENGLISH {
            assert!(!reads_as_another_language(subject), "{subject}");
        }
    }
}
