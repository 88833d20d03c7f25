//! Of calls.

use crate::words::code_words;

code_words! {
    AGENT_OFFLINE {
        what "The agent's phone is not registered", "상담사의 전화기가 등록되어 있지 않습니다";
        why "It is off, without a network, or registered under another extension", "전화기가 꺼져 있거나, 네트워크에 연결되지 않았거나, 다른 내선으로 등록되어 있습니다";
        remedy "register the phone and call again", "전화기를 등록한 뒤 다시 거십시오";
    }
    AGENT_BUSY {
        what "The agent is on another call", "상담사가 다른 통화 중입니다";
        why "The agent's phone says that it is busy", "상담사의 전화기가 통화 중이라고 응답했습니다";
        remedy "call again afterwards", "통화가 끝난 뒤 다시 거십시오";
    }
    AGENT_CALL_OPEN {
        what "The agent has another call that is being placed or is up", "같은 상담사의 다른 전화가 걸리고 있거나 통화 중입니다";
        why "An agent has one call at a time, so that no second customer is rung for nobody", "받을 상담사 없이 고객의 전화를 울리지 않도록 상담사마다 한 통화만 겁니다";
        remedy "end that call, or wait 2 minutes where there is none, and click again", "그 통화를 마친 뒤, 통화가 없으면 2분 뒤에 다시 클릭하십시오";
    }
    AGENT_NO_ANSWER {
        what "The agent did not pick up", "상담사가 전화를 받지 않았습니다";
        why "The agent's phone rang for as long as it may", "상담사의 전화기가 정해진 시간 동안 울렸습니다";
        remedy "call again", "다시 거십시오";
    }
    AGENT_REJECTED {
        what "The agent declined the call", "상담사가 전화를 거절했습니다";
        why "The agent pressed decline, or the phone does so by itself", "상담사가 거절을 눌렀거나, 전화기가 자동으로 거절했습니다";
        remedy "call again", "다시 거십시오";
    }
    AGENT_ABANDONED {
        what "The agent hung up before the customer answered", "고객이 받기 전에 상담사가 전화를 끊었습니다";
        why "The agent did not wait any longer; the customer's phone may have rung", "상담사가 더 기다리지 않았습니다. 고객의 전화기는 울렸을 수 있습니다";
        remedy "call again", "다시 거십시오";
    }
    CUSTOMER_BUSY {
        what "The customer's line is busy", "고객이 통화 중입니다";
        why "The network says that the line is taken", "통신망에서 통화 중이라고 응답했습니다";
        remedy "call again later", "나중에 다시 거십시오";
    }
    CUSTOMER_NO_ANSWER {
        what "The customer did not answer", "고객이 전화를 받지 않았습니다";
        why "The phone rang for as long as it may, or was out of reach", "고객의 전화기가 정해진 시간 동안 울렸거나 통신이 되지 않았습니다";
        remedy "call again later", "나중에 다시 거십시오";
    }
    CUSTOMER_REJECTED {
        what "The call was declined", "고객 쪽에서 전화를 거절했습니다";
        why "The customer declined it, or the carrier's call filter did", "고객이 거절했거나, 통신사의 차단 서비스가 거절했습니다";
        remedy "call again later, or write", "나중에 다시 걸거나 글로 답변하십시오";
    }
    CUSTOMER_NUMBER_INVALID {
        what "The network says that the number does not exist", "통신망에서 없는 번호라고 응답했습니다";
        why "The number is not in use any more, or a digit is wrong", "더는 쓰지 않는 번호이거나 숫자가 틀렸습니다";
        remedy "check the number", "번호를 확인하십시오";
    }
    CONGESTION {
        what "The carrier is congested", "통신사 회선이 혼잡합니다";
        why "Every line on the way was taken", "통화 경로의 회선이 모두 사용 중입니다";
        remedy "call again later", "나중에 다시 거십시오";
    }
    NETWORK_FAILURE {
        what "The call failed in the network", "통신망에서 통화에 실패했습니다";
        why "A network on the way ended the call, for a reason that is neither the customer's nor the agent's", "중간의 통신망이 고객이나 상담사와 관계없는 이유로 통화를 끝냈습니다";
        remedy "call again later", "나중에 다시 거십시오";
    }
    TRUNK_UNREACHABLE {
        what "The PBX's line to the carrier is down, or nobody answers at its other end", "PBX와 통신사를 잇는 회선이 끊어져 있거나 통신사 쪽에서 응답하지 않습니다";
        why "The trunk is not registered, or the carrier's equipment does not answer", "트렁크가 등록되어 있지 않거나 통신사의 장비가 응답하지 않습니다";
        remedy "restore the trunk", "트렁크 회선을 복구하십시오";
    }
    PBX_UNAVAILABLE {
        what "The PBX cannot be reached; nobody's phone rang", "PBX에 연결할 수 없으며 누구의 전화도 울리지 않았습니다";
        why "The PBX is off, or the network between is down", "PBX가 꺼져 있거나 PBX까지의 네트워크가 끊겼습니다";
        remedy "nothing: it is tried again while the click is fresh", "조치할 것이 없습니다. 클릭이 유효한 동안 다시 시도합니다";
    }
    PBX_AUTH {
        what "The PBX refuses our credentials", "PBX가 인증 정보를 거절했습니다";
        why "The ARI user does not exist, has another password, or may only read", "ARI 사용자가 없거나, 비밀번호가 다르거나, 읽기만 허용된 사용자입니다";
        remedy "correct the ARI user and its rights", "ARI 사용자와 그 권한을 바로잡으십시오";
    }
    PBX_REFUSED {
        what "The PBX does not accept the form of our request", "PBX가 요청 형식을 받아들이지 않았습니다";
        why "The configuration names something that this PBX does not have", "설정에 적힌 값이 이 PBX에 없습니다";
        remedy "check the ARI endpoint and context in the configuration", "설정의 ARI endpoint와 context를 확인하십시오";
    }
    PBX_WITHOUT_ARI {
        what "A web server answers at the PBX's address, and it has no ARI there; nobody's phone rang", "PBX 주소에서 웹 서버는 응답하지만 ARI가 없으며 누구의 전화도 울리지 않았습니다";
        why "ARI is off, or lies under another path", "ARI가 꺼져 있거나 다른 경로에 있습니다";
        remedy "turn ARI on (ari.conf, res_ari.so), or correct the path in dial.ari.base_url", "ARI를 켜거나(ari.conf, res_ari.so) dial.ari.base_url의 경로를 바로잡으십시오";
    }
    PBX_TAKES_NO_CALLS {
        what "The PBX makes no new call, because it is shutting down or full; nobody's phone rang", "PBX가 종료 중이거나 한도에 이르러 새 전화를 걸지 않으며 누구의 전화도 울리지 않았습니다";
        why "A PBX that was told to stop, or has reached a limit, only finishes the calls that it has", "종료 명령을 받았거나 한도에 이른 PBX는 진행 중인 통화만 마칩니다";
        remedy "nothing: it is tried again while the click is fresh; if it stays, look at the PBX's limits (maxcalls, maxload)", "조치할 것이 없습니다. 클릭이 유효한 동안 다시 시도합니다. 계속되면 PBX의 한도(maxcalls, maxload)를 확인하십시오";
    }
    PHONE_TECHNOLOGY_UNKNOWN {
        what "The PBX has no driver of the agents' phones", "PBX에 상담사 전화기의 드라이버가 없습니다";
        why "dial.ari.technology names a driver that is not loaded there", "dial.ari.technology에 적힌 드라이버를 PBX가 불러오지 않았습니다";
        remedy "correct dial.ari.technology, or load the driver on the PBX", "dial.ari.technology를 바로잡거나 PBX에서 드라이버를 불러오십시오";
    }
    DIALPLAN_MISSING {
        what "The agent picked up, and the PBX has no dialplan there that calls the customer", "상담사는 전화를 받았으나 PBX에 고객에게 전화를 거는 dialplan이 없습니다";
        why "The context that dial.ari.context names is not loaded on the PBX", "dial.ari.context에 적힌 context를 PBX가 불러오지 않았습니다";
        remedy "load extensions.conf of deploy/asterisk on the PBX, and name its context in dial.ari.context", "deploy/asterisk의 extensions.conf를 PBX에 불러오고 그 context를 dial.ari.context에 적으십시오";
    }
    PBX_NUMBER_REFUSED {
        what "The agent picked up, and the PBX's dialplan refuses this number", "상담사는 전화를 받았으나 PBX의 dialplan이 이 번호를 거절합니다";
        why "The dialplan lets only the forms of numbers pass that it lists", "dialplan은 목록에 있는 형식의 번호만 통과시킵니다";
        remedy "check the number; a short service number needs a line of its own in the PBX's dialplan", "번호를 확인하십시오. 짧은 서비스 번호는 PBX의 dialplan에 그 번호의 줄이 있어야 합니다";
    }
    CALL_LIMIT_REACHED {
        what "The PBX's limit of a whole call was over before the customer answered", "고객이 받기 전에 PBX가 정한 통화 전체의 시간 한도가 끝났습니다";
        why "The limit of a call is not longer than the time for which the phone rings", "통화 전체의 시간 한도가 벨이 울리는 시간보다 길지 않습니다";
        remedy "raise CLOSURE_CALL_S in the PBX's dialplan above CLOSURE_RING_S", "PBX의 dialplan에서 CLOSURE_CALL_S를 CLOSURE_RING_S보다 크게 하십시오";
    }
    CALL_IN_DOUBT {
        what "The call may have been placed; there is no record of its end", "전화가 걸렸을 수 있으나 통화가 끝난 기록이 없습니다";
        why "The connection to the PBX was lost, and its own record says nothing of the end", "PBX와의 연결이 끊겼으며 PBX의 기록에도 통화의 끝이 없습니다";
        remedy "ask the agent whether the call went through", "통화가 연결되었는지 상담사에게 확인하십시오";
    }
    CLICK_IN_FUTURE {
        what "The agent's click lies in the future, so that nobody can tell whether it is fresh", "상담사의 클릭 시각이 미래여서 유효한지 알 수 없습니다";
        why "A local time was written with Z, or a clock is wrong", "현지 시각에 Z를 붙였거나 시계가 맞지 않습니다";
        remedy "write clicked_at with the zone that its clock has, and click again", "clicked_at을 실제 시계의 시간대로 적고 다시 클릭하십시오";
        told [click_ahead_s] "The click is {click_ahead_s} s in the future", "클릭 시각이 {click_ahead_s}초 뒤의 미래입니다";
    }
    STALE_CLICK {
        what "The agent's click is too old to ring a phone now", "상담사가 클릭한 지 오래되어 지금은 전화를 울릴 수 없습니다";
        why "By now the agent has gone on to something else", "상담사가 이미 다른 일을 하고 있을 수 있습니다";
        remedy "click again", "다시 클릭하십시오";
        told [click_age_s, click_fresh_s] "The click is {click_age_s} s old, and after {click_fresh_s} s no phone rings", "클릭한 지 {click_age_s}초가 지났으며, {click_fresh_s}초가 지나면 전화를 울리지 않습니다";
    }
}
