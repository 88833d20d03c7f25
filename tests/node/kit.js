// Compares the conformance kit with the JSON Schemas by a second validator: node kit.js FOLDER_WITH_SCHEMAS
//
// Every valid example must be accepted, and every invalid one refused by the stated keyword at the stated place.

const fs = require("node:fs");
const path = require("node:path");
const Ajv2020 = require("ajv/dist/2020");
const addFormats = require("ajv-formats");

const read = (...names) => JSON.parse(fs.readFileSync(path.join(...names), "utf8"));

// Ajv as it comes, and as strict as it can be.
const MODES = {
  default: {},
  strict: { strict: true, strictTypes: true, strictTuples: true, strictRequired: true },
};

function validatorsOf(folder, mode) {
  const ajv = new Ajv2020({ ...mode, allErrors: true });
  addFormats(ajv);
  const files = fs.readdirSync(folder).filter((name) => name.endsWith(".schema.json"));
  return new Map(
    files.map((name) => {
      const kind = name.replace(/\.schema\.json$/, "").replace(/\.(\d+)$/, "/$1");
      return [kind, ajv.compile(read(folder, name))];
    }),
  );
}

function problemsOf(folder, mode) {
  const examples = path.join(folder, "examples");
  const kit = read(examples, "kit.json");
  const validators = validatorsOf(folder, mode);
  const errorsOf = ({ kind, file }) => {
    const validate = validators.get(kind);
    return validate(read(examples, file)) ? [] : validate.errors;
  };
  const refused = kit.valid.flatMap((example) =>
    errorsOf(example).map((error) => `${example.file}: refused by ${error.keyword} at "${error.instancePath}"`),
  );
  const accepted = kit.invalid.flatMap((example) => {
    const reasons = errorsOf(example).map((error) => `${error.keyword} at "${error.instancePath}"`);
    const stated = `${example.keyword} at "${example.path}"`;
    return reasons.includes(stated) ? [] : [`${example.file}: ${stated} is none of [${reasons.join(", ")}]`];
  });
  return { kit, problems: [...refused, ...accepted] };
}

for (const [name, mode] of Object.entries(MODES)) {
  const { kit, problems } = problemsOf(process.argv[2], mode);
  if (problems.length > 0) {
    console.error(problems.join("\n"));
    process.exit(1);
  }
  console.log(`${name}: ${kit.valid.length} accepted, ${kit.invalid.length} refused for the stated reason`);
}
