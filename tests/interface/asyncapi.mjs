// Validates AsyncAPI documents with the standard's own parser: node asyncapi.mjs FILE…
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const SEVERITY_ERROR = 0;
const parser = new Parser();
let faults = 0;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(readFileSync(file, "utf8"));
  const errors = diagnostics.filter((one) => one.severity === SEVERITY_ERROR);
  errors.forEach((one) => console.error(`${file}: ${one.path.join(".")}: ${one.message}`));
  faults += errors.length + (document ? 0 : 1);
  const count = document?.allMessages().length ?? 0;
  console.log(`${file}: AsyncAPI ${document?.version() ?? "?"}, ${count} messages, ${errors.length} errors`);
}
process.exit(faults ? 1 : 0);
