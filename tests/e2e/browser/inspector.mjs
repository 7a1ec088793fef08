// The inspector and the demo page in Chromium: node inspector.mjs SOFTHELLO [--screenshots DIR]
//
// Everything that a page is compared with comes from the HTTP API, not from the page.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { Softhello, check, expectEqual, main, start, temporary } from "./harness.mjs";
import { ceremonyPage, everyByte, everyNode, explained, treeByKeyboard } from "./inspector/bytes.mjs";
import { demoByKeyboard, demoDeclined, demoWithExtension, demoWithout } from "./inspector/demo.mjs";
import { live, many, paused } from "./inspector/list.mjs";
import { demoLooks, dialogLooks, emptyLooks, inspectorLooks, look } from "./inspector/looks.mjs";
import { TOKEN, perform, until } from "./inspector/pages.mjs";
import {
  deadline,
  keyboardWalk,
  login,
  loginForm,
  management,
  passkeyFiles,
  questions,
  settledElsewhere,
  theme,
} from "./inspector/walk.mjs";

const { values, positionals } = parseArgs({
  options: { binary: { type: "string" }, screenshots: { type: "string" } },
  allowPositionals: true,
});
const binary = values.binary ?? positionals[0];
const screenshots = values.screenshots ?? fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));
mkdirSync(screenshots, { recursive: true });

await main(everything);

async function everything(after) {
  const data = join(temporary(after), "data");
  const command = [
    binary,
    "--data",
    data,
    "--store",
    "memory",
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--json",
    "--token",
    TOKEN,
  ];
  const first = JSON.parse((await start(after, command, { line: true })).line);
  const softhello = new Softhello(`http://${first.address}`, first.token, binary, data);
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  after(() => browser.close());
  const world = { softhello, browser, link: first.inspector, screenshots, complaints: [], until };
  const looks = async (states) => {
    for (const [name, state] of Object.entries(states)) await check(`axe: ${name}`, () => look(world, name, state));
  };

  await check("the link logs in, and its token is gone", () => login(world));
  await check("without the link a form asks for the token", () => loginForm(world));
  await looks(emptyLooks);

  world.ceremonies = await perform(softhello);
  for (const [name, id] of Object.entries(world.ceremonies)) {
    await check(`every node of the tree lights its own bytes: ${name}`, () => everyNode(world, id));
  }
  await check("POST /api/explain lights the same ranges", () => explained(world));
  await check("a byte selects the deepest node that holds it", () => everyByte(world));
  await check("the tree by keyboard", () => treeByKeyboard(world));
  await check("a ceremony says what the API says", () => ceremonyPage(world));
  await check("devices, passkeys and a ceremony with the keyboard alone", () => keyboardWalk(world));
  await check("devices and accounts are changed from the page", () => management(world));
  await check("passkeys are exported, deleted and imported", () => passkeyFiles(world));
  await check("Windows Security with the keyboard alone", () => questions(world));
  await check("a question that is settled elsewhere goes away", () => settledElsewhere(world));
  await check("a question says how long there is", () => deadline(world));
  await check("new ceremonies appear, and are announced once", () => live(world));
  await check("new ceremonies wait while paused", () => paused(world));
  await check("the theme is kept", () => theme(world));
  await looks(inspectorLooks);
  await looks(dialogLooks);
  await check("the demo page without an authenticator says so", () => demoWithout(world));
  await check("the demo page with the keyboard alone", () => demoByKeyboard(world));
  await check("the demo page names the exception", () => demoDeclined(world));
  await check("the demo page with the extension, answered in the inspector", () => demoWithExtension(world, after));
  await looks(demoLooks);
  await check("1,000 ceremonies stay usable", () => many(world));
  await check("no page complained", async () => expectEqual("complaints", world.complaints, []));
}
