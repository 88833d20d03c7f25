//! What each code means and what to do, in Korean; the English is in the table of `failure.rs`.
//!
//! One word for each thing, the same as in `docs/integration.ko.md`: 상담사 for an agent, 슈퍼바이저 for whoever settles
//! letters, 운영 담당자 for whoever runs the fleet, 발송사 for a gateway, 전송 결과 for a receipt, 데드레터 데스크, 재처리 for
//! a replay.

use super::FailureCode;

/// Declares the Korean words once for each code; a code without them does not compile.
macro_rules! korean {
    ($($variant:ident = $what:literal, $remedy:literal;)+) => {
        impl FailureCode {
            /// What is wrong, in Korean, as one sentence without its full stop.
            pub fn what_in_korean(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }

            /// What a person can do about it, in Korean, as one sentence without its full stop.
            pub fn remedy_in_korean(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

korean! {
    // The message itself.
    UnreadableBody = "본문이 JSON이 아닙니다", "content_type을 application/json으로 지정하고 UTF-8 JSON으로 발행하십시오. 원래 바이트는 보관됩니다";
    BodyTooLarge = "본문이 메시지의 최대 크기를 넘습니다", "본문의 글을 줄여 다시 발행하십시오";
    UnknownKind = "kind가 없거나 알 수 없는 값입니다", "closure.sms/1, closure.email/1, closure.dial/1, closure.cancel/1 중 하나로 발행하십시오";
    UnsupportedVersion = "kind의 주 버전이 현재 릴리스가 아는 것보다 높습니다", "워커를 업그레이드한 뒤 재처리하십시오";
    WrongShape = "필드가 없거나 형식이 올바르지 않습니다", "표시된 필드를 JSON Schema에 맞게 고쳐 다시 발행하십시오";
    WrongQueue = "메시지가 다른 kind의 라우팅 키로 들어왔습니다", "메시지의 kind에 맞는 라우팅 키로 발행하십시오";
    JobIdConflict = "같은 job_id가 다른 내용으로 이미 사용되었습니다", "새 내용에는 새 job_id를 부여하십시오. 처음 내용이 유효합니다";
    Unroutable = "라우팅 키에 해당하는 큐가 없습니다", "라우팅 키 sms, email, dial, cancel 중 하나로 발행하십시오";
    CrashLoop = "이 메시지를 처리하던 워커가 반복해서 비정상 종료되었습니다", "워커 로그에서 해당 작업을 확인한 뒤 재처리하십시오";
    MessageExpired = "워커가 가져가기 전에 메시지 자체의 expiration이 지나 만료되었습니다", "AMQP의 expiration 없이 발행하고 시한은 작업의 expires_at으로 지정하십시오. 아직 필요한 작업이면 재처리하십시오";
    OutcomeNotTaken = "CRM의 웹훅이 이 결과를 받지 않았습니다", "데드레터의 detail에서 이유를 확인하고 수신 프로그램을 고친 뒤 데드레터를 재처리하십시오. 결과의 ID는 그대로입니다";
    GivenUp = "현재 릴리스가 읽을 수 있는 메시지이지만 워커가 처리를 포기했습니다", "워커 로그에서 해당 작업을 확인한 뒤 재처리하십시오";

    // The rules.
    ScopeMismatch = "선택한 해외/국내 구분이 번호의 국가와 맞지 않습니다", "번호에 맞는 구분을 선택한 뒤 재처리하십시오";
    AmbiguousNumber = "국가번호가 없고 둘 이상의 번호로 해석됩니다", "올바른 번호의 국가번호를 추가한 뒤 재처리하십시오";
    InvalidNumber = "어느 국가에서도 유효하지 않은 번호입니다", "번호를 고친 뒤 재처리하십시오";
    CountryContradiction = "국가번호와 전화번호가 서로 다른 국가를 가리킵니다", "둘 중 잘못된 쪽을 고친 뒤 재처리하십시오";
    NumberNotAllowed = "연락할 수 없는 종류의 번호입니다", "휴대전화 번호나 일반 번호를 사용하십시오";
    BodyTooLong = "본문이 채널에서 보낼 수 있는 길이를 넘습니다", "본문을 줄여 새 작업을 발행하십시오";
    BodyEmpty = "본문이 비어 있습니다", "본문을 작성하여 새 작업을 발행하십시오";
    ForbiddenCharacters = "문자로 보낼 수 없는 글자가 본문에 있습니다", "표시된 글자를 빼고 새 작업을 발행하십시오";
    AttachmentNotSupported = "문자에는 파일을 첨부할 수 없습니다", "첨부 파일은 이메일로 보내십시오";
    SenderNotAllowed = "작업이 등록된 발신번호가 아닌 번호를 요청했습니다", "작업에서 발신번호를 빼십시오";
    TemplateMismatch = "본문이 승인된 템플릿과 일치하지 않습니다", "베트남으로는 승인된 템플릿을 사용하십시오";
    TemplateUnknown = "템플릿이 없거나 승인되지 않았습니다", "승인된 템플릿의 이름을 지정하십시오";
    TemplateVariables = "템플릿의 변수 값이 맞지 않습니다", "표시된 변수를 고쳐 새 작업을 발행하십시오";
    SmsSkipped = "이 고객에게는 이메일로만 답변하도록 설정되어 있습니다", "조치할 것이 없습니다. 이메일로 답변합니다";
    SubjectNotEnglish = "해외 고객에게 보내는 제목이 영문이 아닙니다", "제목을 인쇄 가능한 ASCII 문자로 작성한 뒤 재처리하십시오";
    SubjectInvalid = "제목이 비어 있거나 너무 길거나 줄바꿈이 들어 있습니다", "제목을 고친 뒤 재처리하십시오";
    NoEmailAddress = "등록된 이메일 주소가 없습니다", "고객의 이메일 주소를 추가한 뒤 재처리하십시오";
    InvalidEmailAddress = "이메일 주소의 형식이 올바르지 않습니다", "이메일 주소를 고친 뒤 재처리하십시오";
    CountryNotAllowed = "번호의 국가가 허용 국가 목록에 없습니다", "규칙 설정(rulebook)에서 해당 국가를 허용한 뒤 재처리하십시오";
    QuietHours = "고객이 있는 곳은 지금 야간입니다", "문자는 야간 시간이 끝나면 발송하므로 조치할 것이 없습니다. 전화는 걸지 않으므로 주간에 다시 클릭하십시오";
    Suppressed = "번호나 주소가 발송 제외 목록에 있습니다", "다른 주소를 사용하거나, 고객이 요청한 경우 목록에서 해제하십시오";
    PrefixCapReached = "이 번호와 인접한 번호들에 대한 연락이 합산 한도에 도달했습니다", "누군가 번호를 차례로 시도하고 있는지 확인한 뒤 재처리하거나 폐기하십시오";
    AddressCapReached = "이 이메일 주소로 보낼 수 있는 한도에 도달했습니다", "이 주소로 자주 보내는 이유를 확인한 뒤 재처리하십시오";
    NumberCapReached = "이 번호로 연락할 수 있는 한도에 도달했습니다", "이 번호로 자주 연락하는 이유를 확인한 뒤 재처리하십시오";
    CountryCapReached = "이 국가로 연락할 수 있는 현재 한도에 도달했습니다", "조치할 것이 없습니다. 한도 구간이 끝나면 발송합니다. 정상적인 물량이면 한도를 높이십시오";
    FleetCapReached = "전체 발송이 현재 한도에 도달했습니다", "조치할 것이 없습니다. 한도 구간이 끝나면 발송합니다. 정상적인 물량이면 한도를 높이십시오";
    NeverInTime = "보낼 수 있는 시각에는 이미 시한이 지나 있습니다", "not_before를 expires_at보다 이르게 고친 뒤 재처리하십시오";
    NotBeforeTooFar = "지정한 시각이 작업이 기다릴 수 있는 기간보다 멉니다", "not_before를 366일 이내로 지정하거나 시각이 가까워진 뒤 발행하십시오";
    Superseded = "같은 상담에 더 높은 revision의 답변이 발행되어 대체되었습니다", "조치할 것이 없습니다. 새 답변이 발송됩니다";
    Cancelled = "CRM이 이 상담의 답변을 취소했습니다", "조치할 것이 없습니다. 그래도 답변해야 한다면 revision을 높여 발행하십시오";
    Expired = "보낼 시한이 지났습니다", "새로 답변할지 담당 상담사와 결정하십시오";

    // SMS gateways.
    RecipientRejected = "발송사가 이 수신번호를 거절했습니다", "번호를 확인하십시오";
    ContentRejected = "발송사가 이 본문을 거절했습니다", "본문을 수정하십시오";
    SenderRejected = "발송사가 발신번호를 거절했습니다", "발송사에 발신번호를 등록하십시오";
    ProviderAuth = "발송사가 인증 정보나 계정을 거절했습니다", "발송사 계정과 인증 정보를 바로잡으십시오";
    ProviderQuota = "발송사 계정의 잔액이나 한도가 남아 있지 않습니다", "발송사에서 한도를 늘리십시오";
    ProviderCountryBlocked = "발송사 계정으로는 현재 이 국가에 보낼 수 없습니다", "발송사에서 해당 국가를 개통하거나 그 한도를 늘리십시오";
    ProviderThrottled = "발송사가 발송 속도를 낮추도록 요구합니다", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    ProviderUnavailable = "발송사에 연결할 수 없으며 아무것도 발송되지 않았습니다", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    ProviderFault = "발송사에서 오류가 발생했으며 발송되지 않았다고 응답했습니다", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    RequestRefused = "발송사가 요청 형식을 받아들이지 않았습니다", "시도 기록의 상세 내용과 함께 개발자에게 알리십시오";
    AnswerLost = "요청이 처리되었을 수 있으나 응답을 받지 못했습니다", "조치할 것이 없습니다. 처리 여부를 발송사에 조회합니다";
    AnswerUnreadable = "발송사의 응답을 해석할 수 없으며 요청이 처리되었을 수 있습니다", "조치할 것이 없습니다. 처리 여부를 발송사에 조회합니다";
    NotDelivered = "도착하지 않는다는 전송 결과를 받았습니다", "이메일로 답변합니다";
    ReceiptExpired = "도착하기 전에 메시지의 유효 시간이 끝났습니다", "이메일로 답변합니다";
    NoReceipt = "기한까지 전송 결과가 오지 않았습니다", "이메일로 답변합니다";

    // Email.
    MailboxRefused = "메일 서버가 수신 주소를 거절했습니다", "상세 내용에 있는 서버의 응답을 확인하고, 차단을 뜻하는 말이 없으면 고객에게 주소를 확인하십시오";
    MailDeferred = "메일 서버가 나중에 다시 보내도록 요구합니다", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    MailPolicyRefused = "메일 서버가 정책에 따라 메일을 거절했습니다", "SPF, DKIM, 차단 목록을 확인하십시오";
    MailTooLarge = "메일 서버가 메일이 너무 크다고 거절했습니다", "메일의 내용을 줄이십시오";
    MailServerUnavailable = "메일 서버에 연결할 수 없으며 아무것도 발송되지 않았습니다", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    MailServerRefused = "메일 서버가 연결을 거절했으며 아무것도 발송되지 않았습니다", "상세 내용에 있는 서버의 응답을 확인하고, 응답에 나온 차단 목록에서 발송 IP 주소를 해제하거나 SMTP 설정을 바로잡으십시오";
    MailAuth = "메일 서버가 인증 정보를 거절했습니다", "SMTP 인증 정보를 바로잡으십시오";
    MailInDoubt = "메일을 넘겼으나 접수 여부를 알 수 있는 응답을 받지 못했습니다", "조치할 것이 없습니다. 같은 Message-ID로 같은 내용을 다시 보냅니다";
    MailBounced = "접수된 메일이 도착하지 못하고 반송되었습니다", "상세 내용에 있는 서버의 사유를 확인하고, 차단을 뜻하는 말이 없으면 고객에게 주소를 확인한 뒤 revision을 높여 발행하십시오";
    BounceUnread = "반송 주소로 메일이 왔으나 어느 작업의 메일에 대한 것인지 프로그램이 읽을 수 없습니다", "메일을 읽고(fleet dead show) 도착하지 않은 메일이면 CRM에 알린 다음 데드레터를 폐기하십시오";
    MailRefused = "메일 서버가 메일을 영구적으로 거절했습니다", "시도 기록의 상세 내용에 있는 응답을 확인하십시오";

    // Calls.
    AgentOffline = "상담사의 전화기가 등록되어 있지 않습니다", "전화기를 등록한 뒤 다시 거십시오";
    AgentBusy = "상담사가 다른 통화 중입니다", "통화가 끝난 뒤 다시 거십시오";
    AgentCallOpen = "같은 상담사의 다른 전화가 걸리고 있거나 통화 중입니다", "그 통화를 마친 뒤, 통화가 없으면 2분 뒤에 다시 클릭하십시오";
    AgentNoAnswer = "상담사가 전화를 받지 않았습니다", "다시 거십시오";
    AgentRejected = "상담사가 전화를 거절했습니다", "다시 거십시오";
    AgentAbandoned = "고객이 받기 전에 상담사가 전화를 끊었습니다", "다시 거십시오";
    CustomerBusy = "고객이 통화 중입니다", "나중에 다시 거십시오";
    CustomerNoAnswer = "고객이 전화를 받지 않았습니다", "나중에 다시 거십시오";
    CustomerRejected = "전화가 거절되었습니다", "나중에 다시 걸거나 글로 답변하십시오";
    CustomerNumberInvalid = "통신망에서 없는 번호라고 응답했습니다", "번호를 확인하십시오";
    Congestion = "통신사 회선이 혼잡합니다", "나중에 다시 거십시오";
    NetworkFailure = "통신망에서 통화에 실패했습니다", "나중에 다시 거십시오";
    TrunkUnreachable = "PBX와 통신사를 잇는 회선이 끊어져 있거나 통신사 쪽에서 응답하지 않습니다", "트렁크 회선을 복구하십시오";
    PbxUnavailable = "PBX에 연결할 수 없으며 누구의 전화도 울리지 않았습니다", "조치할 것이 없습니다. 클릭이 유효한 동안 다시 시도합니다";
    PbxAuth = "PBX가 인증 정보를 거절했습니다", "ARI 사용자와 그 권한을 바로잡으십시오";
    PbxRefused = "PBX가 요청 형식을 받아들이지 않았습니다", "설정의 ARI endpoint와 context를 확인하십시오";
    PbxWithoutAri = "PBX 주소에서 웹 서버는 응답하지만 ARI가 없으며 누구의 전화도 울리지 않았습니다", "ARI를 켜거나(ari.conf, res_ari.so) dial.ari.base_url의 경로를 바로잡으십시오";
    PbxTakesNoCalls = "PBX가 종료 중이거나 한도에 이르러 새 전화를 걸지 않으며 누구의 전화도 울리지 않았습니다", "조치할 것이 없습니다. 클릭이 유효한 동안 다시 시도합니다. 계속되면 PBX의 한도(maxcalls, maxload)를 확인하십시오";
    PhoneTechnologyUnknown = "PBX에 상담사 전화기의 드라이버가 없습니다", "dial.ari.technology를 바로잡거나 PBX에서 드라이버를 불러오십시오";
    DialplanMissing = "상담사는 전화를 받았으나 PBX에 고객에게 전화를 거는 dialplan이 없습니다", "deploy/asterisk의 extensions.conf를 PBX에 불러오고 그 context를 dial.ari.context에 적으십시오";
    PbxNumberRefused = "상담사는 전화를 받았으나 PBX의 dialplan이 이 번호를 거절합니다", "번호를 확인하십시오. 짧은 서비스 번호는 PBX의 dialplan에 그 번호의 줄이 있어야 합니다";
    CallLimitReached = "고객이 받기 전에 PBX가 정한 통화 전체의 시간 한도가 끝났습니다", "PBX의 dialplan에서 CLOSURE_CALL_S를 CLOSURE_RING_S보다 크게 하십시오";
    CallInDoubt = "전화가 걸렸을 수 있으나 통화가 끝난 기록이 없습니다", "통화가 연결되었는지 상담사에게 확인하십시오";
    ClickInFuture = "상담사의 클릭 시각이 미래여서 유효한지 알 수 없습니다", "clicked_at을 실제 시계의 시간대로 적고 다시 클릭하십시오";
    StaleClick = "상담사가 클릭한 지 오래되어 지금은 전화를 울릴 수 없습니다", "다시 클릭하십시오";
}

impl FailureCode {
    /// What a person can do about a job that is not published yet, in Korean: whoever asks beforehand has nothing to
    /// replay, and changes what is typed.
    pub fn remedy_of_draft_in_korean(self) -> &'static str {
        match self {
            Self::UnreadableBody => "UTF-8 JSON 객체 하나를 보내십시오",
            Self::BodyTooLarge => "본문의 글을 줄이십시오",
            Self::UnknownKind | Self::WrongQueue => "메시지의 kind를 지정하십시오",
            Self::UnsupportedVersion => "버전 1로 보내십시오",
            Self::WrongShape => "표시된 필드를 JSON Schema에 맞게 고치십시오",
            Self::ScopeMismatch => "번호에 맞는 해외/국내 구분을 선택하십시오",
            Self::AmbiguousNumber => "올바른 번호의 국가번호를 추가하십시오",
            Self::InvalidNumber => "번호를 고치십시오",
            Self::CountryContradiction => "국가번호와 전화번호 중 잘못된 쪽을 고치십시오",
            Self::BodyTooLong => "본문을 줄이십시오",
            Self::BodyEmpty => "본문을 작성하십시오",
            Self::ForbiddenCharacters => "표시된 글자를 빼십시오",
            Self::TemplateVariables => "표시된 변수를 고치십시오",
            Self::SubjectNotEnglish => "제목을 인쇄 가능한 ASCII 문자로 작성하십시오",
            Self::SubjectInvalid => "제목을 고치십시오",
            Self::NoEmailAddress => "고객의 이메일 주소를 추가하십시오",
            Self::InvalidEmailAddress => "이메일 주소를 고치십시오",
            Self::CountryNotAllowed => "해당 국가를 허용할 수 있는지 운영 담당자에게 문의하십시오",
            Self::PrefixCapReached => "누군가 번호를 차례로 시도하고 있는지 운영 담당자에게 문의하십시오",
            Self::AddressCapReached => "이 주소로 자주 보내는 이유를 확인하십시오",
            Self::NumberCapReached => "이 번호로 자주 연락하는 이유를 확인하십시오",
            Self::Cancelled => "그래도 답변해야 한다면 consultation.revision을 높이십시오",
            Self::NeverInTime => "not_before를 expires_at보다 이르게 지정하십시오",
            Self::NotBeforeTooFar => "not_before를 366일 이내로 지정하십시오",
            Self::Expired => "아직 답변이 필요하면 expires_at을 더 늦은 시각으로 지정하십시오",
            // What no rule says of a draft, and what fits wherever it stands.
            _ => self.remedy_in_korean(),
        }
    }
}
