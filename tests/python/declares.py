"""What the CRM's user may ask the broker for: prints one line for each, with what came of it.

CLOSURE_AMQP names the broker.
"""

import os

import pika
from pika.exceptions import ChannelClosedByBroker

ASKED = {
    "passive queue": lambda channel: channel.queue_declare("crm.outcomes", passive=True),
    "passive exchange": lambda channel: channel.exchange_declare("closure.jobs", passive=True),
    "queue": lambda channel: channel.queue_declare(
        "crm.outcomes", durable=True, arguments={"x-queue-type": "quorum"}
    ),
    "queue of another name": lambda channel: channel.queue_declare("crm.mine", durable=True),
    "exchange": lambda channel: channel.exchange_declare("closure.jobs", "topic", durable=True),
    "binding": lambda channel: channel.queue_bind("crm.outcomes", "closure.outcomes", "#"),
}

connection = pika.BlockingConnection(pika.URLParameters(os.environ["CLOSURE_AMQP"]))
for name, ask in ASKED.items():
    try:
        ask(connection.channel())
        print(name, "is allowed")
    except ChannelClosedByBroker as problem:
        print(name, problem.reply_code)
connection.close()
