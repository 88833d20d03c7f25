"""Attacks a TLS proxy from one address and brings a receipt from another: proxy.py HOST PORT CA SECRET RECEIPT COUNT.

COUNT connections each: silent before the handshake, half a head, and a body that never ends, all from 127.0.0.2.
Prints {"receipts": [...], "large": ..., "elsewhere": ..., "forged": ..., "closed": ..., "slowest_ms": ...}.
"""

import http.client
import json
import socket
import ssl
import sys
import time

ATTACKER = ("127.0.0.2", 0)
# Longer than every limit of the proxy and of the intake together.
CLOSED_WITHIN_S = 40


def plain(host, port):
    return socket.create_connection((host, port), timeout=20, source_address=ATTACKER)


def main(host, port, ca, secret, receipt, count):
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    strangers = [plain(host, port) for _ in range(count)]
    for bytes_sent in (
        b"POST /receipts/twilio HTTP/1.1\r\nHost: intake\r\nX-Slow",
        b"POST /receipts/twilio HTTP/1.1\r\nHost: intake\r\nX-Twilio-Signature: " + b"A" * 27 + b"=\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nMessageSid=",
    ):
        for _ in range(count):
            stranger = context.wrap_socket(plain(host, port))
            stranger.sendall(bytes_sent)
            strangers.append(stranger)

    def ask(method, path, body, key):
        connection = http.client.HTTPSConnection(host, port, timeout=20, context=context)
        begun = time.monotonic()
        connection.request(method, path, body, {"X-Toast-Webhook-Signature": key, "Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status, int((time.monotonic() - begun) * 1000)

    with open(receipt, "rb") as file:
        body = file.read()
    answers = [ask("POST", "/receipts/nhn", body, secret) for _ in range(20)]
    found = {
        "receipts": [status for status, _ in answers],
        "slowest_ms": max(took for _, took in answers),
        "large": ask("POST", "/receipts/nhn", b" " * (600 * 1024), secret)[0],
        "elsewhere": ask("GET", "/readyz", None, secret)[0],
        "forged": ask("POST", "/receipts/nhn", body, "wrong-secret")[0],
    }
    until = time.monotonic() + CLOSED_WITHIN_S
    closed = 0
    for stranger in strangers:
        stranger.settimeout(max(0.1, until - time.monotonic()))
        try:
            while stranger.recv(65536):
                pass
            closed += 1
        except (TimeoutError, socket.timeout):
            pass
        except OSError:
            closed += 1
    found["closed"] = closed
    json.dump(found, sys.stdout)


main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6]))
