"""Asks a server everything that its OpenAPI document allows, and more: ask_everything.py DOCUMENT ADDRESS

CLOSURE_RULES_TOKEN and CLOSURE_JOBS_TOKEN are its tokens; schemathesis.toml says how it is asked.
"""

import pathlib
import sys

from schemathesis.cli import schemathesis

if __name__ == "__main__":
    document, address = sys.argv[1:]
    settings = pathlib.Path(__file__).with_name("schemathesis.toml")
    sys.argv[1:] = ["--config-file", str(settings), "run", document, "--url", address, "--no-color"]
    schemathesis()
