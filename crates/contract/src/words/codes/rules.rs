//! Of the rules, and of the job's own time.

use crate::words::code_words;

code_words! {
    SCOPE_MISMATCH {
        what "The choice of overseas or domestic contradicts the number's country", "선택한 해외/국내 구분이 번호의 국가와 맞지 않습니다";
        why "The agent chose overseas for a Korean number, or domestic for another; nobody guesses which one was meant", "상담사가 국내 번호에 해외를, 또는 해외 번호에 국내를 선택했습니다. 어느 쪽이 맞는지 추측하지 않습니다";
        remedy "choose the scope that the number has, then replay", "번호에 맞는 구분을 선택한 뒤 재처리하십시오";
        draft "choose the scope that the number has, and ask again", "번호에 맞는 해외/국내 구분을 선택하십시오";
        told [country_code] "The number's country code is {country_code}, which the agent's choice contradicts", "번호의 국가번호는 {country_code}이며 상담사가 선택한 구분과 다릅니다";
    }
    AMBIGUOUS_NUMBER {
        what "The number has no country code and more than one reading is valid", "국가번호가 없고 둘 이상의 번호로 해석됩니다";
        why "A guess could reach a stranger", "추측하여 보내면 다른 사람에게 갈 수 있습니다";
        remedy "add the country code of the right reading, then replay", "올바른 번호의 국가번호를 추가한 뒤 재처리하십시오";
        draft "add the country code of the right reading, and ask again", "올바른 번호의 국가번호를 추가하십시오";
    }
    INVALID_NUMBER {
        what "The number is not valid in any country", "어느 국가에서도 유효하지 않은 번호입니다";
        why "A digit is missing, too many or mistyped", "숫자가 빠졌거나, 더 있거나, 잘못 입력되었습니다";
        remedy "correct the number, then replay", "번호를 고친 뒤 재처리하십시오";
        draft "correct the number, and ask again", "번호를 고치십시오";
    }
    COUNTRY_CONTRADICTION {
        what "The country code and the number name different countries", "국가번호와 전화번호가 서로 다른 국가를 가리킵니다";
        why "One of the two fields is wrong, and nobody guesses which one", "두 항목 중 하나가 틀렸으며 어느 쪽인지 추측하지 않습니다";
        remedy "correct one of them, then replay", "둘 중 잘못된 쪽을 고친 뒤 재처리하십시오";
        draft "correct one of them, and ask again", "국가번호와 전화번호 중 잘못된 쪽을 고치십시오";
    }
    NUMBER_NOT_ALLOWED {
        what "The number is of a kind that may not be contacted", "연락할 수 없는 종류의 번호입니다";
        why "A fixed line takes no text message, and emergency and premium numbers are not contacted", "유선 번호에는 문자를 보낼 수 없으며, 긴급 번호와 유료 번호에는 연락하지 않습니다";
        remedy "use a mobile or ordinary number", "휴대전화 번호나 일반 번호를 사용하십시오";
    }
    BODY_TOO_LONG {
        what "The text is longer than the channel carries", "본문이 채널에서 보낼 수 있는 길이를 넘습니다";
        why "Every channel and gateway has its limit, and a text is never cut", "채널과 발송사마다 길이 한도가 있으며 본문을 잘라서 보내지 않습니다";
        remedy "shorten the text and publish a new job", "본문을 줄여 새 작업을 발행하십시오";
        draft "shorten its texts, and ask again", "본문을 줄이십시오";
        told [length, length_max, measure] "It has {length} {measure}, and {length_max} is the most", "{measure} 기준 {length}이며 한도는 {length_max}입니다";
    }
    BODY_EMPTY {
        what "The text is empty", "본문이 비어 있습니다";
        why "It has nothing but blanks, or no text could be made of the template", "본문이 공백뿐이거나, 템플릿으로 글을 만들지 못했습니다";
        remedy "write a text and publish a new job", "본문을 작성하여 새 작업을 발행하십시오";
        draft "write a text, and ask again", "본문을 작성하십시오";
    }
    FORBIDDEN_CHARACTERS {
        what "The text has characters that an SMS may not carry", "문자로 보낼 수 없는 글자가 본문에 있습니다";
        why "Emoji, control characters and the like are lost or changed on their way", "이모지나 제어 문자 등은 전송 중에 사라지거나 다른 글자로 바뀝니다";
        remedy "take out the listed characters and publish a new job", "표시된 글자를 빼고 새 작업을 발행하십시오";
        draft "take out the listed characters, and ask again", "표시된 글자를 빼십시오";
        told [characters] "These may not be sent: {characters}", "보낼 수 없는 글자가 있습니다: {characters}";
    }
    ATTACHMENT_NOT_SUPPORTED {
        what "An SMS carries no attachments", "문자에는 파일을 첨부할 수 없습니다";
        why "A text message carries text alone", "문자로는 글만 보낼 수 있습니다";
        remedy "send the attachment by email", "첨부 파일은 이메일로 보내십시오";
        told [attachments] "The job has {attachments} attachment(s), and a text message carries text alone", "작업에 첨부 파일이 {attachments}개 있으며, 문자로는 글만 보낼 수 있습니다";
    }
    SENDER_NOT_ALLOWED {
        what "The job asks for another sender than the registered one", "작업이 등록된 발신번호가 아닌 번호를 요청했습니다";
        why "Every text message goes out from the registered sender number", "모든 문자는 등록된 발신번호로만 보냅니다";
        remedy "leave the sender out", "작업에서 발신번호를 빼십시오";
    }
    TEMPLATE_MISMATCH {
        what "The text is not an instance of an approved template", "본문이 승인된 템플릿과 일치하지 않습니다";
        why "Vietnam's carriers pass only texts that were approved beforehand", "베트남 통신사는 미리 승인받은 문안만 전달합니다";
        remedy "use an approved template for Vietnam", "베트남으로는 승인된 템플릿을 사용하십시오";
        told [template] "The nearest template is {template}, and the text differs from it", "가장 가까운 템플릿은 {template}이며 본문이 이와 다릅니다";
    }
    TEMPLATE_UNKNOWN {
        what "The template does not exist or is not approved", "템플릿이 없거나 승인되지 않았습니다";
        why "The job names a template that was never entered, waits for its approval, or was taken back", "작업이 지정한 템플릿은 등록되지 않았거나, 승인 대기 중이거나, 철회된 템플릿입니다";
        remedy "name an approved template", "승인된 템플릿의 이름을 지정하십시오";
        told [template] "The job names the template {template}, which does not exist or is not approved", "작업이 지정한 템플릿({template})이 없거나 승인되지 않았습니다";
    }
    TEMPLATE_VARIABLES {
        what "The template's variables do not fit", "템플릿의 변수 값이 맞지 않습니다";
        why "A value is missing, one too many, or not of the form that the template gives it", "값이 빠졌거나, 남거나, 템플릿에 정한 형식과 다릅니다";
        remedy "correct the named variable and publish a new job", "표시된 변수를 고쳐 새 작업을 발행하십시오";
        draft "correct the named variable, and ask again", "표시된 변수를 고치십시오";
        told [variable] "The value of the variable `{variable}` is missing or does not fit", "변수 `{variable}`의 값이 없거나 맞지 않습니다";
    }
    SMS_SKIPPED {
        what "The configuration answers this customer by email alone", "이 고객에게는 이메일로만 답변하도록 설정되어 있습니다";
        why "To China, carriers may block a text that is not Chinese", "중국 통신사는 중국어가 아닌 문자를 차단할 수 있습니다";
        remedy "nothing: the email answers", "조치할 것이 없습니다. 이메일로 답변합니다";
    }
    SUBJECT_NOT_ENGLISH {
        what "The subject for an overseas customer is not English", "해외 고객에게 보내는 제목이 영문이 아닙니다";
        why "The operating guide asks for an English subject to overseas customers (R19)", "해외 고객에게 보내는 제목은 운영 가이드(R19)에 따라 영문이어야 합니다";
        remedy "write the subject in printable ASCII and replay", "제목을 인쇄 가능한 ASCII 문자로 작성한 뒤 재발송하십시오";
        draft "write the subject in printable ASCII, and ask again", "제목을 인쇄 가능한 ASCII 문자로 작성하십시오";
    }
    SUBJECT_INVALID {
        what "The subject is empty, too long, or has a line break", "제목이 비어 있거나 너무 길거나 줄바꿈이 들어 있습니다";
        why "A subject is one line of limited length", "제목은 정해진 길이를 넘지 않는 한 줄이어야 합니다";
        remedy "correct the subject and replay", "제목을 고친 뒤 재발송하십시오";
        draft "correct the subject, and ask again", "제목을 고치십시오";
        told [length_max, measure] "A subject is one line of at most {length_max} {measure}", "제목은 한 줄이며 {measure} 기준 한도는 {length_max}입니다";
    }
    NO_EMAIL_ADDRESS {
        what "There is no email address on file", "등록된 이메일 주소가 없습니다";
        why "An email is due, and the job brings no address", "이메일로 답변해야 하지만 작업에 주소가 없습니다";
        remedy "add the customer's address and replay", "고객의 이메일 주소를 추가한 뒤 재발송하십시오";
        draft "add the customer's address, and ask again", "고객의 이메일 주소를 추가하십시오";
    }
    INVALID_EMAIL_ADDRESS {
        what "The email address is not one", "이메일 주소의 형식이 올바르지 않습니다";
        why "A part of it is missing or mistyped", "주소의 일부가 빠졌거나 잘못 입력되었습니다";
        remedy "correct the address and replay", "이메일 주소를 고친 뒤 재발송하십시오";
        draft "correct the address, and ask again", "이메일 주소를 고치십시오";
    }
    COUNTRY_NOT_ALLOWED {
        what "The number's country is not on the list of allowed ones", "번호의 국가가 허용 국가 목록에 없습니다";
        why "The rulebook denies the country, or lists others alone", "규칙 설정(rulebook)이 이 국가를 막았거나 다른 국가만 허용합니다";
        remedy "allow the country in the rulebook, then replay", "규칙 설정(rulebook)에서 해당 국가를 허용한 뒤 재처리하십시오";
        draft "ask an operator whether the country may be allowed", "해당 국가를 허용할 수 있는지 운영 담당자에게 문의하십시오";
        told [country_code] "The rulebook allows no contact with country code {country_code}", "규칙 설정(rulebook)에서 국가번호 {country_code}의 연락을 허용하지 않습니다";
    }
    QUIET_HOURS {
        what "It is night where the customer is", "고객이 있는 곳은 지금 야간입니다";
        why "The rulebook keeps the customer's night free of texts and calls", "고객의 현지 야간에는 문자나 전화를 하지 않도록 설정되어 있습니다";
        remedy "a text: nothing, it is sent when the quiet hours end; a call: click again by day", "문자는 야간 시간이 끝나면 발송하므로 조치할 것이 없습니다. 전화는 걸지 않으므로 주간에 다시 클릭하십시오";
        told [until] "The quiet hours there last until {until}", "현지의 야간 시간은 {until}까지입니다";
    }
    SUPPRESSED {
        what "The number or address is on the suppression list", "번호나 주소가 발송 제외 목록에 있습니다";
        why "The customer asked for no messages, or a mail to the address bounced or was complained of", "고객이 수신을 거부했거나, 이 주소의 메일이 반송되었거나 스팸으로 신고되었습니다";
        remedy "use another address, or take it off the list if the customer asked for that", "다른 주소를 사용하거나, 고객이 요청한 경우 목록에서 해제하십시오";
    }
    PREFIX_CAP_REACHED {
        what "This number's neighbours were contacted as often as they may be together", "이 번호와 인접한 번호들에 대한 연락이 합산 한도에 도달했습니다";
        why "Many neighbouring numbers in a short time look like somebody who tries numbers in a row", "짧은 시간에 인접한 번호 여러 개로 연락하면 누군가 번호를 차례로 시도하는 것일 수 있습니다";
        remedy "check whether somebody tries numbers in a row, then replay or discard", "누군가 번호를 차례로 시도하고 있는지 확인한 뒤 재처리하거나 미발송으로 종결하십시오";
        draft "ask an operator whether somebody tries numbers in a row", "누군가 번호를 차례로 시도하고 있는지 운영 담당자에게 문의하십시오";
        told [contacts_max, until] "All {contacts_max} contacts with these numbers are used until {until}", "{until}까지의 한도 {contacts_max}건을 모두 사용했습니다";
    }
    ADDRESS_CAP_REACHED {
        what "This address was written to as often as it may be", "이 이메일 주소로 보낼 수 있는 한도에 도달했습니다";
        why "The cap protects the customer from a mistake that repeats itself", "같은 실수가 반복되어도 고객이 계속 받지 않도록 하는 한도입니다";
        remedy "check why it is written to so often, then replay", "이 주소로 자주 보내는 이유를 확인한 뒤 재발송하십시오";
        draft "find out why the address is written to so often", "이 주소로 자주 보내는 이유를 확인하십시오";
        told [contacts_max, until] "All {contacts_max} emails to this address are used until {until}", "{until}까지의 한도 {contacts_max}건을 모두 사용했습니다";
    }
    NUMBER_CAP_REACHED {
        what "This number was contacted as often as it may be", "이 번호로 연락할 수 있는 한도에 도달했습니다";
        why "The cap protects the customer from a mistake that repeats itself", "같은 실수가 반복되어도 고객이 계속 받지 않도록 하는 한도입니다";
        remedy "check why it is contacted so often, then replay", "이 번호로 자주 연락하는 이유를 확인한 뒤 재처리하십시오";
        draft "find out why the number is contacted so often", "이 번호로 자주 연락하는 이유를 확인하십시오";
        told [contacts_max, until] "All {contacts_max} contacts with this number are used until {until}", "{until}까지의 한도 {contacts_max}건을 모두 사용했습니다";
    }
    COUNTRY_CAP_REACHED {
        what "This country was contacted as often as it may be for now", "이 국가로 연락할 수 있는 현재 한도에 도달했습니다";
        why "The cap keeps a mistake from reaching a whole country", "실수가 한 국가의 고객 모두에게 번지지 않도록 하는 한도입니다";
        remedy "nothing: it is sent when the window ends; raise the cap if the traffic is right", "조치할 것이 없습니다. 한도 구간이 끝나면 발송합니다. 정상적인 물량이면 한도를 높이십시오";
        told [contacts_max, until] "All {contacts_max} contacts with this country are used until {until}", "{until}까지의 한도 {contacts_max}건을 모두 사용했습니다";
    }
    FLEET_CAP_REACHED {
        what "The whole fleet has sent as much as it may for now", "전체 발송이 현재 한도에 도달했습니다";
        why "The cap keeps a mistake from reaching all customers", "실수가 모든 고객에게 번지지 않도록 하는 한도입니다";
        remedy "nothing: it is sent when the window ends; raise the cap if the traffic is right", "조치할 것이 없습니다. 한도 구간이 끝나면 발송합니다. 정상적인 물량이면 한도를 높이십시오";
        told [contacts_max, until] "All {contacts_max} contacts of the fleet are used until {until}", "{until}까지의 한도 {contacts_max}건을 모두 사용했습니다";
    }
    NEVER_IN_TIME {
        what "It may not be sent before a time at which it is too late already", "보낼 수 있는 시각에는 이미 시한이 지나 있습니다";
        why "not_before is not earlier than expires_at", "not_before가 expires_at보다 이르지 않습니다";
        remedy "give a not_before that is earlier than expires_at, then replay", "not_before를 expires_at보다 이르게 고친 뒤 재처리하십시오";
        draft "give a not_before that is earlier than expires_at, and ask again", "not_before를 expires_at보다 이르게 지정하십시오";
        told [not_before, expires_at] "not_before {not_before} is not earlier than expires_at {expires_at}", "not_before({not_before})가 expires_at({expires_at})보다 이르지 않습니다";
    }
    NOT_BEFORE_TOO_FAR {
        what "Its time is further away than any job waits", "지정한 시각이 작업이 기다릴 수 있는 기간보다 멉니다";
        why "No job waits for longer than 366 days; a later time is most often a mistake", "작업은 366일까지만 기다립니다. 더 먼 시각은 대개 잘못 지정한 것입니다";
        remedy "give a not_before within 366 days, or publish it when its time is near", "not_before를 366일 이내로 지정하거나 시각이 가까워진 뒤 발행하십시오";
        draft "give a not_before within 366 days, and ask again", "not_before를 366일 이내로 지정하십시오";
    }
    SUPERSEDED {
        what "A newer revision of the consultation's answer took its place", "같은 상담의 더 높은 revision 답변이 이 답변을 대체했습니다";
        why "The CRM published a higher revision before this one was sent", "이 답변을 보내기 전에 CRM이 더 높은 revision을 발행했습니다";
        remedy "nothing: the newer one answers", "조치할 것이 없습니다. 새 답변을 발송합니다";
        told [revision] "The CRM published revision {revision} before this one was sent", "이 답변을 보내기 전에 CRM이 revision {revision} 답변을 발행했습니다";
    }
    CANCELLED {
        what "The CRM cancelled the consultation's answer", "CRM이 이 상담의 답변을 취소했습니다";
        why "The cancellation came before the answer was sent", "답변을 보내기 전에 취소 요청이 왔습니다";
        remedy "nothing: publish a newer revision if the customer is to be answered after all", "조치할 것이 없습니다. 그래도 답변해야 한다면 revision을 높여 발행하십시오";
        draft "raise consultation.revision, if the customer is to be answered after all", "그래도 답변해야 한다면 consultation.revision을 높이십시오";
    }
    EXPIRED {
        what "It was too late to send", "보낼 시한이 지났습니다";
        why "expires_at was over before it could be sent", "보내기 전에 expires_at이 지났습니다";
        remedy "decide with the customer's agent whether a new reply is due", "새로 답변할지 담당 상담사와 결정하십시오";
        draft "give a later expires_at, if an answer is still wanted", "아직 답변이 필요하면 expires_at을 더 늦은 시각으로 지정하십시오";
        told [expires_at] "It was to be sent before {expires_at}", "보낼 시한은 {expires_at}였습니다";
    }
}
