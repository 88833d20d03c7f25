"""Asks and signs as Sinch's own client does: sinch_client.py BASE_URL PLAN TOKEN BODIES SECRET...

BODIES is a file with the bodies of requests of ours, as a list of JSON.
The client's own model reads each, which may have no field that the model lacks; the client makes it again from its own
arguments and sends that to BASE_URL; its models read the answer, the list by our reference and the report, which may
have no field that they lack either.
Prints {"made": [...], "good": [...], "bad": [...]}: for each body the name of the client's batch, and callbacks with
their headers, which the client's own check finds good or bad.
"""

import json
import sys

from sinch import SinchClient
from sinch.domains.authentication.sinch_events.v1.authentication_validation import (
    calculate_sinch_event_signature,
    compute_signed_data,
)
from sinch.domains.sms.models.v1.shared.text_request import TextRequest
from sinch.domains.sms.sinch_events.v1.sms_sinch_event import SmsSinchEvent

REFERENCE = "6f2b1a4e-8f54-5f0e-9d0a-111111111111"
CALLBACKS = [
    {"type": "recipient_delivery_report_sms", "batch_id": "01JHFFHQ0P99JPPNQPJDV7JTBP", "client_reference": REFERENCE,
     "recipient": "84912345678", "code": 0, "status": "Delivered", "at": "2026-07-01T20:00:05.914Z",
     "operator_status_at": "2026-07-01T20:00:05Z"},
    {"type": "recipient_delivery_report_sms", "batch_id": "01JHFFHQ0P99JPPNQPJDV7JTBQ", "recipient": "84912345678",
     "code": 150, "status": "FAILED", "at": "2026-07-01T20:00:05.914Z", "applied_originator": "케이라이드"},
    {"type": "mo_text", "id": "01XXXXX21XXXXX119Z8P1XXXXX", "from": "84912345678", "to": "82234518120", "body": "네 😀",
     "received_at": "2026-07-01T20:00:05.914Z"},
    {"type": "delivery_report_sms", "batch_id": "01JHFFHQ0P99JPPNQPJDV7JTBP", "statuses": [], "total_message_count": 1},
]


def fully_read(model):
    """A field that the client does not know is one that its documents do not have."""
    if model.model_extra:
        sys.exit(f"the client knows no {sorted(model.model_extra)} of {type(model).__name__}")
    return model


def made_again(client, body):
    known = {field.alias or name for name, field in TextRequest.model_fields.items()}
    if not set(body) <= known:
        sys.exit(f"the client knows no {sorted(set(body) - known)}")
    ours = fully_read(TextRequest.model_validate(body))
    theirs = client.sms.batches.send_sms(
        to=ours.to,
        from_=ours.from_,
        body=ours.body,
        delivery_report=ours.delivery_report,
        expire_at=ours.expire_at,
        event_destination_target=ours.event_destination_target,
        client_reference=ours.client_reference,
    )
    fully_read(theirs)
    listed = list(client.sms.batches.list(client_reference=ours.client_reference, page_size=20).iterator())
    if theirs.id not in [fully_read(batch).id for batch in listed]:
        sys.exit("the list by the reference does not have the client's batch")
    report = fully_read(client.sms.delivery_reports.get(batch_id=theirs.id, report_type="summary"))
    if report.batch_id != theirs.id or sum(status.count for status in report.statuses) != 1:
        sys.exit(f"the report is about {report}")
    return theirs.id


def signed(secret, body, nonce="01JHFFHWYY7HSS4FWTMDTQEK8V", timestamp="1736760161"):
    signature = calculate_sinch_event_signature(compute_signed_data(body, nonce, timestamp), secret)
    return {
        "x-sinch-webhook-signature": signature,
        "x-sinch-webhook-signature-algorithm": "HmacSHA256",
        "x-sinch-webhook-signature-nonce": nonce,
        "x-sinch-webhook-signature-timestamp": timestamp,
    }


def changes(headers, body):
    def changed(name, value):
        return {**headers, f"x-sinch-webhook-signature{name}": value}

    yield headers, body + " "
    yield headers, body.replace("type", "kind", 1)
    yield changed("-nonce", "another"), body
    yield changed("-timestamp", "1736760162"), body
    yield changed("", headers["x-sinch-webhook-signature"].swapcase()), body
    yield changed("", headers["x-sinch-webhook-signature"][:-4]), body
    for name in ("", "-nonce", "-timestamp"):
        missing = dict(headers)
        del missing[f"x-sinch-webhook-signature{name}"]
        yield missing, body


def callbacks(secrets):
    good, bad = [], []
    for secret in secrets:
        check = SmsSinchEvent(secret)
        for callback in CALLBACKS:
            for body in (json.dumps(callback), json.dumps(callback, ensure_ascii=False, indent=1)):
                check.parse_event(body)
                headers = signed(secret, body)
                if not check.validate_authentication_header(headers, body):
                    sys.exit("the client does not accept what it signed")
                good.append({"headers": headers, "body": body})
                for other, text in changes(headers, body):
                    if check.validate_authentication_header(other, text):
                        sys.exit(f"the client accepts {other} for {text}")
                    bad.append({"headers": other, "body": text})
    stranger = json.dumps(CALLBACKS[0])
    bad.append({"headers": signed("a stranger's secret", stranger), "body": stranger})
    return good, bad


def main(base_url, plan, token, bodies, *secrets):
    client = SinchClient(service_plan_id=plan, sms_api_token=token, sms_region="us")
    client.configuration.sms_domain_with_service_plan_id = base_url
    with open(bodies, encoding="utf-8") as file:
        made = [made_again(client, body) for body in json.load(file)]
    good, bad = callbacks(secrets)
    json.dump({"made": made, "good": good, "bad": bad}, sys.stdout)


main(*sys.argv[1:])
