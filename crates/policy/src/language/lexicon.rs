//! Words by which a text in Latin letters is judged: whether it says something, is a name, a loan word or a greeting
//! (R14b), and whether it is English (R19).

use std::{collections::HashSet, sync::LazyLock};

type Words = LazyLock<HashSet<&'static str>>;

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split_ascii_whitespace().collect()
}

/// Words that stand in Chinese answers as they are: names of things and of payment, units.
pub(crate) static LOAN_WORDS: Words = LazyLock::new(|| {
    set(
        "alipay am android app apple apps arex atm e-mail email esim facebook google gps id instagram ios iphone jcb \
         kakaotalk kg km ktx line mastercard min no ok pay paypal pdf pin play pm pos qr sim store t-money taxi tmoney \
         uber unionpay vip visa wechat whatsapp wi-fi wifi",
    )
});

/// Currencies and what else stands beside a number; they are no words of their own.
pub(crate) static UNITS: Words = LazyLock::new(|| {
    set(
        "am aud cad chf cny eur gbp hkd idr inr jpy kg km krw min mop myr php pm rmb sgd thb twd usd vnd won yen",
    )
});

/// Words of a greeting, which says nothing about the answer.
pub(crate) static COURTESY: Words = LazyLock::new(|| {
    set(
        "a afternoon again all and appreciated best bye care cheers choosing customer day dear evening for good great have hello hi \
         korea many miss mr mrs ms much my our pleasure service support take team there to waiting patience understanding cooperation contacting wish wishes you're \
         inconvenience kind kindest lot madam morning nice regards riding safe sincerely sir so sorry thank \
         thanks the travels using very warm welcome with yours you your see soon trip",
    )
});

/// Of these a greeting has one at least.
static GREETINGS: Words = LazyLock::new(|| {
    set(
        "afternoon best bye day dear evening hello hi inconvenience morning regards see sincerely sorry thank thanks \
         trip welcome",
    )
});

/// Words that hold an English sentence together; no name of a place or person has them.
pub(crate) static FUNCTION_WORDS: Words = LazyLock::new(|| {
    set(
        "a about after again although an any are as at be because been before being but by can cannot could did do \
         does don't during each every for from had has have he her here him his how i if in into is isn't it it's its \
         just may me might more must my never not now of off on only onto or our out over own please shall she should \
         since so some still such than that their them then there they this those though through to too toward under \
         unless until upon us very was wasn't we were what when where whether which while who why will with within \
         without won't would yet you your",
    )
});

/// Lower-case words inside names, such as the one of Bank of China.
pub(crate) const CONNECTORS: &[&str] = &["and", "at", "by", "de", "of", "the"];

/// Words of which answers consist; a clause of one such word alone is an answer.
static ANSWER_WORDS: Words = LazyLock::new(|| {
    set(
        "account answer available bag booking cancel cancellation card charge check complaint contact driver fee \
         item lost payment phone refund reservation toll trip",
    )
});

/// What is said of something; two words of which one is such are an answer.
static PREDICATES: Words = LazyLock::new(|| {
    set(
        "accepted accident applied apply approved arrived arrive awaiting began blocked bought broke broken brought \
         canceled cancelled cannot caught charged checked chose closed complete completed confirmed corrected \
         declined delayed denied done drove expired fail failed failing found gave given gone got granted handed held \
         hurt impossible included invalid kept late left made missed missing moved nothing overcharged paid pending \
         possible processed processing provided ready received refunded refused rejected resolved returned ruined \
         sent shortly shut sold solved spent stolen success successful suspended taken today tomorrow tonight took unable unavailable underway \
         unfortunately unpaid went withdrawn wrong yesterday",
    )
});

/// Nouns that end or begin the names of places, shops and organisations.
static PLACES: Words = LazyLock::new(|| {
    set(
        "academy airport airlines arena avenue bank bay beach boulevard branch bridge building cafe campus casino \
         castle cathedral center centre church cinema city clinic club college complex condo convention counter \
         courtyard department district dormitory embassy exit factory floor forest gallery garden gardens gate \
         guesthouse hall harbor hospital hostel hotel house inn intercontinental island lake lobby lodge lounge mall \
         market mart mosque motel mountain museum office outlet outlets palace park pension pier plaza port \
         residence residences resort restaurant river road school shop square stadium station store street studio suites \
         supermarket temple terminal theater theatre tower university valley village villa villas wharf world zoo",
    )
});

