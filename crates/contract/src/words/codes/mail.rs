//! Of mails and of what comes back.

use crate::words::code_words;

code_words! {
    MAILBOX_REFUSED {
        what "The mail server refuses the recipient's address", "메일 서버가 수신 주소를 거절했습니다";
        why "There is no such mailbox, it is closed, or the server blocks our mail", "없는 메일함이거나, 닫힌 메일함이거나, 서버가 우리 메일을 차단했습니다";
        remedy "read the server's words in the detail; where they name no block, check the address with the customer", "상세 내용에 있는 서버의 응답을 확인하고, 차단을 뜻하는 말이 없으면 고객에게 주소를 확인하십시오";
        told [mail_status] "The server's status is {mail_status}", "서버의 상태 코드는 {mail_status}입니다";
    }
    MAIL_DEFERRED {
        what "The mail server asks us to come back later", "메일 서버가 나중에 다시 보내도록 요구합니다";
        why "It is busy, the mailbox is full, or it makes senders wait whom it does not know yet", "서버가 바쁘거나, 메일함이 가득 찼거나, 처음 보는 발신자를 기다리게 하는 서버입니다";
        remedy "nothing: it is tried again later", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    }
    MAIL_POLICY_REFUSED {
        what "The mail server refuses the message by policy", "메일 서버가 정책에 따라 메일을 거절했습니다";
        why "It does not believe that the mail is ours, or takes it for spam", "서버가 우리가 보낸 메일임을 확인하지 못했거나 스팸으로 판단했습니다";
        remedy "check SPF, DKIM and block lists", "SPF, DKIM, 차단 목록을 확인하십시오";
    }
    MAIL_TOO_LARGE {
        what "The mail server finds the message too large", "메일 서버가 메일이 너무 크다고 거절했습니다";
        why "Every server takes mails up to a size of its own", "메일 서버마다 받을 수 있는 크기가 정해져 있습니다";
        remedy "shorten the message", "메일의 내용을 줄이십시오";
    }
    MAIL_SERVER_UNAVAILABLE {
        what "The mail server cannot be reached; nothing was sent", "메일 서버에 연결할 수 없으며 아무것도 발송하지 않았습니다";
        why "The connection failed, or no reply came in time", "연결이 실패했거나 제시간에 응답이 없었습니다";
        remedy "nothing: it is tried again later", "조치할 것이 없습니다. 나중에 다시 시도합니다";
    }
    MAIL_SERVER_REFUSED {
        what "The mail server is there and refuses our connection; nothing was sent", "메일 서버가 연결을 거절했으며 아무것도 발송하지 않았습니다";
        why "Our address is on a block list, or the SMTP settings do not fit the server", "발송 IP 주소가 차단 목록에 있거나, SMTP 설정이 서버와 맞지 않습니다";
        remedy "read its words in the detail; have our address taken off the block list that they name, or correct the SMTP settings", "상세 내용에 있는 서버의 응답을 확인하고, 응답에 나온 차단 목록에서 발송 IP 주소를 해제하거나 SMTP 설정을 바로잡으십시오";
    }
    MAIL_AUTH {
        what "The mail server refuses our credentials", "메일 서버가 인증 정보를 거절했습니다";
        why "User name or password are wrong, or the account is closed", "사용자 이름이나 비밀번호가 틀렸거나 계정이 정지되었습니다";
        remedy "correct the SMTP credentials", "SMTP 인증 정보를 바로잡으십시오";
    }
    MAIL_IN_DOUBT {
        what "The mail was handed over, and no reply that can be understood says whether it was taken", "메일을 넘겼으나 접수 여부를 알 수 있는 응답을 받지 못했습니다";
        why "The connection ended after the whole mail was handed over, or the reply makes no sense", "메일을 모두 넘긴 뒤 연결이 끊겼거나, 응답을 해석할 수 없습니다";
        remedy "nothing: the same bytes are sent again under the same Message-ID", "조치할 것이 없습니다. 같은 Message-ID로 같은 내용을 다시 보냅니다";
    }
    MAIL_BOUNCED {
        what "The mail was accepted and came back undelivered", "접수된 메일이 도착하지 못하고 반송되었습니다";
        why "A server on the way could not deliver it, and reported that", "중간의 메일 서버가 전달하지 못하고 반송 보고서를 보냈습니다";
        remedy "read the server's reason in the detail; where it names no block, check the address with the customer and send a newer revision", "상세 내용에 있는 서버의 사유를 확인하고, 차단을 뜻하는 말이 없으면 고객에게 주소를 확인한 뒤 revision을 높여 발행하십시오";
        told [mail_status] "The report's status is {mail_status}", "반송 보고서의 상태 코드는 {mail_status}입니다";
    }
    BOUNCE_UNREAD {
        what "A mail came to a bounce address, and no program could read what it says about the mail of a job", "반송 주소로 메일이 왔으나 어느 작업의 메일에 대한 것인지 프로그램이 읽을 수 없습니다";
        why "It is no report of a delivery, or not in the form that reports have", "반송 보고서가 아니거나, 표준 형식의 반송 보고서가 아닙니다";
        remedy "read it (`fleet dead show`), tell the CRM if the mail did not arrive, then discard the letter", "메일을 읽고(`fleet dead show`) 도착하지 않은 메일이면 CRM에 알린 다음 이 건을 미발송으로 종결하십시오";
    }
    MAIL_REFUSED {
        what "The mail server refuses the message for good", "메일 서버가 메일을 영구적으로 거절했습니다";
        why "Its reply is final, and names neither the mailbox nor a policy", "서버의 응답은 최종 거절이며, 메일함이나 정책을 이유로 들지 않았습니다";
        remedy "read the reply in the attempt's detail", "시도 기록의 상세 내용에 있는 응답을 확인하십시오";
    }
}
