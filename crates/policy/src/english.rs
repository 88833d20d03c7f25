//! Whether a subject in ASCII reads as English (R19): a language written without its marks passes as letters.
//!
//! It is a flag, never a refusal: names, places and codes are in no word list.

/// What the subjects of English replies are made of.
const ENGLISH: &str = "\
    a about account an and answer app are been booking by call cancellation cancelled card charge \
    complaint complete completed confirmation coupon customer driver enquiry fare fee for from has have \
    help how in inquiry invoice is issue item lost message my not notice of on order our payment please \
    problem question receipt refund regarding reply report request reservation response result ride \
    service support taxi thank thanks the this ticket to trip update was we with you your";

/// Frequent words of other languages that no English subject has, as they are written without marks: Vietnamese,
/// Indonesian and Malay, Spanish and Portuguese, French, German, Italian, Tagalog, and Korean, Japanese and Chinese in
/// Latin letters.
const OTHER: &str = "\
    cau chao chung chuyen cua duoc giao hoan hoi huy khach khieu khong lac lien nai phan quy thanh thong \
    tien toan tra xin yeu anda balasan dan dana jawaban kasih maklum mengenai pembatalan pembayaran \
    pengembalian perjalanan permintaan pertanyaan pesanan telah tentang terima untuk yang cancelado \
    consulta del el gracias las los obrigado para pedido pregunta reembolso resposta respuesta seu sobre \
    solicitud su sua viagem viaje annulation concernant demande les merci pour remboursement reponse \
    trajet une votre anfrage antwort das der erstattung fahrt fuer ihr ihre stornierung und vielen corsa \
    della grazie il richiesta rimborso risposta vostra ang bayad inyong iyong salamat tungkol annae \
    annyeong chwiso daehan dapbyeon gamsahamnida hwanbul munui yeyak arigatou gozaimasu henkin kaitou \
    kyanseru toiawase tsuite yoyaku dingdan guanyu huifu nin tuikuan xiexie";

/// Whether more of a subject's words are another language's than English.
pub(crate) fn reads_as_another_language(subject: &str) -> bool {
    let (mut english, mut other) = (0, 0);
    for word in subject.split_ascii_whitespace() {
        // A brand such as K.ride stays whole, and is no word.
        let word = word.trim_matches(|one: char| !one.is_ascii_alphabetic()).to_ascii_lowercase();
        english += usize::from(has(ENGLISH, &word));
        other += usize::from(has(OTHER, &word));
    }
    other > english
}

fn has(words: &str, wanted: &str) -> bool {
    words.split(' ').any(|word| word == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_language_without_its_marks_is_seen_and_english_names_and_codes_are_not() {
        for subject in [
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
        ] {
            assert!(reads_as_another_language(subject), "{subject}");
        }
        for subject in [
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
        ] {
            assert!(!reads_as_another_language(subject), "{subject}");
        }
    }
}
