"""Takes outcomes and answers to cancellations as a webhook, and prints one line for each: webhook.py [PORT]

CLOSURE_WEBHOOK_SECRET is the secret that your operator gave you, whsec_…; two with a space between while it is changed.
It listens on 127.0.0.1 alone: before it stands your own server with TLS.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

SECRETS = [base64.b64decode(secret.removeprefix("whsec_")) for secret in os.environ["CLOSURE_WEBHOOK_SECRET"].split()]
TOLERANCE_S = 300
BODY_BYTES_MAX = 1024 * 1024
one_by_one = Lock()
seen = set()  # in your program: a unique column in your own database


def is_ours(headers, body):
    """Whether the fleet signed these very bytes, within the last five minutes."""
    told_id, told_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not told_at.isdigit() or abs(time.time() - int(told_at)) > TOLERANCE_S:
        return False
    told = headers.get("webhook-signature", "").split()
    for secret in SECRETS:
        digest = hmac.new(secret, f"{told_id}.{told_at}.".encode() + body, hashlib.sha256).digest()
        ours = "v1," + base64.b64encode(digest).decode()
        if any(hmac.compare_digest(ours.encode(), theirs.encode()) for theirs in told):
            return True
    return False


def record(message):
    """Your own commit; a repeat carries the same outcome_id, and what `corrects` names counts no more."""
    if message["kind"] not in LINES:
        print("passed over:", message["kind"], file=sys.stderr)  # a later release tells more
    elif message["outcome_id"] not in seen:
        seen.add(message["outcome_id"])
        print(*LINES[message["kind"]](message), flush=True)


def of_a_job(outcome):
    corrects = ["corrects", outcome["corrects"]] if outcome.get("corrects") else []
    return [f"{outcome['channel']}.{outcome['outcome']}", outcome["code"], outcome["job_id"], *corrects]


def of_a_cancellation(answer):
    return [f"cancel.{answer['outcome']}", answer["cancel_id"]]


LINES = {"closure.outcome/1": of_a_job, "closure.cancel-outcome/1": of_a_cancellation}


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not is_ours(self.headers, body):
            return self.answer(401)
        with one_by_one:
            record(json.loads(body))
        self.answer(204)  # only after your commit

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_words):
        """Outcomes are printed, and nothing else."""


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8090), Webhook)
    print("listening on", server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
