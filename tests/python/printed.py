"""Holds what a command printed against its published JSON Schema: printed.py SCHEMA DOCUMENT"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

schema, document = (json.loads(pathlib.Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:])
Draft202012Validator.check_schema(schema)
errors = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(document)
problems = [f"{error.json_path}: {error.message}" for error in errors]
print("\n".join(problems) or "it is what the schema says")
sys.exit(1 if problems else 0)
