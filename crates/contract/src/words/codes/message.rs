//! Of the message itself.

use crate::words::code_words;

code_words! {
    UNREADABLE_BODY {
        what "The body is not JSON", "본문이 JSON이 아닙니다";
        why "It was written in another format or encoding, or cut on its way", "다른 형식이나 인코딩으로 작성했거나 전송 중에 잘린 메시지입니다";
        remedy "publish UTF-8 JSON with content_type application/json; the original bytes are kept", "content_type을 application/json으로 지정하고 UTF-8 JSON으로 발행하십시오. 원래 바이트는 보관합니다";
        draft "send one UTF-8 JSON object, and ask again", "UTF-8 JSON 객체 하나를 보내십시오";
    }
    BODY_TOO_LARGE {
        what "The body is larger than a message may be", "본문이 메시지의 최대 크기를 넘습니다";
        why "A message has a fixed largest size, and nothing of it is cut", "메시지의 최대 크기는 정해져 있으며 내용을 잘라서 보내지 않습니다";
        remedy "shorten its texts and publish it again", "본문의 글을 줄여 다시 발행하십시오";
        draft "shorten its texts, and ask again", "본문의 글을 줄이십시오";
        told [length, length_max] "The message has {length} bytes, and {length_max} is the most", "메시지는 {length}바이트이며 한도는 {length_max}바이트입니다";
    }
    UNKNOWN_KIND {
        what "The kind is missing or unknown", "kind가 없거나 알 수 없는 값입니다";
        why "The field is misspelt, or names a message that is not for this fleet", "kind 필드의 철자가 틀렸거나, 이 시스템이 받지 않는 메시지입니다";
        remedy "publish closure.sms/1, closure.email/1, closure.dial/1 or closure.cancel/1", "closure.sms/1, closure.email/1, closure.dial/1, closure.cancel/1 중 하나로 발행하십시오";
        draft "name the kind of the message, and ask again", "메시지의 kind를 지정하십시오";
    }
    UNSUPPORTED_VERSION {
        what "The kind is in a newer major version than this release knows", "kind의 주 버전이 현재 릴리스가 아는 것보다 높습니다";
        why "Most often the CRM was upgraded before the workers", "대개 CRM을 워커보다 먼저 업그레이드한 경우입니다";
        remedy "upgrade the workers, then replay", "워커를 업그레이드한 뒤 재처리하십시오";
        draft "send version 1, and ask again", "버전 1로 보내십시오";
    }
    WRONG_SHAPE {
        what "A field is missing or has the wrong type", "필드가 없거나 형식이 올바르지 않습니다";
        why "The message does not follow the JSON Schema of its kind", "메시지가 그 kind의 JSON Schema에 맞지 않습니다";
        remedy "correct the named field against the JSON Schema and publish again", "표시된 필드를 JSON Schema에 맞게 고쳐 다시 발행하십시오";
        draft "correct the named field against the JSON Schema, and ask again", "표시된 필드를 JSON Schema에 맞게 고치십시오";
        told [field] "The field `{field}` does not follow the JSON Schema of its kind", "`{field}` 필드가 그 kind의 JSON Schema에 맞지 않습니다";
    }
    WRONG_QUEUE {
        what "The message came through the routing key of another kind", "메시지가 다른 kind의 라우팅 키로 들어왔습니다";
        why "Each kind has a routing key of its own, and the sender used another", "kind마다 라우팅 키가 정해져 있는데 다른 키로 발행했습니다";
        remedy "publish it with the routing key of its kind", "메시지의 kind에 맞는 라우팅 키로 발행하십시오";
        draft "name the kind of the message, and ask again", "메시지의 kind를 지정하십시오";
    }
    JOB_ID_CONFLICT {
        what "The job_id was used before with other content", "같은 job_id를 다른 내용으로 이미 사용했습니다";
        why "A job_id stands for one content, so that a repeat is never sent twice", "같은 작업을 두 번 보내지 않도록 job_id 하나는 내용 하나만 가리킵니다";
        remedy "give the new content a new job_id; the first content stands", "새 내용에는 새 job_id를 부여하십시오. 처음 내용이 유효합니다";
    }
    UNROUTABLE {
        what "The routing key belongs to no queue", "라우팅 키에 해당하는 큐가 없습니다";
        why "It was published with a key that this release does not know", "현재 릴리스에 없는 라우팅 키로 발행했습니다";
        remedy "publish with the key sms, email, dial or cancel", "라우팅 키 sms, email, dial, cancel 중 하나로 발행하십시오";
    }
    CRASH_LOOP {
        what "Workers failed repeatedly while they held this message", "이 메시지를 처리하던 워커가 반복해서 비정상 종료되었습니다";
        why "It came back to its queue again and again, and is no longer tried by itself", "메시지가 큐로 거듭 되돌아와 더는 자동으로 시도하지 않습니다";
        remedy "read the workers' logs for the job, then replay", "워커 로그에서 해당 작업을 확인한 뒤 재처리하십시오";
    }
    MESSAGE_EXPIRED {
        what "The message ran out by its own expiration before a worker took it", "워커가 가져가기 전에 메시지 자체의 expiration이 지났습니다";
        why "The sender gave it AMQP's expiration, and the queue was longer than that", "발행할 때 지정한 AMQP의 expiration 안에 큐에서 차례가 오지 않았습니다";
        remedy "publish jobs without AMQP's expiration and give expires_at in the job instead; replay this one if it is still wanted", "AMQP의 expiration 없이 발행하고 시한은 작업의 expires_at으로 지정하십시오. 아직 필요한 작업이면 재처리하십시오";
    }
    OUTCOME_NOT_TAKEN {
        what "The CRM's webhook did not take this outcome", "CRM의 웹훅이 이 결과를 받지 않았습니다";
        why "The receiver refused it again and again while it took others, or its time was up", "수신 프로그램이 다른 결과는 받으면서 이 결과만 거듭 거절했거나, 결과의 시한이 지났습니다";
        remedy "read why in the letter's detail, mend the receiver, then replay the letter; the outcome keeps its id", "상세 내용에서 이유를 확인하고 수신 프로그램을 고친 뒤 재처리하십시오. 결과의 ID는 그대로입니다";
    }
    GIVEN_UP {
        what "A worker gave the message up, though this release can read it", "현재 릴리스가 읽을 수 있는 메시지이지만 워커가 처리를 포기했습니다";
        why "The database refused the job's record, or somebody put the message aside at the broker", "데이터베이스가 작업의 기록을 거절했거나, 누군가 브로커에서 메시지를 따로 옮겼습니다";
        remedy "read the workers' logs for the job, then replay", "워커 로그에서 해당 작업을 확인한 뒤 재처리하십시오";
    }
}
