"""Takes outcomes and answers to cancellations as a webhook, and prints one line for each: webhook.py [PORT]

CLOSURE_WEBHOOK_SECRET is the secret that your operator gave you, whsec_…; two with a space between while it is changed.
It listens on 127.0.0.1 alone: before it stands your own server with TLS.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from outcomes import record  # your own commit


def keys(secrets):
    """What stands behind whsec_ in each secret; without a sound one nobody could be believed."""
    if not secrets or not all(re.fullmatch("whsec_[A-Za-z0-9+/]{32,}={0,2}", secret) for secret in secrets):
        sys.exit("CLOSURE_WEBHOOK_SECRET must be the secret that your operator gave you, whsec_…")
    return [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]


SECRETS = keys(os.environ.get("CLOSURE_WEBHOOK_SECRET", "").split())
TOLERANCE_S = 300
BODY_BYTES_MAX = 1024 * 1024
one_by_one = Lock()


def is_ours(headers, body):
    """Whether the fleet signed these very bytes, within the last five minutes."""
    told_id, told_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", told_at) or abs(time.time() - int(told_at)) > TOLERANCE_S:
        return False
    told = headers.get("webhook-signature", "").split()
    for secret in SECRETS:
        digest = hmac.new(secret, f"{told_id}.{told_at}.".encode() + body, hashlib.sha256).digest()
        ours = "v1," + base64.b64encode(digest).decode()
        if any(hmac.compare_digest(ours.encode(), theirs.encode()) for theirs in told):
            return True
    return False


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        length = re.fullmatch("[0-9]{1,12}", self.headers.get("content-length", ""))
        if not length or int(length[0]) > BODY_BYTES_MAX:
            self.close_connection = True
            return self.answer(413 if length else 411)
        body = self.rfile.read(int(length[0]))
        if not is_ours(self.headers, body):
            return self.answer(401)
        try:
            with one_by_one:
                record(json.loads(body))
        except (ValueError, KeyError, TypeError):
            return self.answer(422)  # nobody can read it, today or tomorrow
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
