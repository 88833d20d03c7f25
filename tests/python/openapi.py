"""Compares a server's answers with its OpenAPI document: openapi.py DOCUMENT ANSWERS

ANSWERS has an answer a line: its `path` as the document writes it, `method`, `status`, `headers` and `body`. Each must be
as the document says, and each status of each operation must be among them.
"""

import json
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENT = "urn:document"


def validator(registry, *path):
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return Draft202012Validator({"$ref": f"{DOCUMENT}#{pointer}"}, registry=registry)


def problems(document, registry, answer):
    place = ("paths", answer["path"], answer["method"], "responses", str(answer["status"]))
    response = document["paths"][answer["path"]][answer["method"]]["responses"].get(str(answer["status"]))
    if response is None:
        return ["the status is not in the document"]
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    found = [
        f"the header {name} is missing"
        for name, header in response["headers"].items()
        if header["required"] and name.lower() not in headers
    ]
    media_type = headers.get("content-type")
    if media_type not in response["content"]:
        return found + [f"{media_type} is not in the document"]
    schema = validator(registry, *place, "content", media_type, "schema")
    errors = schema.iter_errors(answer["body"])
    return found + [f"{error.json_path}: {error.validator} {str(error.validator_value)[:200]}" for error in errors]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        answers = [json.loads(line) for line in file]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    registry = Registry().with_resource(DOCUMENT, Resource(contents=document, specification=DRAFT202012))
    wrong = [
        f"{answer['method']} {answer['path']} {answer['status']}: {problem}"
        for answer in answers
        for problem in problems(document, registry, answer)
    ]
    seen = {(answer["path"], answer["method"], str(answer["status"])) for answer in answers}
    described = {
        (path, method, status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
    }
    wrong += [f"{method} {path}: nobody has seen the status {status}" for path, method, status in sorted(described - seen)]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(answers)} answers are as described, with all {len(described)} statuses")


if __name__ == "__main__":
    main()
