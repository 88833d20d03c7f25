"""Publishes closure jobs and cancellations, one file each: publish.py FILE...

CLOSURE_AMQP names the broker: amqp://crm:PASSWORD@host:5672/%2f?heartbeat=10&blocked_connection_timeout=30
"""

import json
import os
import sys

import pika
from pika.exceptions import AMQPError

TRIES = 5


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


def publish_until_confirmed(uri, body):
    """An error leaves the end unknown: the very same bytes are published again, and the job is done once."""
    for left in reversed(range(TRIES)):
        try:
            connection = pika.BlockingConnection(pika.URLParameters(uri))
            try:
                channel = connection.channel()
                channel.confirm_delivery()
                publish(channel, body)
                return
            finally:
                if connection.is_open:
                    connection.close()
        except AMQPError:
            if left == 0:
                raise


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            # Keep these bytes with your own record before you publish them.
            publish_until_confirmed(os.environ["CLOSURE_AMQP"], file.read())
        print("confirmed", name, flush=True)
