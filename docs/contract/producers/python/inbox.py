"""Writes outcomes into the CRM's table inbox, one row for each job, and all else into inbox_aside: inbox.py

CLOSURE_AMQP names the broker, CLOSURE_QUEUE your queue of outcomes (crm.outcomes without it), and CRM_DATABASE the CRM's
PostgreSQL with the tables of outbox/tables.sql.
It ends when broker or database goes away: start it again, as systemd does with Restart=always.
It may be killed at any moment, and several may run at once.
"""

import hashlib
import json
import os
import sys

import pika
import psycopg2

from database import connect
from outcomes import address

# A repeat, and a word that is older than the one that is there, change nothing.
HOLD = """INSERT INTO inbox (job_id, generation, word, outcome_id, channel, outcome, code, body)
          VALUES (%(job_id)s, %(generation)s, %(word)s, %(outcome_id)s, %(channel)s, %(outcome)s, %(code)s, %(body)s)
          ON CONFLICT (job_id) DO UPDATE
          SET (generation, word, outcome_id, channel, outcome, code, body, written_at)
            = (excluded.generation, excluded.word, excluded.outcome_id, excluded.channel, excluded.outcome,
               excluded.code, excluded.body, excluded.written_at)
          WHERE (inbox.generation, inbox.word) < (excluded.generation, excluded.word)"""
SET_ASIDE = """INSERT INTO inbox_aside (message_id, kind, body) VALUES (%s, %s, %s)
               ON CONFLICT (message_id) DO NOTHING"""


# What makes an outcome one that the table cannot hold, however often it comes.
UNREADABLE = (ValueError, KeyError, TypeError, psycopg2.DataError, psycopg2.IntegrityError)


def hold(database, body):
    """One row; what else the CRM does about an outcome, it does in the same transaction if `cursor.rowcount` is 1."""
    with database, database.cursor() as cursor:
        cursor.execute(HOLD, {**json.loads(body), "body": body.decode()})


def set_aside(database, properties, body):
    message_id = properties.message_id or hashlib.sha256(body).hexdigest()
    with database, database.cursor() as cursor:
        cursor.execute(SET_ASIDE, [message_id, properties.type, body])


def write(database, properties, body):
    """Each message has its row in the end: one that nobody can read must not stop those behind it."""
    if properties.type == "closure.outcome/1":
        try:
            return hold(database, body)
        except UNREADABLE as problem:
            print("an outcome that cannot be read is set aside:", type(problem).__name__, file=sys.stderr)
    return set_aside(database, properties, body)


def main():
    broker = address()
    database = connect()
    connection = pika.BlockingConnection(pika.URLParameters(broker))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=100)
    for method, properties, body in channel.consume(os.environ.get("CLOSURE_QUEUE") or "crm.outcomes"):
        write(database, properties, body)
        channel.basic_ack(method.delivery_tag)  # only after the commit
    sys.exit("the queue is gone")


if __name__ == "__main__":
    main()
