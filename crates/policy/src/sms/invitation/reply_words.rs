//! The wordings of R13 that are shipped: what invites an answer, what denies it, and what names another way or person.
//!
//! In a wording … stands for anything within the clause, | parts alternatives, and ^ stands for the clause's begin.
//! Korean, Chinese and Japanese are compared without spaces, because people write 보내 주세요 and 보내주세요.

/// Wording that invites a reply or a call to a number that cannot receive.
pub(crate) const PHRASES: &[&str] = &[
    // English: an order or a request to answer …
    "^reply|respond|replying|rsvp",
    "^answer this|answer yes|answer with|answer us|answer by text|answer by sms|answer here|answer to this",
    "^text us|text me|text back|text stop|text yes|text no|text your|text the|text a|text 1|text to|text this",
    "^message us|message me|message this|message back|write back|write to us|sms us|sms your|sms to",
    "^call|ring|phone|dial|contact|text|try…us|back|this number|the number|number above|same number",
    "^get back to us|get in touch|let us know|let me know|reach out to us|speak to us|talk to us",
    "^give|drop…us|back…call|ring|line|text|message|sms|shout",
    "^give us|drop us|ping|buzz|shout",
    "reply|answer|response|word|line|text…is enough|is fine|will do|would help|is all we need|would be great|suffices",
    "^send…us|to this number|to the number|back|here|by text|by sms|a text|a reply|an sms",
    "^confirm|tell|inform|answer|advise|indicate|return…by text|by sms|by return|by reply|by replying|by message",
    "^return our call|return the call|return my call|confirm by|quote yes",
    // … and what asks for it within a sentence.
    "hear back from you|hear your|have your reply|get your reply|receive your reply",
    "free|like|welcome|able|want|need|ask|asked|happy|urge|urged|glad…to give us|to send us|to tell us|to let us|to reply|\
     to call us|to call back|to call this|to text|to message|to ring|to phone|\
     to contact us|to respond|to write back|to get back|to answer this",
    "need|needs|await|awaiting|require|requires|appreciate|waiting for|wait for|looking forward to…your reply|\
     your response|your answer|your call|your text|hearing from you|hear from you",
    "you can|you may|you could|you should|you must|can also|could you|can you|would you|will you…reply|respond|text us|\
     text back|message us|call us|call back|ring us|phone us|call this|reach us at this|reach us on|send us|write back",
    "unless you|unless we|if you|when you|once you…reply|respond|text us|call us|hear from you",
    "by replying|by responding|by return text|by return sms|by texting|by calling us|by calling this",
    "reach|contact|call|dial|text|ring|phone|to…at this number|on this number|to this number|number above",
    "confirm|know|tell|us…by sms|by text",
    "is there a number we can call|when can we call|what time can we call",
    // Korean.
    "회신|답장|답문|답신|콜백|리플라이…주세|주시|주십|주실|줘|부탁|바랍|바라|하세요|하십시|하시면|하셔야|보내",
    "답변주|답변을주|답변부탁|답변을부탁|답변바랍|답변을바랍|답변해주|답변하여주|답변을해주|답변문자…주세|주시|주십|주실|\
     부탁|바랍|바라|요",
    "답해|답하여|답을|라고답|답글|대답…주세|주시|주십|주실|부탁|바랍",
    "라고회신|라고답장|번을회신|번을답장|회신필수|답장필수|회신요망|연락요망|회신요청",
    "문자로|문자를|문자에|문자한|문자남|문자보|문자만|문자주|문자메시지로|메시지로|메시지를|메시지에|메세지로|메세지를|메세지에|\
     sms로|sms를…주세|주시|주십|주실|바랍|부탁|하세요",
    "이번호|본번호|당번호|해당번호|발신번호|아래번호|위번호|받으신번호|같은번호|상기번호…전화|연락|문자|콜|문의|알려|걸어|남겨|\
     보내|회신…주세|주시|주십|주실|바랍|부탁|하세요|하십|하시면|됩니다|가능",
    "번호로…전화|연락|문자…주세|주시|주십|바랍|부탁|하세요",
    "연락|전화|통화…주세|주시기|주시면|주십|주실|주시겠|줘|부탁|바랍|바라|하세요|하십시",
    "문자주세|문자주시|문자주십|문자부탁|문자줘|답주세|답주시|답주십|답부탁",
    "보내주세|보내주시|보내주십|남겨주세|남겨주시|남겨주십|알려주세|알려주시|알려주십|말씀해주세|말씀해주시|말씀해주십|\
     보내시면|남기시면",
    "이쪽으로|저희쪽으로|저희에게|저희한테…주세|주시|주십|바랍|부탁",
    // Chinese: a request …
    "请|麻烦|烦请|可以|可|能否|能不能|欢迎|务必|劳烦|记得|不妨…回复|回覆|答复|答覆|回电|回電|回拨|回撥|回短信|回信|回个|回一下|\
     回我|回消息|回簡訊|回话",
    "请回“|请回\"|请回「|请回1|请回2|请回y|请回n|请回是|请回否|請回",
    "^回复|回覆|直接回复|直接回覆",
    "请|麻烦|可以|欢迎|务必|直接|随时|如…给我们|向我们|跟我们|与我们|和我们…回电|打电话|打個電話|来电|致电|发短信|发消息|发信息|\
     发条|留言|回话|联系|聯繫|联络|说一声",
    "联系我们|聯繫我們|联络我们|致电我们|告诉我们|告知我们|通知我们|跟我们说|和我们说|发给我们|发过来|打过来|打给我们|打来",
    "回个|回條|回条|回一个|回一條|发条|发个|傳個…消息|信息|短信|电话|電話|话|訊息|信|字",
    "请|麻烦|可以|欢迎|拨打|撥打|致电|打|联系…本号码|此号码|该号码|这个号码|上述号码|本號碼|此號碼|這個號碼|本电话|此电话",
    "短信|信息|消息|簡訊…告诉|告知|通知|联系|发给|发送|发至|发到|回复|傳給…我们|我們|此号|本号|这个号|该号|是否|您的",
    "请以短信|请用短信|请发短信|发短信到|发短信给我们|短信回复|短信告知|短信联系|短信确认|給我們|发给我们|发我们",
    // … and one of Taiwan and Hong Kong.
    "請|麻煩|可以|歡迎…回覆|回復|回電|回撥|回訊|傳簡訊|傳訊息|來電|聯絡我們|致電",
    // Japanese.
    "返信|返答|返事|回答|折り返し|折返し|かけ直|おかけなおし…ください|下さい|お願い|願い|いただけ|頂け|いただき|お待ち|\
     お知らせ|お寄せ|結構|可能です",
    "と返信|とご返信|要返信|返信必須|返信ください",
    "この番号|当番号|本番号|こちらの番号|上記の番号|下記の番号|発信元|同じ番号|着信番号|番号へ|番号に|番号まで|弊社へ|こちらへ…\
     ください|下さい|お願い|いただけ|頂け|どうぞ|おかけ",
    "番号まで|を送信してください",
    "smsで|smsに|smsへ|smsにて|メッセージで|メッセージに|メッセージへ|ショートメッセージ…ください|下さい|お願い|いただけ|頂け",
    "電話|連絡|一報|一言|メッセージを|smsを|お返し…ください|下さい|お願い|いただけ|頂け|頂戴|お待ちして|お待ち申し|頂きた|いただきた|\
     幸いです|助かります",
    "送って|お送り|お知らせ|教えて|お教え|お聞かせ|お申し付け…ください|下さい|いただけ|頂け|頂戴|お願い",
    "返信|返事|返答…だけで|構いません|かまいません|結構です|大丈夫です|どうぞ",
    // Vietnamese.
    "vui lòng|xin|hãy|có thể|cứ…trả lời|phản hồi|gọi lại|nhắn tin|nhắn lại|gọi cho chúng tôi|gọi số|gọi vào số|\
     liên hệ với chúng tôi|liên hệ số này",
    "trả lời tin nhắn này|trả lời sms|gọi lại số này|gọi vào số này|gọi số này|nhắn tin lại",
];

