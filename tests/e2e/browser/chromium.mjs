// Chromium with the extension, driven by Playwright: node chromium.mjs SOFTHELLO

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { error, everyCheck, expectException, newUser, value } from "./checks.mjs";
import {
  CHROMIUM_ARGUMENTS,
  binding,
  check,
  expect,
  expectEqual,
  injection,
  limited,
  main,
  sleep,
  startRelyingParty,
  startSofthello,
  temporary,
} from "./harness.mjs";
import { binaryHost, openChromium, openOptions, script } from "./playwright.mjs";

const SHORT = 1_000; // ms; what a ceremony may take where the backend is broken on purpose

async function everything(after) {
  const softhello = await startSofthello(after, process.argv[2]);
  const origin = await startRelyingParty(after);
  const top = await startEmbedder(after, origin);

  for (const native of [true, false]) {
    const device = await softhello.makeDevice();
    const browser = await launch(after, origin, {
      name: native ? "native messaging" : "HTTP",
      host: native ? binaryHost(after, softhello) : null,
      // Without a token there is no way but the host, and with it none here but HTTP.
      config: { path: device.path, native, ...(!native && { server: softhello.server, token: softhello.token }) },
    });
    await everyCheck(browser, device);
    await frameCheck(browser, top, { crossOrigin: true }); // Chromium tells the extension no top origin
    await restartChecks(browser, device);
    await browser.close();
  }
  await injected(after, origin, softhello, top);
  await fallbackChecks(after, origin, softhello);
  await httpFaults(after, origin);
  await nativeFaults(after, origin);
}

/** In a context of its own, where the extension cannot be. */
async function injected(after, origin, softhello, top) {
  const device = await softhello.makeDevice();
  const chromiumItself = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: false,
    args: CHROMIUM_ARGUMENTS,
  });
  after(() => chromiumItself.close());
  const context = await chromiumItself.newContext();
  const answer = binding(softhello);
  await context.exposeBinding("__softhello", (_source, request) => answer(request));
  await context.addInitScript({ content: injection(device) });
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto(origin);
  const finish = (tab, key) => tab.evaluate((key) => rp.finish(key), key);
  const browser = {
    name: "injection",
    injected: true,
    tabs,
    finish,
    evaluate: (expression) => tabs[0].evaluate(expression),
    run: async (tab, action, argument) =>
      await finish(tab, await tab.evaluate(([action, argument]) => rp.start(action, argument), [action, argument])),
  };
  await everyCheck(browser, device);
  await frameCheck({ ...browser, context }, top, { crossOrigin: true, topOrigin: top });
  await chromiumItself.close();
}

/** The relying party in a frame of the page `top`. */
async function frameCheck(browser, top, wanted) {
  await check(`${browser.name}: a frame in a page of another origin`, async () => {
    await value(browser, "register", { user: newUser() });
    const page = await browser.context.newPage();
    await page.goto(top);
    const inner = page.frames()[1];
    await inner.waitForFunction(() => window.rp);
    const key = await inner.evaluate(() => rp.start("getAt", { rpId: "localhost" }));
    const outcome = await inner.evaluate((key) => rp.finish(key), key);
    expect(!outcome.error, `${outcome.error?.name}: ${outcome.error?.message}`);
    const clientData = JSON.parse(Buffer.from(outcome.value.response.clientDataJSON, "base64url"));
    expectEqual(
      "client data",
      { crossOrigin: clientData.crossOrigin, topOrigin: clientData.topOrigin },
      { topOrigin: undefined, ...wanted },
    );
    await page.close();
  });
}

