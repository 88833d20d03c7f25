"""A CRM that knows the JSON Schemas and the broker's address, and nothing else of closure-fleet.

    crm.py amqp://user:password@host:port/vhost FOLDER_WITH_SCHEMAS

It publishes one job of each kind with confirms and `mandatory`, reads its outcomes until every job has ended, and
prints each end as `channel.outcome`.
"""

import json
import pathlib
import sys
import time
import uuid

import jsonschema
import pika

WAIT_S = 60
QUEUE = "crm.python"


def consultation():
    return {"id": f"PY-{uuid.uuid4().hex}", "channel": "board", "revision": 1}


def jobs():
    agent = {"id": "py-1", "extension": "1042"}
    phone = {"country_code": "81", "national_number": "090-5501-1000"}
    return [
        ("sms", {
            "kind": "closure.sms/1", "job_id": str(uuid.uuid4()), "consultation": consultation(), "agent": agent,
            "scope": "overseas", "to": {"phone": phone, "email": "python-fallback@example.com"},
            "sms": {"text": "Hello, this is K.ride. Your refund was completed today."},
        }),
        ("email", {
            "kind": "closure.email/1", "job_id": str(uuid.uuid4()), "consultation": consultation(), "agent": agent,
            "scope": "overseas", "to": {"email": "python-crm@example.com"},
            "email": {"subject": "Your lost item", "text": "Hello,\n\nyour lost item was found."},
        }),
        ("dial", {
            "kind": "closure.dial/1", "job_id": str(uuid.uuid4()), "consultation": consultation(), "agent": agent,
            "scope": "overseas", "to": {"phone": {"number": "+81 90-5501-1000"}},
        }),
    ]


def validator(folder):
    """Checks a message against the schema of its kind."""
    schemas = {}
    for path in pathlib.Path(folder).glob("*.schema.json"):
        schemas[path.name.removesuffix(".schema.json")] = json.loads(path.read_text(encoding="utf-8"))

    def validate(name, message):
        jsonschema.validate(message, schemas[name])

    return validate


def main():
    url, folder = sys.argv[1:3]
    validate = validator(folder)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    # The CRM's own queue comes first, so that no outcome is missed.
    channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(QUEUE, "closure.outcomes", "#")
    channel.confirm_delivery()
    waiting = {}
    for key, job in jobs():
        validate(f"closure.{key}.1", job)
        properties = pika.BasicProperties(
            content_type="application/json", delivery_mode=2, message_id=job["job_id"], type=job["kind"],
        )
        body = json.dumps(job, ensure_ascii=False).encode("utf-8")
        # It raises if the broker does not confirm the message or cannot route it.
        channel.basic_publish("closure.jobs", key, body, properties, mandatory=True)
        waiting[job["job_id"]] = key
    deadline = time.monotonic() + WAIT_S
    for method, properties, body in channel.consume(QUEUE, inactivity_timeout=1):
        if method is not None:
            outcome = json.loads(body)
            validate("closure.outcome.1", outcome)
            assert properties.message_id == outcome["outcome_id"], "an outcome is known by its message_id"
            channel.basic_ack(method.delivery_tag)
            if waiting.pop(outcome["job_id"], None) is not None:
                print(f"{outcome['channel']}.{outcome['outcome']}", outcome["job_id"], flush=True)
        if not waiting:
            break
        if time.monotonic() > deadline:
            sys.exit(f"no outcome in {WAIT_S} s for {sorted(waiting.values())}")
    channel.cancel()
    connection.close()


if __name__ == "__main__":
    main()
