"""What a mail says to readers that are not ours: Python's own parser, and Debian's verifier of DKIM signatures.

    mail.py FILE DKIM_RECORD

It prints one JSON object; `defects` is everything that the parser had to forgive.
"""

import email
import email.policy
import json
import pathlib
import sys

import dkim


def verified(raw, record):
    """Whether a signature over the mail is good, and under which name its key was looked up."""
    asked = []

    def dns(name, timeout=5):
        asked.append((name.decode() if isinstance(name, bytes) else name).rstrip("."))
        return record.encode()

    return {"good": dkim.verify(raw, dnsfunc=dns), "key": asked}


def defects(message):
    for part in message.walk():
        yield from part.defects
        for value in part.values():
            yield from getattr(value, "defects", [])


def addresses(header):
    return [[one.display_name, one.addr_spec] for one in header.addresses]


def main():
    path, record = sys.argv[1:3]
    raw = pathlib.Path(path).read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    json.dump({
        "from": addresses(message["From"]),
        "to": addresses(message["To"]),
        "subject": message["Subject"],
        "date": message["Date"].datetime.isoformat(),
        "message_id": message["Message-ID"],
        "return_path": message["Return-Path"],
        "delivered_to": message["Delivered-To"],
        "received": message.get_all("Received"),
        "kind": message.get_content_type(),
        "plain": message.get_body(("plain",)).get_content(),
        "html": message.get_body(("html",)).get_content(),
        "defects": [repr(defect) for defect in defects(message)],
        "dkim": verified(raw, record),
    }, sys.stdout)


main()
