"""The CRM's PostgreSQL that CRM_DATABASE names, for relay.py and inbox.py."""

import os
import re
import sys

import psycopg2
from psycopg2.extensions import parse_dsn


def connect(**options):
    """The library would show parts of the password in what it says of a wrong address."""
    address = os.environ["CRM_DATABASE"]
    try:
        parts = parse_dsn(address)
    except psycopg2.ProgrammingError:
        parts = None
    if parts is None or "@" in parts.get("host", "") or not re.fullmatch("[0-9,]*", parts.get("port", "")):
        sys.exit("CRM_DATABASE is no address; percent-encode the special characters of its password")
    return psycopg2.connect(address, **options)