/** A page of another site with the relying party in a frame that may sign in. */
async function startEmbedder(after, origin) {
  const frame = `<iframe src="${origin}/" allow="publickey-credentials-get ${origin}"></iframe>`;
  const page = `<!doctype html><title>Embedder</title>${frame}`;
  const server = createServer((_request, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end(page),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(async () => server.close());
  return `http://elsewhere.localhost:${server.address().port}`; // Chromium takes every *.localhost for this machine
}

async function launch(after, origin, { name, config, host = null }) {
  const context = await openChromium(after, { config, host });
  const options = await openOptions(context);
  // A create fails if its page is hidden when it ends, so the second tab has a window of its own.
  const tabs = [await context.newPage(), await newWindow(context, options)];
  for (const tab of tabs) await tab.goto(origin);
  // Chromium lets a page begin only while it has the focus.
  let focused = Promise.resolve();
  const begin = async (tab, action, argument) => {
    await tab.bringToFront();
    const key = await tab.evaluate(([action, argument]) => rp.start(action, argument), [action, argument]);
    await tab.evaluate((key) => rp.begun(key), key);
    return key;
  };
  return {
    name,
    injected: false,
    tabs,
    options,
    context,
    async run(tab, action, argument) {
      const begun = focused.then(() => begin(tab, action, argument));
      focused = begun.catch(() => {});
      return await tab.evaluate((key) => rp.finish(key), await begun);
    },
    close: () => context.close(),
  };
}

async function newWindow(context, page) {
  const session = await context.newCDPSession(page);
  const [opened] = await Promise.all([
    context.waitForEvent("page"),
    session.send("Target.createTarget", { url: "about:blank", newWindow: true }),
  ]);
  return opened;
}

/** Chromium stops an idle worker; a crash stops a busy one. */
async function restartChecks(browser, device) {
  const session = await browser.context.newCDPSession(browser.options);
  await session.send("ServiceWorker.enable");
  const stop = () => session.send("ServiceWorker.stopAllWorkers");

  await check(`${browser.name}: a stopped worker starts again`, async () => {
    for (let count = 0; count < 3; count++) {
      await stop();
      await value(browser, "register", { user: newUser() });
    }
    await stop();
    expectEqual("isUVPAA", await value(browser, "isUvpaa"), true);
  });

  await check(`${browser.name}: a request survives its worker as an error`, async () => {
    await device.user({ does: "approve", delayMs: 20_000 });
    const lost = error(browser, "register", { user: newUser() });
    await sleep(1_500);
    await stop();
    await device.user("approve");
    await value({ ...browser, tabs: [browser.tabs[1]] }, "register", { user: newUser() }); // wakes the worker
    expectException(await limited(lost, 5_000, "the page of the lost request hangs"), "UnknownError", 0);
  });
}

async function fallbackChecks(after, origin, softhello) {
  const { server, token } = softhello;
  const device = await softhello.makeDevice();

  await check("HTTP where the native host is missing", async () => {
    const browser = await launch(after, origin, {
      name: "",
      config: { server, token, path: device.path, native: true },
    });
    await value(browser, "register", { user: newUser() });
    expectEqual("status", await statusLine(browser), `Connected to softhello (${server}).`);
    await browser.close();
  });

  await check("the first page is opened when the extension is there", async () => {
    const open = `${origin}/#first`;
    const config = { server, token, path: device.path, native: false, open };
    const browser = await launch(after, origin, { name: "", config });
    const first = browser.context.pages().find((page) => page.url() === open);
    expect(first, `no page is at ${open}`);
    expectEqual("isUVPAA", (await browser.run(first, "isUvpaa")).value, true);
    await browser.close();
  });

  await check("the options page, from nothing to connected", async () => {
    const browser = await launch(after, origin, { name: "", config: null });
    const line = "Not connected: native host missing: run `softhello browser install`.";
    expectEqual("status at first", await statusLine(browser), line);
    const refused = await error(browser, "register", { user: newUser() });
    expectEqual(
      "the page's error",
      [refused.name, refused.message],
      ["UnknownError", "native host missing: run `softhello browser install`"],
    );
    expectEqual("isUVPAA", await value(browser, "isUvpaa"), false);

    await browser.options.getByLabel("Native messaging").uncheck();
    await browser.options.getByLabel("Server").fill(`${server}/`);
    await browser.options.getByLabel("Token").fill("wrong");
    await browser.options.getByLabel("Device").fill(device.path.split("/").at(-1));
    await browser.options.getByRole("button", { name: "Save" }).click();
    expect(
      /^Not connected: .* says: /.test(await statusLine(browser)),
      `with a wrong token: ${await statusLine(browser)}`,
    );
    await browser.options.getByLabel("Token").fill(token);
    await browser.options.getByRole("button", { name: "Save" }).click();
    expectEqual("status at last", await statusLine(browser), `Connected to softhello (${server}).`);
    await value(browser, "register", { user: newUser() });
    expectEqual("isUVPAA at last", await value(browser, "isUvpaa"), true);
    for (const colorScheme of ["light", "dark"]) {
      await browser.options.emulateMedia({ colorScheme });
      expectEqual(`axe-core, ${colorScheme}`, await violations(browser.options), []);
    }
    await browser.close();
  });
}

async function violations(page) {
  // The page's policy would refuse it as a script of the page.
  await page.evaluate(readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8"));
  const { violations } = await page.evaluate(() => axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
}

async function statusLine({ options }) {
  await options.reload();
  await options.waitForFunction(() => !document.querySelector("#status").textContent.startsWith("Looking"));
  return await options.textContent("#status");
}

/** A server that answers every request in the same broken way. */
async function httpFaults(after, origin) {
  let [mode] = Object.keys(httpModes);
  const sockets = new Set();
  const server = createServer((request, response) => {
    const { status = 200, body, close, hang } = httpModes[mode];
    if (hang) return;
    if (close) return request.socket.destroy();
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const config = { server: `http://localhost:${server.address().port}`, token: "t", native: false, timeoutMs: SHORT };
  const browser = await launch(after, origin, { name: "broken server", config });
  for (const name of Object.keys(httpModes)) {
    mode = name;
    await faultCheck(browser, name, httpModes[name].hang ? "NotAllowedError" : "UnknownError");
  }
  await browser.close();
}

const credential = (response) =>
  JSON.stringify({ id: "AA", rawId: "AA", type: "public-key", clientExtensionResults: {}, response });

const httpModes = {
  "no JSON": { body: "<html>" },
  nothing: { body: "" },
  "no credential": { body: "[]" },
  "no clientDataJSON": { body: credential({ attestationObject: "AA" }) },
  "a member missing": { body: credential({ clientDataJSON: "AA" }) },
  "an attestation object that is none": {
    body: credential({
      clientDataJSON: "AA",
      attestationObject: "AA",
      authenticatorData: "AA",
      publicKey: "AA",
      publicKeyAlgorithm: -7,
      transports: [],
      signature: 1,
    }),
  },
  "an error without a reason": { status: 500, body: "{}" },
  "a redirect": { status: 307, body: "" },
  "it closes": { close: true },
  "it hangs": { hang: true },
};

/** A host that reads what to do from a file, for each request anew. */
async function nativeFaults(after, origin) {
  const folder = temporary(after);
  const mode = join(folder, "mode");
  const program = join(folder, "host.mjs");
  writeFileSync(program, `const modeFile = ${JSON.stringify(mode)};\n${brokenHost}`);
  const host = script(after, `exec '${process.execPath}' '${program}'`);
  const config = { path: "/api/devices/default", native: true, timeoutMs: SHORT };
  const browser = await launch(after, origin, { name: "broken native host", config, host });
  const modes = {
    "no status": "UnknownError",
    "no credential": "UnknownError",
    "a member missing": "UnknownError",
    "the answer of another request": "NotAllowedError",
    "it hangs": "NotAllowedError",
    "no JSON": "NotAllowedError", // Chromium drops it without a word
    "a frame of 4 GB": "UnknownError",
    "it ends": "UnknownError",
    "no greeting": "NotAllowedError",
  };
  for (const [name, exception] of Object.entries(modes)) {
    writeFileSync(mode, name);
    await faultCheck(browser, name, exception);
  }
  await browser.close();
}

const brokenHost = `
import { readFileSync } from "node:fs";
let buffer = Buffer.alloc(0);
process.stdin.on("end", () => process.exit()).on("data", (data) => {
  buffer = Buffer.concat([buffer, data]);
  while (buffer.length >= 4 && buffer.length >= 4 + buffer.readUInt32LE(0)) {
    const end = 4 + buffer.readUInt32LE(0);
    answer(JSON.parse(buffer.subarray(4, end)), readFileSync(modeFile, "utf8"));
    buffer = buffer.subarray(end);
  }
});
function answer({ id, hello, cancel }, mode) {
  if (cancel || mode === "no greeting" || (mode === "it hangs" && !hello)) return;
  if (hello) return send({ id, status: 200, body: { version: "broken" } });
  switch (mode) {
    case "no status": return send({ id });
    case "no credential": return send({ id, status: 200, body: 1 });
    case "a member missing": return send({ id, status: 200, body: { id: "AA", response: { clientDataJSON: "AA" } } });
    case "the answer of another request": return send({ id: id + 1000, status: 200, body: {} });
    case "no JSON": return write(Buffer.from("{"));
    case "a frame of 4 GB": return process.stdout.write(Buffer.from("ffffffff00", "hex"));
    case "it ends": return process.exit(1);
  }
}
function send(message) { write(Buffer.from(JSON.stringify(message))); }
function write(bytes) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  process.stdout.write(Buffer.concat([length, bytes]));
}
`;

async function faultCheck(browser, fault, exception) {
  await check(`${browser.name}: ${fault}`, async () => {
    for (const action of ["createAt", "getAt"]) {
      const start = performance.now();
      expectException(await error(browser, action, { rpId: "localhost" }), exception, 0);
      expect(performance.now() - start < SHORT + 1_000, `${action} took ${performance.now() - start} ms`);
    }
    expectEqual("isUVPAA", await limited(value(browser, "isUvpaa"), SHORT + 1_000, "isUVPAA hangs"), false);
  });
}

await main(everything);
