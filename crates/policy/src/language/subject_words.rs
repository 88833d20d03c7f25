//! Words by which a subject in ASCII is judged to be English or not (R19), beside those of the lexicon: here a wrong word
//! costs a flag, and there an email.

use std::{collections::HashSet, sync::LazyLock};

type Words = LazyLock<HashSet<&'static str>>;

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_ascii_whitespace().collect()
}

/// Words that English has and other languages have as often, so that they say nothing.
pub(crate) static NEUTRAL: Words = LazyLock::new(|| {
    set(
        "a am an at but can con die do en est in is la le me men no o of on or pan per pour so te to van was we won",
    )
});

/// Further English words of subjects: things that are left behind, and what an office writes about.
pub(crate) static ENGLISH: Words = LazyLock::new(|| {
    set(
        "aid airpods allergic allergy assisted backup belongings bicycle blanket bracelet briefcase cane camera charger chat \
         claimant cleaning clothing collision compliment courtesy crash crutches deactivated diaper documents driving duffel \
         earbuds earphones earring enquiries enquiry explained faq favour feedback footage fw fwd \
         gesture gloves goodwill guitar handbag headphones hearing inbox injury invoice itinerary jewellery jewelry keyboard \
         keys krw laptop lens luggage medication medicine merchant minivan necklace newsletter owed pacifier pet pets \
         phishing pickup policy pram purse re rebooked receipts recording reinstated renewal rental reopened reply \
         reversed ring scarf seniors sedan settlement shuttle stroller suitcase sunglasses survey tablet terms toddler \
         tourist toys trainers transcript trolley turned unread usd vacuum vans venti voicemail waived watch wheel",
    )
});

/// Further frequent words of other languages, without their marks.
pub(crate) static OTHER: Words = LazyLock::new(|| {
    set("hang tai xe thoai tim thay thac mac trinh vui \
         akun anda barang belum biaya bukti dihapus hilang keluhan maaf mohon sudah tidak uang aduan bayaran diluluskan \
         gamit ibinalik kinansela maraming nawawalang paumanhin po reklamo resibo sagot sakay \
         arkadas bagaj basvuru cekilen esya havalimani kart makbuz odemeniz ozur sofor surucunuz yapildi yolda \
         bagaz dotyczy kierowca lotniska oplaty opoznienie paragon pieniedzy portfel przepraszamy rachunek znaleziono \
         afgehandeld bagage dank excuses gevonden kwijt onderweg rekening u van voorwerpen wijziging \
         bagages colis compte cordialement desole facture objet perdu remboursee trajets trouve vos votre \
         abbuchung anbei beschwerde betreff ein eine erstattet gefunden gepaeck ist koffer konto mit nicht quittung \
         rechnung sie unser unsere verloren wir zum zur \
         addebito buongiorno cliente della di gentile oggetto pagamento prenotazione reclamo ricevuta scuse smarrito \
         bagagem cobranca conta corrida desculpas encontrado estorno motorista perdido recibo sobre voce \
         cancelada cargo cobro cuenta disculpas equipaje estimado factura hemos objeto pago queja reserva viajes \
         bunsilmul gogaek gisanim joesonghamnida taeksi yeongsujeung yogeum \
         fapiao huanying kehu lianxi siji shiwu tongzhi tousu wancheng yijing zhaoling \
         moushiwake okyakusama oshirase owasuremono ryoushuusho ryoushusho ryoukin torikeshi untenshu wasuremono")
});

/// Endings of words of at least [`ENDED_LETTERS_MIN`] letters that English, and Korean names such as Seolleung, have none of: German, Dutch, Spanish, Italian,
/// Portuguese, Polish, Turkish, Indonesian, Korean and Japanese.
pub(crate) const ENDINGS: &[&str] = &[
    "tung", "lung", "rung", "dung", "gung", "nung", "bung", "kung", "zung", "chung", "ungen", "keit", "heit",
    "schaft", "kosten", "betaling", "lijk", "cion", "ciones", "miento", "zione", "zioni", "cao", "coes",
    "mente", "owanie", "owany", "owana", "iego", "niniz", "siniz", "unuz", "lariniz", "alan", "kannya",
    "amnida", "imnida", "seumnida", "mashita", "masen", "kudasai", "masu",
];
/// Shorter words have such endings by chance.
pub(crate) const ENDED_LETTERS_MIN: usize = 7;
