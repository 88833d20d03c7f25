"""Makes types from the JSON Schemas and sends the conformance kit through them: models.py FOLDER_WITH_SCHEMAS

Prints a line of JSON for every valid example: its file, its kind, and its text after it was read and written again.
"""

import importlib.util
import json
import pathlib
import sys
import tempfile

from datamodel_code_generator import DataModelType, InputFileType, generate
from datamodel_code_generator.format import Formatter

ROOTS = {
    "sms": "SmsJob",
    "email": "EmailJob",
    "dial": "DialJob",
    "cancel": "Cancel",
    "outcome": "Outcome",
    "cancel-outcome": "CancelOutcome",
}


def model(schema, root, folder):
    """The class that a schema gives."""
    path = pathlib.Path(folder) / f"{root.lower()}.py"
    generate(
        schema,
        input_file_type=InputFileType.JsonSchema,
        output=path,
        output_model_type=DataModelType.PydanticV2BaseModel,
        formatters=[Formatter.BLACK, Formatter.ISORT],
    )
    spec = importlib.util.spec_from_file_location(root.lower(), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[root.lower()] = module
    spec.loader.exec_module(module)
    return getattr(module, root)


def main():
    folder = pathlib.Path(sys.argv[1])
    kit = json.loads((folder / "examples" / "kit.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as made:
        models = {
            f"closure.{name}/1": model(folder / f"closure.{name}.1.schema.json", root, made)
            for name, root in ROOTS.items()
        }
        for example in kit["valid"]:
            text = (folder / "examples" / example["file"]).read_text(encoding="utf-8")
            # As it is: every optional field that has no value is written as null.
            again = models[example["kind"]].model_validate_json(text).model_dump_json()
            print(json.dumps({"file": example["file"], "kind": example["kind"], "text": again}))


if __name__ == "__main__":
    main()
