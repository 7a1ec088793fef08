// Pages that are logged in, what is done on them, and the ceremonies that they show.

import { expect, expectEqual, sleep } from "../harness.mjs";

export const TOKEN = "inspector-test-token";
const ORIGIN = "https://login.microsoft.com";

/** A page that is logged in; whatever it complains about is kept. */
export async function open(world, hash = "", { options = {}, path = null } = {}) {
  const context = await world.browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => world.complaints.push(error.stack));
  page.on("console", (message) => {
    // A refused request is what some of these checks are about, and Chromium reports each.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) world.complaints.push(message.text());
  });
  if (path) return page.goto(world.softhello.server + path).then(() => page);
  await page.goto(world.link);
  await page.locator("#connection.live").waitFor();
  if (hash) await go(page, hash);
  return page;
}

export async function go(page, hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForFunction((to) => location.hash === to, hash);
}

/** Runs `body` with a page, and closes it. */
export async function on(world, hash, body, how) {
  const page = await open(world, hash, how);
  try {
    return await body(page);
  } finally {
    await page.context().close();
  }
}

export const tree = (page) => page.locator("[role=treeitem]");

/** Presses Tab until `selector` has the focus, which has to be visible. */
export async function tabTo(page, selector, key = "Tab") {
  for (let presses = 0; presses < 120; presses += 1) {
    const found = await page.evaluate((wanted) => {
      const element = document.activeElement;
      if (!element?.matches(wanted)) return null;
      const near = [element, element.nextElementSibling, element.firstElementChild].filter(Boolean);
      const outlined = (node, pseudo) => !["none", ""].includes(getComputedStyle(node, pseudo).outlineStyle);
      return near.some((node) => outlined(node) || outlined(node, "::after")) ? "visible" : "invisible";
    }, selector);
    if (found) return expect(found === "visible", `${selector} has the focus, but nothing shows it`);
    await page.keyboard.press(key);
  }
  return expect(false, `${selector} cannot be reached with ${key}`);
}

export const focused = (page) => page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));

export const creation = (user, extra = {}) => ({
  rp: { id: "login.microsoft.com", name: "Microsoft" },
  user: { id: Buffer.from(user).toString("base64url"), name: user, displayName: user },
  challenge: "zVw0RPYbh1rZ9sO5oWc8TQ",
  pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  attestation: "direct",
  ...extra,
});

export const request = { challenge: "AAEC", rpId: "login.microsoft.com" };

export async function ceremony(softhello, kind, options, device = "default") {
  const answer = await softhello.api("POST", `/api/devices/${device}/${kind}`, { origin: ORIGIN, options });
  const [{ id }] = await softhello.done("GET", "/api/traces?limit=1");
  return { ...answer, id };
}

/** One ceremony of each kind that the pages have to show. */
export async function perform(softhello) {
  const created = await ceremony(softhello, "create", creation("ada@contoso.example"));
  expectEqual("create", created.status, 200);
  const excluded = await ceremony(softhello, "create", creation("ada@contoso.example", { excludeCredentials: [{ type: "public-key", id: created.body.id }] }));
  expectEqual("create again", [excluded.status, excluded.body.name], [422, "InvalidStateError"]);
  const signedIn = await ceremony(softhello, "get", request);
  expectEqual("get", signedIn.status, 200);
  return { "a passkey is made": created.id, "this device is already registered": excluded.id, "a sign-in": signedIn.id };
}

/** Waits until `condition` holds: what a page does reaches the server a moment later. */
export async function until(what, condition) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await condition()) return;
    await sleep(50);
  }
  expect(false, `never: ${what}`);
}
