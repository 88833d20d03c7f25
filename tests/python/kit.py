"""Compares the conformance kit with the JSON Schemas: kit.py FOLDER_WITH_SCHEMAS

Every valid example must be accepted, and every invalid one refused by the stated keyword at the stated place.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def pointer(error):
    return "".join(f"/{part}" for part in error.absolute_path)


def main():
    folder = pathlib.Path(sys.argv[1])
    kit = read(folder / "examples" / "kit.json")
    validators = {}
    for path in folder.glob("*.schema.json"):
        schema = read(path)
        Draft202012Validator.check_schema(schema)
        kind = "/".join(path.name.removesuffix(".schema.json").rsplit(".", 1))
        validators[kind] = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    problems = []
    for example in kit["valid"]:
        for error in validators[example["kind"]].iter_errors(read(folder / "examples" / example["file"])):
            problems.append(f"{example['file']}: refused by {error.validator} at {pointer(error)!r}")
    for example in kit["invalid"]:
        errors = validators[example["kind"]].iter_errors(read(folder / "examples" / example["file"]))
        reasons = {(error.validator, pointer(error)) for error in errors}
        if (example["keyword"], example["path"]) not in reasons:
            problems.append(f"{example['file']}: {example['keyword']} at {example['path']!r} is none of {reasons}")
    listed = {example["file"] for example in kit["valid"] + kit["invalid"]}
    there = {str(path.relative_to(folder / "examples")) for path in folder.glob("examples/*/*.json")}
    problems += [f"{name}: listed or there, not both" for name in sorted(listed ^ there)]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(kit['valid'])} accepted, {len(kit['invalid'])} refused for the stated reason")


if __name__ == "__main__":
    main()
