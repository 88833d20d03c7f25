"""The published receiver of outcomes behind TLS: CLOSURE_TEST_TLS names the folder of server.pem and server.key."""

import os
import pathlib
import ssl
import sys

producers = pathlib.Path(__file__).resolve().parents[2] / "docs/contract/producers/python"
sys.path.insert(0, str(producers))

import webhook  # noqa: E402

folder = pathlib.Path(os.environ["CLOSURE_TEST_TLS"])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "server.pem", folder / "server.key")


class Encrypted(webhook.ThreadingHTTPServer):
    def get_request(self):
        connection, address = super().get_request()
        return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address


webhook.ThreadingHTTPServer = Encrypted
webhook.main()