/// Wording of a denial.
pub(crate) const NEGATIONS: &[&str] = &[
    // English.
    "do not|don't|dont|don’t|cannot|can't|can not|could not|couldn't|not able|unable|no need|need not|needn't|never",
    "not monitored|not be|are not|aren't|is not|isn't|won't|will not|without|instead of|not read|not necessary",
    "no one|nobody|not required|avoid|refrain|did not|didn't|not reply|not call|no longer|not to|impossible|not possible",
    // Korean: it stands behind the verb that it denies.
    "불가|마세|마십|마시|말아|말고|말것|없습니다|없어|없으니|없으며|없는|없이|않|못하|못합|안됩|안되|되지|어렵|전용|불필요|금지|삼가|\
     자제|필요없",
    // Chinese.
    "勿|不要|无法|無法|不能|不可|无需|無需|无须|不必|不用|别|別|切莫|收不到|不会|不會|无人|無人|无效|無效|不接受|不支持|拒收|\
     禁止|谢绝|停止|避免|仅用于|僅用於|看不到",
    // Japanese.
    "ないで|ないよう|ません|不要|不可|専用|ご遠慮|なりません|お控え|控えて|必要はな|必要はご|禁止",
    // Vietnamese.
    "không|đừng|chưa",
];

/// Wording of a clause that names another way, another person or our own act, so that it invites nobody to answer us.
pub(crate) const ELSEWHERE: &[&str] = &[
    // English: another way …
    "by email|by e-mail|via email|via e-mail|our email|an email|the email|that email|to email|your email of|@",
    "in|through|via|on|using|use|open|with|from…app",
    "our website|the website|on our site|web form|online form|contact form|help page|help centre|help center|live chat|\
     the chat|in chat|whatsapp|kakaotalk|hotline|call centre at|front desk|reception|from this number",
    // … another person, and what is not the customer's to do.
    "call the|call your|contact the|contact your|ring the|ask the|ask your|phone the|reach the|tell the|text the|\
     answer the|reply to the…driver|hotel|bank|airline|airport|police|embassy|issuer|insurer|lost and found|counter|\
     merchant",
    "we will|we'll|we have|we've|our team will|our agent will|driver will|driver may|will call you|may call you|\
     call you back|wait for|await…call from|call you|text you",
    // Korean.
    "앱에|앱의|앱으로|앱을|앱내|어플|이메일로|이메일에|이메일을|e메일|메일로|메일을|홈페이지|웹사이트|게시판|채팅|챗봇|카카오톡|카톡|\
     대표번호|고객센터의|콜센터|고객센터로|112|119",
    "기사님께|기사님에게|기사님한테|기사님과|기사님으로|기사님이|기사에게|기사님전화|기사님의전화",
    "호텔|프런트|프론트|카드사|은행|공항|항공사|경찰|대사관|영사관|분실물센터|유실물센터|안내데스크…로전화|로연락|에전화|에연락|에문의|\
     로문의|에직접|로직접|와연락|측에",
    "회신|답장|답신|답문|답변|연락|전화|문자|메시지|메세지|통화…확인|기다|양해|참고|드리|드렸|드릴|드린|받아|받으|수신|꺼|켜|링크|\
     눌러|누르|무시|삭제|제시|보여|열어|읽어|입력|적힌|첨부",
    "문자로안내|문자로보내드|문자로알려드|문자로발송|문자로전송|전화번호|연락처…수정|변경|확인|입력|등록|점검|갱신",
    // Chinese.
    "邮件|郵件|邮箱|郵箱|app|应用内|应用中|官网|网站|网页|微信|在线客服|在線客服|热线|熱線|小程序|聊天|表单",
    "给司机|联系司机|致电司机|与司机|和司机|向司机|司机会|司机将|司机稍后|司机给|司机的来电|失物招领",
    "联系|致电|拨打|咨询|询问|与|和|向|给|到…酒店|前台|银行|銀行|航空公司|机场|警|使馆|发卡行",
    "查看|查收|查阅|等待|等候|留意|注意|接听|以便…回复|回覆|答复|回电|来电|短信|电话",
    "我们会|我们将|我们已|我們會|我們將|我们稍后|已通过|已经|已回复|感谢您的|感謝您的",
    // Japanese.
    "eメール|メールで|メールに|メールへ|メールを|メールにて|アプリ|チャット|フォーム|サイト|ホームページ|お問い合わせ窓口|line",
    "ホテル|フロント|受付|ドライバー|運転手|乗務員|銀行|カード会社|空港|航空会社|警察|大使館|センター…に電話|へ電話|に直接|へ直接|\
     にお電話|へお電話|に連絡|へ連絡|にご連絡|へご連絡|までご連絡|までお電話|にお問い合わせ|へお問い合わせ|にお知らせ|へお知らせ|\
     にお伝え|へお伝え|にお見せ|に提示|にご相談|へご相談",
    "返信|返答|返事|電話|連絡|sms|メッセージ…確認|お待ちください|お待ち下さい|お待ちいただ|無視|削除|開い|ご覧|に出|お取り|参照|登録",
    "返信いたします|電話いたします|連絡いたします|返信いたしました|連絡いたしました|差し上げ|ありがとう|お送りし",
    // Vietnamese.
    "qua email|qua ứng dụng|trong ứng dụng|tài xế sẽ|chúng tôi sẽ|chúng tôi đã",
];
