//! Of the gateways, and of the receipts of text messages.

use crate::words::code_words;

code_words! {
    RECIPIENT_REJECTED {
        what "The gateway refuses this recipient", "발송사가 이 수신번호를 거절했습니다";
        why "It says that the number is not in use, takes no texts or is not served", "없는 번호이거나 문자를 받을 수 없는 번호라고 응답했습니다";
        remedy "check the number", "번호를 확인하십시오";
    }
    CONTENT_REJECTED {
        what "The gateway refuses this text", "발송사가 이 본문을 거절했습니다";
        why "It objects to the length, a character, a link or the wording", "길이, 글자, 링크, 표현 중 하나가 발송사의 기준에 맞지 않습니다";
        remedy "change the text", "본문을 수정하십시오";
    }
    SENDER_REJECTED {
        what "The gateway refuses our sender number", "발송사가 발신번호를 거절했습니다";
        why "The number is not registered there, was blocked, or may not be shown in this country", "발신번호가 등록되어 있지 않거나, 차단되었거나, 이 국가에서 쓸 수 없습니다";
        remedy "register the sender number at the gateway", "발송사에 발신번호를 등록하십시오";
    }
    PROVIDER_AUTH {
        what "The provider refuses our credentials or account", "발송사가 인증 정보나 계정을 거절했습니다";
        why "A key is wrong or has ended, our address is not on its list, or the account is closed", "키가 틀렸거나 만료되었거나, 우리 IP 주소가 허용 목록에 없거나, 계정이 정지되었습니다";
        remedy "correct the provider's account and credentials", "발송사 계정과 인증 정보를 바로잡으십시오";
    }
    PROVIDER_QUOTA {
        what "The account has no credit or quota left", "발송사 계정의 잔액이나 한도가 남아 있지 않습니다";
        why "The month's quota or the prepaid credit is used up", "이번 달 한도나 선불 잔액을 모두 사용했습니다";
        remedy "raise the quota at the provider", "발송사에서 한도를 늘리십시오";
    }
    PROVIDER_COUNTRY_BLOCKED {
        what "The provider's account may not send to this country now", "발송사 계정으로는 현재 이 국가에 보낼 수 없습니다";
        why "The country is not opened for the account, or its limit there is reached", "계정에 이 국가가 개통되어 있지 않거나, 이 국가의 한도에 도달했습니다";
        remedy "open the country at the provider, or raise its limit there", "발송사에서 해당 국가를 개통하거나 그 한도를 늘리십시오";
    }
    PROVIDER_THROTTLED {
        what "The provider asks us to slow down", "발송사가 발송 속도를 낮추도록 요구합니다";
        why "More requests came than the account may make in that time", "계정에 허용된 속도보다 요청이 많았습니다";
        remedy "nothing: it is tried again later", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    }
    PROVIDER_UNAVAILABLE {
        what "The provider cannot be reached; nothing was sent", "발송사에 연결할 수 없으며 아무것도 발송하지 않았습니다";
        why "The connection failed before the request was handed over", "요청을 넘기기 전에 연결이 실패했습니다";
        remedy "nothing: it is tried again later", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    }
    PROVIDER_FAULT {
        what "The provider failed and says that nothing was sent", "발송사에서 오류가 발생했으며 발송하지 않았다고 응답했습니다";
        why "The fault is the provider's own", "발송사 내부의 오류입니다";
        remedy "nothing: it is tried again later", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    }
    REQUEST_REFUSED {
        what "The provider does not accept the form of our request", "발송사가 요청 형식을 받아들이지 않았습니다";
        why "The request lacks what the provider asks for, or its interface has changed", "발송사가 요구하는 값이 요청에 없거나, 발송사의 API가 바뀌었습니다";
        remedy "report it to the developers with the attempt's detail", "시도 기록의 상세 내용과 함께 개발자에게 알리십시오";
    }
    ANSWER_LOST {
        what "The request may have been carried out; the answer never came", "요청이 처리되었을 수 있으나 응답을 받지 못했습니다";
        why "The connection ended after the request was handed over", "요청을 넘긴 뒤 연결이 끊겼습니다";
        remedy "nothing: the provider is asked what became of it", "조치할 것이 없습니다. 처리 여부를 발송사에 조회합니다";
    }
    ANSWER_UNREADABLE {
        what "The provider's answer makes no sense; the request may have been carried out", "발송사의 응답을 해석할 수 없으며 요청이 처리되었을 수 있습니다";
        why "The answer has none of the forms that the provider documents", "응답이 발송사 문서에 있는 형식과 다릅니다";
        remedy "nothing: the provider is asked what became of it", "조치할 것이 없습니다. 처리 여부를 발송사에 조회합니다";
    }
    NOT_DELIVERED {
        what "A receipt says that it will not be delivered", "도착하지 않는다는 전송 결과를 받았습니다";
        why "The phone is off or out of reach, the number is not in use, or a carrier blocked the text", "전화기가 꺼져 있거나 통신이 되지 않거나, 없는 번호이거나, 통신사가 차단했습니다";
        remedy "the email answers", "이메일로 답변합니다";
    }
    RECEIPT_EXPIRED {
        what "The message's validity ended before it was delivered", "도착하기 전에 메시지의 유효 시간이 끝났습니다";
        why "The phone was off or out of reach for as long as the carrier kept the text", "통신사가 문자를 보관하는 동안 전화기가 꺼져 있거나 통신이 되지 않았습니다";
        remedy "the email answers", "이메일로 답변합니다";
    }
    NO_RECEIPT {
        what "No receipt came by its due time", "기한까지 전송 결과가 오지 않았습니다";
        why "Gateway and carrier told nothing, so that nobody knows whether it arrived", "발송사와 통신사가 알려 주지 않아 도착 여부를 알 수 없습니다";
        remedy "the email answers", "이메일로 답변합니다";
    }
}