/// Expressions of several words that stand in Chinese answers as they are.
pub(crate) const PHRASES: &[&str] = &[
    "american express",
    "customer center",
    "customer service center",
    "face id",
    "information center",
    "add on",
    "apple pay",
    "boarding pass",
    "business class",
    "check in",
    "check out",
    "credit card",
    "debit card",
    "drop off",
    "duty free",
    "lost and found",
    "lost found",
    "lost property",
    "lost property office",
    "no show",
    "pick up",
    "self check in",
    "tax free",
    "tax refund",
];

/// Other ordinary words of answers, without their endings.
static ORDINARY: Words = LazyLock::new(|| {
    set(
        "above accept accident access according accurate across action actual add address adjust administrator \
         advance advice afraid agent ago agree ahead air alcohol allow almost alone already also always amount \
         announce another anyone anything anyway apologise apologize apology appear application apply appreciate \
         approach approve area around arrange arrival ask assign assist assistance attach attempt attention attitude \
         authority automatic average avoid await away baby back backpack bad baggage balance bank base basic battery \
         become begin behavior behind believe belong below benefit between big bill bit block book both bottom \
         box brand break breakdown bring budget bus business busy button buy cab call camera capacity car careful \
         carrier carry case cash catch cause center certain chair chance change cheap child children choose circumstance \
         claim class clean clear click close clothes coat code cold collect color come comment common company compare \
         compensate compensation complain complete computer concern condition confirm confirmation connect consider \
         continue control cost country coupon cover crash create credit currency current cut daily damage danger \
         dark data date day deal debit decide decision decline deduct deduction delay delete deliver delivery demand \
         departure deposit describe desk destination detail detect determine device difference different difficult \
         direct direction dirty disability disagree discount discover dispatch dispute distance document dollar door \
         double down drink drive drop due duplicate duration duty earlier early earn eat edit effect either electric \
         elevator else emergency employee empty end enjoy enough enter entire entrance error estimate even event \
         evidence exact example except excess exchange exist expect expense expensive explain express extend extra eye \
         face fact fair fall family far fare fast fault favor feature feel few file fill final fine finish first fit \
         fix flat flight follow food forget form forward four free friday friend front fuel full fund further future \
         general get gift give glad glasses go goods grant group guarantee guest guide half hand handle happen happy \
         hard heavy help high highway hire hold holiday hope hour however huge hundred hurry idea identity illegal \
         immediate important improve incident increase incorrect individual inform information inquiry inside inspect \
         instead insurance insure intend interest internal international investigate investigation invoice issue jacket \
         jam job join journey keep key kind know lack lane language laptop large last later law leave leather left legal \
         less let letter level licence license limit list little local locate location lock long look lose loss lot \
         low luck lucky luggage made mail main maintain make malfunction man manage manager manual many map mark \
         maximum mean medical meet member membership mention message meter method mid mileage minimum minute \
         miss mistake mobile model modify moment monday money month morning most motion move much multiple name near \
         nearby necessary need neither network new next night nobody none noon normal note notice notify \
         number obtain occupied occur offer offline often old once one online open operate operation operator option \
         order original other otherwise outside overdue overseas owner pack page paper park part partial party \
         passenger passport password past pay penalty people per percent perhaps period permit person pet photo pick \
         pickup picture piece place plan plate point police policy poor position post premium prepare present \
         press prevent previous price print prior priority privacy private probable problem procedure proceed process \
         profile promise promotion proof property protect prove provide public pull purchase purpose push put quality \
         quarter question queue quick quiet quite rain rate rather reach read ready real reason reassign receipt receive \
         recent recognise recognize recommend record recover reduce refer reference refuse regard register registration \
         regret regular regulation reimburse reimbursement reject relate release remain remember remind remove renew \
         rent repair repeat replace reply report request require reschedule reserve resolve response responsible rest \
         restore restrict result resume retry return review reward ride rider right risk road room route rude rule run \
         safety same saturday save say scan schedule seat second section security seem select send separate serious \
         serve service set settle several share ship short show side sign signal similar simple single situation size \
         skip sleep slow small smell smoke snow someone something sometimes soon sort sound south space speak special \
         specific speed spend staff stage stand start state statement status stay steal step stop storm story \
         straight strong submit subway succeed sudden suggest suitcase sum sunday support suppose surcharge sure \
         surprise suspend switch system take talk target tax team technical telephone tell temporary ten terms test \
         thing think third three throughout thursday ticket tight time tip tire together top \
         total touch tour town track traffic train transaction transfer translate transport travel trouble true \
         trunk trust try tuesday tunnel turn twenty twice two type umbrella understand unfortunate unit unknown unlock \
         unpaid unsafe unsuccessful update upgrade upset urgent usage use usual vacant validate value van vehicle \
         verification verify version via view violate violation visit voucher vomit wait walk wallet want warn wash \
         watch water way weather website wednesday week weekend weight wheelchair whole wide window wish withdraw \
         woman word work worry wrong year yes young zero nope noted",
    )
});

