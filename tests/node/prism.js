"use strict";
// Prism as a validating proxy between us and a gateway that speaks as Twilio does: node prism.js FOLDER PORT UPSTREAM
// The OpenAPI document is Twilio's own, cut down to the messages so that Prism starts in a moment.
// Whatever the document forbids is answered with an error, in requests (422) and in answers (500).

const { readFileSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json";

/** The path of the messages, and what it refers to. */
function trimmed(document) {
  const path = document.paths[MESSAGES];
  const schemas = {};
  const keep = (value) => {
    if (value === null || typeof value !== "object") return;
    const name = typeof value.$ref === "string" && value.$ref.split("/").pop();
    if (name && !(name in schemas)) {
      schemas[name] = document.components.schemas[name];
      keep(schemas[name]);
    }
    Object.values(value).forEach(keep);
  };
  keep(path);
  const components = { ...document.components, schemas };
  return { ...document, paths: { [MESSAGES]: path }, components };
}

/** A list's addresses are whole ones by their format, and without a host in every example: the examples are followed. */
function followExamples(document) {
  const { properties } = document.paths[MESSAGES].get.responses["200"].content["application/json"].schema;
  for (const name of ["uri", "first_page_uri", "next_page_uri", "previous_page_uri"]) delete properties[name].format;
}

const [folder, port, upstream] = process.argv.slice(2);
const core = dirname(require.resolve("@twilio/cli-core/package.json"));
const document = JSON.parse(readFileSync(join(core, "src/services/twilio-api/twilio_api_v2010.json"), "utf8"));
followExamples(document);
const cut = join(folder, "twilio_messages.json");
writeFileSync(cut, JSON.stringify(trimmed(document)));

// Prism's command line reads its arguments from the process.
const cli = require.resolve("@stoplight/prism-cli/dist/index.js");
process.argv = [process.argv[0], cli, "proxy", "-h", "127.0.0.1", "-p", port, "--errors", cut, upstream];
require(cli);
