"""Publishes closure jobs and cancellations, one file each: publish.py FILE...

CLOSURE_AMQP names the broker: amqp://crm:PASSWORD@host:5672/%2f?heartbeat=10&blocked_connection_timeout=30
"""

import json
import os
import re
import sys
import time

import pika
from pika.exceptions import AMQPError

PAUSES_S = [0.5, 1, 2, 4, 8, 16]  # a broker that restarts is back by then
# The broker says the same at every try: a wrong password, no right, no such exchange, too large a body.
FOR_GOOD = re.compile(r"\b(40[346]|530)\b")
# What needs no percent-encoding in a name or a password, or has it.
PART = r"(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})"
ADDRESS = re.compile(
    rf"(?ia)amqps?://({PART}+(:{PART}*)?@)?({PART}+|\[[0-9a-f:.]+\])(:[0-9]+)?(/[^/?#@\s]*)?(\?[^@#\s]*)?"
)


def address():
    """The broker's; a library would repeat parts of its password in what it says of a wrong one."""
    uri = os.environ["CLOSURE_AMQP"]
    if not ADDRESS.fullmatch(uri):
        sys.exit("CLOSURE_AMQP is no address; percent-encode the special characters of its password")
    return uri


def publish(channel, body):
    """Returns once the broker has the message on disk; raises if it may not have."""
    message = json.loads(body)
    channel.basic_publish(
        exchange="closure.jobs",
        routing_key=message["kind"].split(".")[1].split("/")[0],  # sms, email, dial or cancel
        body=body,
        mandatory=True,
        properties=pika.BasicProperties(
            content_type="application/json",
            delivery_mode=2,
            message_id=message.get("job_id") or message["cancel_id"],
            type=message["kind"],
        ),
    )


def publish_once(uri, body):
    connection = pika.BlockingConnection(pika.URLParameters(uri))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        publish(channel, body)
    finally:
        if connection.is_open:
            connection.close()


def publish_until_confirmed(uri, body):
    """An error leaves the end unknown: the very same bytes are published again, and the job is done once."""
    for pause_s in PAUSES_S:
        try:
            return publish_once(uri, body)
        except AMQPError as problem:
            if FOR_GOOD.search(repr(problem)):
                raise
            print(f"{problem!r}; again in {pause_s} s", file=sys.stderr)
            time.sleep(pause_s)
    return publish_once(uri, body)


if __name__ == "__main__":
    broker = address()
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            # Keep these bytes with your own record before you publish them.
            publish_until_confirmed(broker, file.read())
        print("confirmed", name, flush=True)
