"""Signs callbacks as Twilio does, with Twilio's own library: twilio_signatures.py URL TOKEN...

Prints {"good": [...], "bad": [...]}, each {"query", "body", "signature"}.
A bad one is a good one in which the address, a field, the key or the signature was changed after it was signed; the
library itself has to find it bad.
"""

import json
import sys
import uuid
from urllib.parse import parse_qsl, urlencode

from twilio.request_validator import RequestValidator

ACCOUNT = ("AccountSid", "AC0123456789abcdef0123456789abcdef")

FIELDS = [
    [("MessageSid", "SM" + "0" * 32), ("MessageStatus", "sent"), ACCOUNT],
    [
        ("SmsSid", "SM" + "a" * 32),
        ("SmsStatus", "undelivered"),
        ("MessageStatus", "undelivered"),
        ("ErrorCode", "30008"),
        ("To", "+84912345678"),
        ("From", "+82234518120"),
        ("MessageSid", "SM" + "a" * 32),
        ACCOUNT,
        ("ApiVersion", "2010-04-01"),
    ],
    # Names and values that are hard to sort, to encode or to tell apart.
    [("MessageSid", "SM" + "1" * 32), ("MessageStatus", "delivered"), ("messageStatus", "b"), ("_", ""), ("A", ""), ACCOUNT],
    [("MessageSid", "SM" + "2" * 32), ("MessageStatus", "delivered"), ("From", "케이라이드"), ("é", "ü & = ? # +%"), ACCOUNT],
    [("MessageSid", "SM" + "3" * 32), ("MessageStatus", "read"), ("Tag", "b"), ("Tag", "a"), ("Tag", "b"), ("Tags", "c"), ACCOUNT],
]


def queries():
    yield ""
    yield f"?ref={uuid.UUID(int=7)}"
    yield f"?ref={uuid.UUID(int=8)}&more=%20%2B"


def grouped(pairs):
    """The fields as the library takes them: a value, or a list of the values of one name."""
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


class Lists(dict):
    """A name with several values, as a web framework's form has it."""

    def getlist(self, name):
        value = self[name]
        return value if isinstance(value, list) else [value]


def main(url, tokens):
    good, bad = [], []
    for token in tokens:
        validator = RequestValidator(token)
        for query in queries():
            for pairs in FIELDS:
                fields = Lists(grouped(pairs))
                signature = validator.compute_signature(url + query, fields)
                body = urlencode(pairs)
                good.append({"query": query, "body": body, "signature": signature})
                for change in changes(query, body, signature):
                    parsed = Lists(grouped(parse_qsl(change["body"], keep_blank_values=True)))
                    if validator.validate(url + change["query"], parsed, change["signature"]):
                        sys.exit(f"the library accepts {change}")
                    bad.append(change)
    stranger = RequestValidator("a stranger's token").compute_signature(url, Lists(grouped(FIELDS[0])))
    bad.append({"query": "", "body": urlencode(FIELDS[0]), "signature": stranger})
    json.dump({"good": good, "bad": bad}, sys.stdout)


def changes(query, body, signature):
    def changed(**parts):
        return {"query": query, "body": body, "signature": signature, **parts}

    yield changed(query=query + ("&" if query else "?") + "x=1")
    if query:
        yield changed(query=query.replace("ref=0", "ref=1"))
        yield changed(query="")
    yield changed(body=body + "&More=1")
    yield changed(body=body.split("&", 1)[1])
    yield changed(body=body.replace("MessageStatus=", "MessageStatus=x", 1))
    yield changed(signature=signature.swapcase())
    yield changed(signature=signature[:-4])
    yield changed(signature="")


main(sys.argv[1], sys.argv[2:])