/// Frequent words of other languages that no English subject has, as they are written without marks: Vietnamese,
/// Indonesian and Malay, Spanish and Portuguese, French, German, Dutch, Italian, Turkish, Polish, Czech, Swedish and
/// Danish, Tagalog, and Korean, Japanese and Chinese in Latin letters.
pub(crate) static OTHER: Words = LazyLock::new(|| {
    set(
        "cau chao chung chuyen cua duoc giao hoan hoi huy khach khieu khong lac lien nai phan quy thanh thong \
         tien toan tra xin yeu anda balasan dan dana jawaban kasih maklum mengenai pembatalan pembayaran ditolak \
         pengembalian perjalanan permintaan pertanyaan pesanan telah tentang terima untuk yang cancelado \
         consulta del el gracias las los obrigado para pedido pregunta reembolso resposta respuesta seu sobre banco \
         solicitud su sua viagem viaje annulation concernant demande les merci pour remboursement reponse banque \
         trajet une votre anfrage antwort das der erstattung rueckerstattung ruckerstattung wurde abgelehnt fahrt fuer \
         ihr ihre stornierung und vielen corsa della grazie il richiesta rimborso risposta vostra annullato banca \
         ang bayad inyong iyong salamat tungkol annae annyeong chwiso daehan dapbyeon gamsahamnida hwanbul munui \
         yeyak arigatou gozaimasu henkin kaitou kyanseru toiawase tsuite yoyaku dingdan guanyu huifu nin tuikuan \
         xiexie \
         bildirimi bilgi bilgilendirme cevap degisiklik duyuru fatura hakkinda hesabiniz hizmet iade iadesi icin \
         ile iptal kayip islem merhaba musteri onay onaylandi odeme rezervasyon rezervasyonunuz sayin sikayet sikayetiniz \
         sikayetinize sizin siparis sorunuz sorunuza surucu talebi talebiniz talebinize tamamlandi tarafindan \
         tesekkurler ucret ucreti ve yanit yaniti yolculuk yolculugunuz yolculugunuzun \
         anulowana anulowanie anulowano czy dla dotyczaca dotyczace dotyczacy dziekujemy faktura jest klienta \
         kwota nie odpowiedz oplata panska panskie panstwa panstwo platnosc podroz potwierdzenie przejazd przejazdu \
         przyjelismy pytanie reklamacja reklamacje reklamacji rezerwacja rezerwacji sie sprawie twoja twoje twojego \
         twoj twojej witamy wniosek zakonczony zamowienie zamowienia zapytanie zgloszenie zgubiony zgubione zostal \
         zostala zostalo zwrot zwrotu \
         aanvraag aanvragen annulering antwoord bedankt beste bestelling betaling betreft bevestiging dat een en \
         factuur geannuleerd gevonden geen hebben hartelijk het inzake klacht klant naar niet onze  \
         reactie reis reservering rit ritten teruggave terugbetaald terugbetaling uw vergoeding verloren verzoek \
         voor voorwerp vraag wij zijn \
         dekujeme dotaz jizda jizdy odpoved platba potvrzeni reklamace rezervace vase vaseho vraceni vas zruseni \
         angaende aterbetalning avbokning bekraftelse bestallning betalning ditt forfragan och om resa svar tack \
         vedrorende tilbagebetaling tak kvittering bestilling afbestilling foresporgsel",
    )
});

