"""Publishes what the CRM wrote into its table outbox, and marks what the broker has confirmed: relay.py

CLOSURE_AMQP names the broker, CRM_DATABASE the CRM's PostgreSQL with the tables of outbox/tables.sql, and
CLOSURE_IN_FLIGHT how many messages may wait for their confirms at a time (100 without it).
It ends when broker or database goes away or refuses: start it again, as systemd does with Restart=always.
It may be killed at any moment, and several may run at once.
"""

import os
import re
import sys

import pika

from database import connect
from publish import address

POLL_S = 0.2  # how soon it looks again where there was nothing to do
PAUSE_S = 5  # how soon it publishes again what the broker did not take
CONFIRM_S = 30  # a broker that is short of memory or disk says nothing to a publisher

# Another relay passes over the rows that this one holds.
TAKE = """SELECT message_id, kind, body FROM outbox WHERE confirmed_at IS NULL
          ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED"""
MARK = "UPDATE outbox SET confirmed_at = now() WHERE message_id = ANY(%s::uuid[])"
# Where a machine dies with a batch, the database gives its rows back after this time.
HELD_AT_MOST = "-c idle_in_transaction_session_timeout=60s"


class Relay:
    """A batch is one transaction: take rows, publish them, wait for every confirm, mark the rows, commit."""

    def __init__(self, uri, database, in_flight):
        self.database = database
        self.in_flight = in_flight
        self.problem = None
        self.published = 0
        self.connection = pika.SelectConnection(
            pika.URLParameters(uri),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.opened),
            on_open_error_callback=self.fail,
            on_close_callback=self.fail,
        )

    def run(self):
        """Answers what ended it; broker and database have lost nothing."""
        self.connection.ioloop.start()
        return self.problem

    def fail(self, _where, problem):
        self.problem = self.problem or problem
        self.connection.ioloop.stop()

    def opened(self, channel):
        self.channel = channel
        channel.add_on_close_callback(self.fail)
        channel.add_on_return_callback(self.come_back)
        channel.confirm_delivery(self.answered, callback=lambda _frame: self.next_batch())

    def next_batch(self):
        with self.database.cursor() as cursor:
            cursor.execute(TAKE, [self.in_flight])
            rows = cursor.fetchall()
        if not rows:
            self.database.rollback()
            self.connection.ioloop.call_later(POLL_S, self.next_batch)
            return
        self.size, self.waiting, self.kept, self.returned = len(rows), {}, [], {}
        self.late = self.connection.ioloop.call_later(CONFIRM_S, self.tell_late)
        for message_id, kind, body in rows:
            self.published += 1  # the broker counts the messages of a channel in the same way
            self.waiting[self.published] = message_id
            self.publish(message_id, kind, bytes(body))

    def publish(self, message_id, kind, body):
        self.channel.basic_publish(
            exchange="closure.jobs",
            routing_key=kind.split(".")[1].split("/")[0],  # sms, email, dial or cancel
            body=body,
            mandatory=True,
            properties=pika.BasicProperties(
                content_type="application/json", delivery_mode=2, message_id=message_id, type=kind
            ),
        )

    def come_back(self, _channel, method, properties, _body):
        """No queue is bound; the message is confirmed all the same, right after this."""
        self.returned[properties.message_id] = method.reply_text

    def answered(self, frame):
        """An ack or a nack, which may stand for every message up to its own."""
        last, multiple = frame.method.delivery_tag, frame.method.multiple
        for tag in [tag for tag in self.waiting if tag == last or (multiple and tag < last)]:
            message_id = self.waiting.pop(tag)
            if isinstance(frame.method, pika.spec.Basic.Ack) and message_id not in self.returned:
                self.kept.append(message_id)
        if not self.waiting:
            self.end_batch()

    def end_batch(self):
        self.connection.ioloop.remove_timeout(self.late)
        with self.database, self.database.cursor() as cursor:
            cursor.execute(MARK, [self.kept])
        print("confirmed", len(self.kept), flush=True)
        left = self.size - len(self.kept)
        if left:
            words = ", ".join(sorted(set(self.returned.values()))) or "refused"
            print(f"{left} not taken ({words}); again in {PAUSE_S} s", file=sys.stderr)
        self.connection.ioloop.call_later(PAUSE_S if left else 0, self.next_batch)

    def tell_late(self):
        self.fail(None, f"no confirm in {CONFIRM_S} s")


def main():
    in_flight = os.environ.get("CLOSURE_IN_FLIGHT") or "100"
    if not re.fullmatch("[1-9][0-9]{0,3}", in_flight):
        sys.exit("CLOSURE_IN_FLIGHT must be a number from 1 to 9999")
    broker = address()
    database = connect(options=HELD_AT_MOST)
    sys.exit(repr(Relay(broker, database, int(in_flight)).run()))


if __name__ == "__main__":
    main()
