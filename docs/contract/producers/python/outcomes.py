"""Reads outcomes and answers to cancellations, and prints one line for each: outcomes.py [COUNT]

CLOSURE_AMQP names the broker, CLOSURE_QUEUE your queue of outcomes (crm.outcomes without it).
"""

import json
import os
import re
import sys

# What needs no percent-encoding in a name or a password, or has it.
PART = r"(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})"
ADDRESS = re.compile(
    rf"(?ia)amqps?://({PART}+(:{PART}*)?@)?({PART}+|\[[0-9a-f:.]+\])(:[0-9]+)?(/[^/?#@\s]*)?(\?[^@#\s]*)?"
)

seen = set()  # in your program: a unique column in your own database


def record(message):
    """Your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more."""
    if message["kind"] not in LINES:
        print("passed over:", message["kind"], file=sys.stderr)  # a later release tells more
    elif message["outcome_id"] not in seen:
        line = LINES[message["kind"]](message)
        seen.add(message["outcome_id"])
        print(*line, flush=True)


def of_a_job(outcome):
    corrects = ["corrects", outcome["corrects"]] if outcome.get("corrects") else []
    return [f"{outcome['channel']}.{outcome['outcome']}", outcome["code"], outcome["job_id"], *corrects]


def of_a_cancellation(answer):
    return [f"cancel.{answer['outcome']}", answer["cancel_id"]]


LINES = {"closure.outcome/1": of_a_job, "closure.cancel-outcome/1": of_a_cancellation}


def address():
    """The broker's; a library would repeat parts of its password in what it says of a wrong one."""
    uri = os.environ["CLOSURE_AMQP"]
    if not ADDRESS.fullmatch(uri):
        sys.exit("CLOSURE_AMQP is no address; percent-encode the special characters of its password")
    return uri


def main():
    import pika  # webhook.py takes record from here, and needs no package

    count = int(sys.argv[1]) if len(sys.argv) > 1 else None
    connection = pika.BlockingConnection(pika.URLParameters(address()))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=100)
    for method, _properties, body in channel.consume(os.environ.get("CLOSURE_QUEUE") or "crm.outcomes"):
        record(json.loads(body))
        channel.basic_ack(method.delivery_tag)  # only after your commit
        if len(seen) == count:
            break
    else:
        sys.exit("the queue is gone")
    connection.close()


if __name__ == "__main__":
    main()
