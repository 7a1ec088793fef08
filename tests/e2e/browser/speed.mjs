// Speed of a page's ceremonies beside Chromium's own virtual authenticator: node speed.mjs SOFTHELLO [--seconds N]
//
// Three browsers stay open and take turns of N seconds; a ratio is the median over the turns, so that it holds on a busy
// machine too. `just bench-browser` runs it with an optimised build.

import { parseArgs } from "node:util";
import { check, expect, expectEqual, main, startRelyingParty, startSofthello } from "./harness.mjs";
import { binaryHost, openChromium, openOptions } from "./playwright.mjs";

const TURNS = 7;
const BOUND = 0.4; // times Chromium's own, by native messaging
const KINDS = ["create", "get"];

const { values, positionals } = parseArgs({
  options: { seconds: { type: "string", default: "3" } },
  allowPositionals: true,
});
const seconds = Number(values.seconds);

await main(everything);

async function everything(after) {
  expect(positionals.length === 1 && seconds > 0, "usage: node speed.mjs SOFTHELLO [--seconds N]");
  const softhello = await startSofthello(after, positionals[0]);
  const origin = await startRelyingParty(after);
  const own = await chromiumsOwn(after, origin);
  const native = await extension(after, origin, { native: true }, binaryHost(after, softhello));
  const { server, token } = softhello;
  const http = await extension(after, origin, { native: false, server, token }, null);
  const sides = { own, native, http };

  const rates = { own: [], native: [], http: [] };
  for (const page of Object.values(sides)) await ceremonies(page); // nothing is warm before
  for (let turn = 0; turn < TURNS; turn++) {
    // None has the better place.
    const order = turn % 2 === 0 ? ["own", "native", "http"] : ["http", "native", "own"];
    for (const side of order) rates[side].push(await ceremonies(sides[side]));
  }
  expectEqual("passkeys in Chromium's own authenticator", await own.passkeys(), 1);

  const rate = (side, kind) => median(rates[side].map((turn) => turn[kind]));
  const ratio = (side, kind) => median(rates[side].map((turn, index) => turn[kind] / rates.own[index][kind]));
  show(rate, ratio);
  for (const kind of KINDS) {
    await check(`${kind} by native messaging is at least ${BOUND} times Chromium's own`, async () => {
      const reached = ratio("native", kind);
      expect(reached >= BOUND, `it is ${reached.toFixed(2)} times`);
    });
  }
}

async function chromiumsOwn(after, origin) {
  const context = await openChromium(after);
  const page = await context.newPage();
  await page.goto(origin);
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const passkeys = async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length;
  return { page, passkeys };
}

/** With the data directory's own device, in the store on the disk, as `softhello browser launch` has it. */
async function extension(after, origin, config, host) {
  const context = await openChromium(after, { config: { path: "/api/devices/default", ...config }, host });
  await (await openOptions(context)).close();
  const page = await context.newPage();
  await page.goto(origin);
  return { page };
}

/** Creates and gets a second. */
async function ceremonies({ page }) {
  await page.bringToFront();
  return await page.evaluate(pageLoop, { milliseconds: 1000 * seconds });
}

/**
 * Runs in the page. The user is always the same, so that each create takes the place of the passkey before: Chromium's own
 * authenticator has room for three.
 */
async function pageLoop({ milliseconds }) {
  const random = (length) => crypto.getRandomValues(new Uint8Array(length));
  const spent = { create: 0, get: 0 };
  let rounds = 0;
  const start = performance.now();
  let now = start;
  const timed = async (kind, publicKey) => {
    const before = performance.now();
    const credential = await navigator.credentials[kind]({ publicKey });
    now = performance.now();
    spent[kind] += now - before;
    return credential;
  };
  do {
    const created = await timed("create", {
      rp: { id: location.hostname, name: "speed" },
      user: { id: new Uint8Array([1]), name: "ada", displayName: "Ada" },
      challenge: random(32),
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
    const signedIn = await timed("get", {
      rpId: location.hostname,
      challenge: random(32),
      userVerification: "required",
    });
    if (signedIn.id !== created.id) throw new Error("signed in with another passkey");
    rounds++;
  } while (now - start < milliseconds);
  return { create: (1000 * rounds) / spent.create, get: (1000 * rounds) / spent.get };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function show(rate, ratio) {
  const titles = {
    own: "Chromium's own, by CDP",
    native: "extension, native messaging",
    http: "extension, HTTP",
  };
  const row = (title, cells) => console.log(title.padEnd(30) + cells.map((cell) => cell.padStart(9)).join(""));
  row("", ["create/s", "get/s", "create ×", "get ×"]);
  for (const [side, title] of Object.entries(titles)) {
    const rates = KINDS.map((kind) => rate(side, kind).toFixed(0));
    row(title, [...rates, ...(side === "own" ? [] : KINDS.map((kind) => ratio(side, kind).toFixed(2)))]);
  }
}
