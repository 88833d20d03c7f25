//! Korean plates and the names of Korean places, which Chinese answers have as they are (R14b).

use unicode_script::{Script, UnicodeScript};

/// Regions that stand before the number of a Korean plate.
const PLATE_REGIONS: &str = "\
    서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충북 충남 전북 전남 경북 경남 제주";

/// The syllables of Korean plates.
const PLATE_SYLLABLES: &str =
    "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자허하호배육해공국합";

/// Endings of the names of Korean places.
const PLACES: &str = "\
    역 동 구 로 길 호텔 공항 터미널 출구 타워 빌딩 병원 대학교 시장 대교 공원 백화점 성당 박물관 \
    미술관 극장 아파트 리조트 광장 마을 궁 해변 해수욕장 캠퍼스 면세점 정류장 주차장 플라자 스퀘어 \
    특별시 광역시 자치도 몰 점 운동장 경기장 체육관 대성당 미술관";

/// Names of places that end as other words do.
const KNOWN: &str = "\
    서울 부산 인천 제주 제주도 경기도 강원도 대구 대전 광주 울산 세종 수원 성남 분당 판교 강릉 경주 \
    전주 여수 강남 홍대 이태원 해운대 광화문 동대문 남대문 잠실 여의도 남산 북촌 압구정 청담 신촌 \
    코엑스 롯데월드 에버랜드 서울시 부산시 청와대 스타필드 더현대 수원화성 경복궁";

/// What an answer in Korean consists of; the name of no place has it.
const OF_ANSWERS: &str = "\
    환불 취소 완료 결제 실패 예약 확인 확정 요청 접수 처리 거절 승인 청구 요금 비용 수수료 카드 \
    계좌 금액 입금 분실 습득 보관 찾 도착 출발 배차 기사 운행 지연 불가 죄송 감사 안녕 부탁 안내 \
    고객 문의 답변 메일 문자 전화 연락 영수증 계정 정지 쿠폰 할인 포인트 추가 변경 오류 니다 세요 \
    습니 했 하였 되었 됐 됩 않 없 있 못 으로 에게 에서 까지 부터 합 해주 하지 예정 발송 반환 보상 \
    사고 주문 한도 초과 탑승 반려 인계 마감";

/// The longest names: 동대문역사문화공원역 has ten.
const PLACE_SYLLABLES_MAX: usize = 12;
/// A name that ends in a syllable that many words end in has at most this many.
const SHORT_PLACE_SYLLABLES_MAX: usize = 5;

/// Hangul that says nothing in Korean.
pub(crate) struct KoreanName {
    /// Its bytes.
    pub(crate) length: usize,
    /// Whether it is a part of a plate, which no answer is.
    pub(crate) is_plate: bool,
}

/// The hangul at `at`, if it is a part of a Korean plate or the name of a place.
pub(crate) fn plate_or_place(text: &str, at: usize) -> Option<KoreanName> {
    let rest = &text[at..];
    let length = rest.find(|one| !is_hangul(one)).unwrap_or(rest.len());
    let run = &rest[..length];
    let is_plate = is_on_plate(text, at, run) || is_before_plate(run, &rest[length..]);
    (is_plate || is_place(run)).then_some(KoreanName { length, is_plate })
}

fn is_hangul(one: char) -> bool {
    one.script() == Script::Hangul
}

fn is_gap(one: char) -> bool {
    matches!(one, ' ' | '-')
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Whether a syllable stands on a plate such as 12가 3456.
fn is_on_plate(text: &str, at: usize, run: &str) -> bool {
    let after = text[at + run.len()..].trim_start_matches(is_gap);
    run.chars().count() == 1
        && PLATE_SYLLABLES.contains(run)
        && text[..at].trim_end_matches(is_gap).ends_with(|one: char| one.is_ascii_digit())
        && digits(after) == 4
}

/// Whether a region stands before a plate, as in 서울 12바 3456.
fn is_before_plate(run: &str, after: &str) -> bool {
    let plate = after.trim_start_matches(is_gap);
    PLATE_REGIONS.split_ascii_whitespace().any(|region| region == run)
        && matches!(digits(plate), 2 | 3)
        && plate[digits(plate)..].trim_start_matches(is_gap).starts_with(is_hangul)
}

fn is_place(run: &str) -> bool {
    let syllables = run.chars().count();
    let ends = |place: &str| {
        let ending = place.chars().count();
        let most =
            if ending == 1 && place != "역" { SHORT_PLACE_SYLLABLES_MAX } else { PLACE_SYLLABLES_MAX };
        run.ends_with(place) && syllables > ending && syllables <= most
    };
    KNOWN.split_ascii_whitespace().any(|known| known == run)
        || PLACES.split_ascii_whitespace().any(ends)
            && !OF_ANSWERS.split_ascii_whitespace().any(|word| run.contains(word))
}
