// Writes types/api.d.ts from the server's OpenAPI file, or with --check says whether that would change it.

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

// What this repository uses of npm is with its tests: `just setup` puts it there.
const tests = createRequire(new URL("../../../../tests/e2e/package.json", import.meta.url));
const { default: openapiTS, astToString } = tests("openapi-typescript");

const SOURCE = new URL("../../openapi.json", import.meta.url);
const TARGET = new URL("../types/api.d.ts", import.meta.url);
const HEAD = "// Made from crates/server/openapi.json by `npm run types`.\n\n";

const made = HEAD + astToString(await openapiTS(SOURCE));
if (process.argv.includes("--check")) {
  const kept = await readFile(TARGET, "utf8").catch(() => "");
  if (kept !== made) {
    console.error(
      "error: types/api.d.ts is not what openapi.json says\nhint: run `npm run types` in crates/server/npm",
    );
    process.exit(1);
  }
} else {
  await writeFile(TARGET, made);
}