/// Whether a word has its place in English sentences alone.
pub(crate) fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(word)
}

/// Whether a word says something of something: one of the list, or a verb's form in -ed or -ing.
pub(crate) fn is_predicate(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "banking",
        "beijing",
        "boarding",
        "booking",
        "boeing",
        "building",
        "camping",
        "cheongdam",
        "chongqing",
        "dining",
        "evening",
        "landing",
        "limited",
        "morning",
        "nanjing",
        "parking",
        "shopping",
        "united",
        "wedding",
    ];
    let has_ending = word.len() >= 6 && (word.ends_with("ed") || word.ends_with("ing"));
    PREDICATES.contains(word) || has_ending && !NAMES.contains(&word) && is_ordinary_stem(word)
}

/// Whether a word is one of which answers consist.
pub(crate) fn is_answer(word: &str) -> bool {
    ANSWER_WORDS.contains(word) || PREDICATES.contains(word)
}

/// Whether a word is a place's, a shop's or an organisation's.
pub(crate) fn is_place(word: &str) -> bool {
    const OF_ADDRESSES: &[&str] = &["-daero", "-dong", "-eup", "-gil", "-gu", "-myeon", "-ro", "-si"];
    PLACES.contains(word.strip_suffix('s').unwrap_or(word))
        || PLACES.contains(word)
        || OF_ADDRESSES.iter().any(|ending| word.ends_with(ending))
}

/// Whether words are a greeting as a whole.
pub(crate) fn is_greeting(words: &[String]) -> bool {
    words.iter().all(|word| COURTESY.contains(word.as_str()))
        && words.iter().any(|word| GREETINGS.contains(word.as_str()))
}

/// Whether a word is an ordinary one of English.
pub(crate) fn is_ordinary(word: &str) -> bool {
    is_answer(word) || is_function_word(word) || ORDINARY.contains(word) || is_ordinary_stem(word)
}

/// Whether a word of a subject is English: an ordinary one, a greeting's, a place's, or one with an ending of verbs.
pub(crate) fn is_english(word: &str) -> bool {
    let word = word.strip_suffix("'s").unwrap_or(word);
    is_ordinary(word)
        || is_place(word)
        || COURTESY.contains(word)
        || LOAN_WORDS.contains(word)
        || CONNECTORS.contains(&word) && word != "de"
}

/// Whether a word is ordinary but for its ending.
fn is_ordinary_stem(word: &str) -> bool {
    ["s", "es", "ed", "d", "ing", "ly", "er", "ment"].into_iter().any(|ending| {
        let stem = word.strip_suffix(ending).filter(|stem| stem.len() >= 3 && stem.is_ascii());
        stem.is_some_and(|stem| {
            let (single, last) = stem.split_at(stem.len() - 1);
            has_stem(stem) || single.ends_with(last) && has_stem(single)
        })
    })
}

fn has_stem(stem: &str) -> bool {
    let whole = format!("{stem}e");
    [stem, &whole].into_iter().any(|word| ORDINARY.contains(word) || ANSWER_WORDS.contains(word))
}

/// Whether a word is a frequent one of another language than English.
pub(crate) fn is_other(word: &str) -> bool {
    OTHER.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_stands_in_a_list_that_another_list_makes_idle() {
        let idle = |list: &Words, covered: &[&Words]| {
            let words = list.iter().filter(|word| covered.iter().any(|other| other.contains(*word)));
            words.copied().collect::<Vec<&str>>()
        };
        assert_eq!(idle(&ANSWER_WORDS, &[&PREDICATES]), Vec::<&str>::new());
        assert_eq!(idle(&OTHER, &[&ORDINARY, &FUNCTION_WORDS, &ANSWER_WORDS]), Vec::<&str>::new());
    }
}
