"use strict";
// Reads an AsyncAPI document with AsyncAPI's own parser: node asyncapi.js asyncapi.json
// It fails on every error and warning, and prints the operations that the parser understood.

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const ERROR_OR_WARNING = 1; // 0 is an error, 1 a warning, 2 and 3 are advice

async function main(path) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  const serious = diagnostics.filter(({ severity }) => severity <= ERROR_OR_WARNING);
  for (const { code, message, path } of serious) console.error(`${code} at ${path.join("/")}: ${message}`);
  if (serious.length > 0 || !document) process.exit(1);
  for (const operation of document.operations().all()) {
    const kinds = operation.messages().all().map((message) => message.name());
    console.log(operation.id(), operation.action(), kinds.join(" "));
  }
}

main(process.argv[2]);
