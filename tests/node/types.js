// Makes TypeScript's types of the JSON Schemas and holds the conformance kit against them: node types.js FOLDER_WITH_SCHEMAS
//
// Each valid example is written down as a value of its type and compiled strictly; a line of JSON for each says its file,
// its kind, and its text as the compiled program has it. A required field that is missing must not compile.

const fs = require("node:fs");
const path = require("node:path");
const { compile } = require("json-schema-to-typescript");
const ts = require("typescript");

const OPTIONS = { strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, types: [] };

const read = (...names) => fs.readFileSync(path.join(...names), "utf8");

// Compiles files that exist in memory alone; gives what is wrong with each, and each as JavaScript.
function compiled(sources) {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  const made = new Map();
  host.getSourceFile = (name, ...rest) =>
    sources.has(name) ? ts.createSourceFile(name, sources.get(name), ...rest) : getSourceFile(name, ...rest);
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  host.writeFile = (name, text) => made.set(name, text);
  const program = ts.createProgram([...sources.keys()], OPTIONS, host);
  program.emit();
  const problems = new Map();
  for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
    problems.set(file?.fileName, ts.flattenDiagnosticMessageText(messageText, "\n"));
  }
  return { made, problems };
}

// A message as a value of its type.
function value(folder, { kind, file }) {
  const text = read(folder, "examples", file);
  return `import type { Message } from "./${kind.replace("/", ".")}";\nexport const message: Message = ${text};\n`;
}

async function main(folder) {
  const { valid, invalid } = JSON.parse(read(folder, "examples", "kit.json"));
  const sources = new Map();
  for (const kind of new Set(valid.map((example) => example.kind))) {
    const file = kind.replace("/", ".");
    const { title: _, ...schema } = JSON.parse(read(folder, `${file}.schema.json`));
    const text = await compile(schema, "Message", { bannerComment: "" });
    sources.set(`/${file}.ts`, text);
  }
  const name = (file) => `/${file.replaceAll("/", "-")}.value.ts`;
  const missing = invalid.filter((example) => example.keyword === "required");
  for (const example of [...valid, ...missing]) {
    sources.set(name(example.file), value(folder, example));
  }
  const { made, problems } = compiled(sources);
  const wrong = valid.filter(({ file }) => problems.has(name(file)));
  const passed = missing.filter(({ file }) => !problems.has(name(file)));
  if (wrong.length + passed.length > 0 || missing.length === 0) {
    const told = wrong.map(({ file }) => `${file}: ${problems.get(name(file))}`);
    throw new Error([...told, ...passed.map(({ file }) => `${file} compiles without a field that is required`)].join("\n"));
  }
  for (const { kind, file } of valid) {
    const module = { exports: {} };
    new Function("exports", made.get(name(file).replace(/\.ts$/, ".js")))(module.exports);
    console.log(JSON.stringify({ file, kind, text: JSON.stringify(module.exports.message) }));
  }
}

main(process.argv[2]).catch((problem) => {
  console.error(problem);
  process.exit(1);
});
