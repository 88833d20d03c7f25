// Makes types from the JSON Schemas and sends the conformance kit through them: node quicktype.js FOLDER_WITH_SCHEMAS
//
// Prints a line of JSON for every valid example: its file, its kind, and its text after it was read and written again.

const fs = require("node:fs");
const path = require("node:path");
const { quicktype, InputData, JSONSchemaInput, FetchingJSONSchemaStore } = require("quicktype-core");

const read = (...names) => fs.readFileSync(path.join(...names), "utf8");

// The reader and the writer that a schema gives, in JavaScript, which checks every value that it reads.
async function typesOf(name, schema) {
  const input = new JSONSchemaInput(new FetchingJSONSchemaStore());
  await input.addSource({ name, schema });
  const inputData = new InputData();
  inputData.addInput(input);
  const { lines } = await quicktype({ inputData, lang: "javascript" });
  const made = { exports: {} };
  new Function("module", "exports", lines.join("\n"))(made, made.exports);
  const functions = Object.entries(made.exports);
  const [, reader] = functions.find(([key]) => key.startsWith("to"));
  const [, writer] = functions.find(([key]) => key.endsWith("ToJson"));
  return { reader, writer };
}

async function main(folder) {
  const kit = JSON.parse(read(folder, "examples", "kit.json"));
  const types = new Map();
  for (const { kind, file } of kit.valid) {
    if (!types.has(kind)) {
      const schema = read(folder, `${kind.replace("/", ".")}.schema.json`);
      types.set(kind, await typesOf("Message", schema));
    }
    const { reader, writer } = types.get(kind);
    const text = writer(reader(read(folder, "examples", file)));
    console.log(JSON.stringify({ file, kind, text: JSON.stringify(JSON.parse(text)) }));
  }
}

main(process.argv[2]).catch((problem) => {
  console.error(problem);
  process.exit(1);
});
