// Every page and dialog in both themes: axe-core finds nothing, and a screenshot is kept for people to look at.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expectEqual } from "../harness.mjs";
import { plugIn } from "./demo.mjs";
import { ceremony, creation, go, on } from "./pages.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NARROW = { width: 420, height: 860 };

/** Brings a page into a state, and looks at it. A state is [where, what to do there] or only where. */
export async function look(world, name, state) {
  const { at = "", path = null, act = async () => {}, after = async () => {} } = state;
  await on(world, at, async (page) => {
    await act(page, world);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await shoot(world, page, `${name}, ${colorScheme}`);
      expectEqual(`violations, ${colorScheme}`, await violations(page), []);
    }
    if (state.narrow) {
      await page.setViewportSize(NARROW);
      await shoot(world, page, `${name}, narrow`);
      expectEqual("violations, narrow", await violations(page), []);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expectEqual("pixels that stick out", Math.max(0, overflow), 0);
    }
    await after(page, world);
  }, { path, options: { bypassCSP: true } });
}

async function shoot({ screenshots }, page, name) {
  await page.screenshot({ path: join(screenshots, `${name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}.png`) });
}

async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations: found } = await axe.run(document, { resultTypes: ["violations"] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(" | ")}`);
  });
}

const made = (world) => world.ceremonies["a passkey is made"];
const refused = (world) => world.ceremonies["this device is already registered"];
const press = (name) => (page) => page.getByRole("button", { name, exact: true }).first().click();
const dialog = (page) => page.locator("dialog[open]").waitFor();
const opening = (at, name) => ({
  at,
  async act(page) {
    await press(name)(page);
    await dialog(page);
  },
});

export const emptyLooks = {
  "the form for the token": { path: "/", narrow: true, act: (page) => page.getByLabel("Token").waitFor() },
  "nothing has happened yet": { narrow: true, act: (page) => page.getByText("Make the first passkey").waitFor() },
  "no passkeys yet": { at: "#/devices/default/accounts/default", act: (page) => page.getByText("No passkeys yet.").waitFor() },
};

export const inspectorLooks = {
  "the list": { narrow: true, act: (page) => page.getByText("Choose a ceremony").waitFor() },
  "a ceremony that succeeded": { narrow: true, act: (page, world) => show(page, made(world), "", ".diagram") },
  "a ceremony that was refused": { narrow: true, act: (page, world) => show(page, refused(world), "", ".chain") },
  "steps": {
    narrow: true,
    async act(page, world) {
      await show(page, refused(world), "/steps", ".steps");
      await page.getByLabel("Show the steps that do not apply").check();
    },
  },
  "bytes": {
    narrow: true,
    async act(page, world) {
      await show(page, made(world), "/bytes", ".tree");
      await page.getByRole("radio", { name: "attestationObject" }).check();
      await page.locator(".tree-text", { hasText: "credentialPublicKey" }).click();
    },
  },
  "JSON": { act: (page, world) => show(page, made(world), "/json", ".json") },
  "a ceremony that is not there": { act: (page) => show(page, 999_999_999, "", ".detail .infobar.bad") },
  "no ceremony matches": {
    async act(page) {
      await page.getByLabel("Filter by RP, user, error, device or number").fill("nowhere");
      await page.getByText("No ceremony matches.").waitFor();
    },
  },
  "devices": { at: "#/devices", narrow: true, act: (page) => page.locator(".device-grid li").first().waitFor() },
  "a device": {
    at: "#/devices/default", narrow: true,
    async act(page) {
      await page.locator("details.account").first().waitFor();
      await page.getByText("What it says of itself").click();
      await page.locator(".tree").waitFor();
    },
  },
  "a device with messages": {
    at: "#/devices/default",
    async act(page) {
      await press("Power cycle")(page);
      await page.getByText("The power was cut").waitFor();
    },
  },
  "a device that is not there": { at: "#/devices/nowhere", act: (page) => page.locator(".page .infobar.bad").waitFor() },
  "passkeys": {
    at: "#/devices/default/accounts/default", narrow: true,
    async act(page, world) {
      await world.softhello.done("POST", "/api/devices/default/accounts/default/whfb", { upn: "whfb@contoso.example" });
      await page.getByText("Windows Hello for Business").waitFor();
      for (const summary of await page.locator(".passkeys summary").all()) await summary.click();
    },
  },
  "bytes explained": {
    at: "#/explain", narrow: true,
    async act(page) {
      await page.getByLabel("Bytes in hexadecimal").fill("a1616101");
      await press("Explain")(page);
      await page.locator(".tree").waitFor();
      await page.locator(".tree-text").first().click();
    },
  },
};

function show(page, id, tab, selector) {
  return go(page, `#/ceremonies/${id}${tab}`).then(() => page.locator(selector).first().waitFor());
}

export const dialogLooks = {
  "add a device": opening("#/devices", "Add a device"),
  "add an account": opening("#/devices/default", "Add an account"),
  "change the PIN": opening("#/devices/default", "Change PIN"),
  "provision": opening("#/devices/default", "Provision"),
  "delete the container": opening("#/devices/default", "Delete container"),
  "delete the account": opening("#/devices/default", "Delete account"),
  "export": opening("#/devices/default/accounts/default", "Export"),
  "import": opening("#/devices/default/accounts/default", "Import"),
  "delete a passkey": {
    at: "#/devices/default/accounts/default",
    async act(page) {
      for (const summary of await page.locator(".passkeys summary").all()) await summary.click();
      await press("Delete passkey")(page);
      await dialog(page);
    },
  },
  "change flags and counter": {
    at: "#/devices/default/accounts/default",
    async act(page) {
      for (const summary of await page.locator(".passkeys summary").all()) await summary.click();
      await press("Change flags and counter")(page);
      await dialog(page);
    },
  },
  "a dialog that was refused": {
    at: "#/devices/default",
    async act(page) {
      await press("Add an account")(page);
      await page.getByLabel("Name").fill("default");
      await page.locator("dialog").getByRole("button", { name: "Add" }).click();
      await page.locator("dialog .infobar.bad").waitFor();
    },
  },
  "Windows Security": {
    narrow: true,
    async act(page, world) {
      const { id } = await world.softhello.done("POST", "/api/devices", { user: "ask", ttlSeconds: 60 });
      void ceremony(world.softhello, "create", creation("looked-at@contoso.example"), id);
      await page.locator("dialog.security").waitFor();
      world.asked = id;
    },
    async after(page, world) {
      await page.keyboard.press("Escape");
      await page.locator("dialog.security").waitFor({ state: "detached" });
      await world.softhello.done("DELETE", `/api/devices/${world.asked}`);
    },
  },
};

const demo = (act, more = {}) => ({ path: "/demo", act, ...more });
const registering = async (page) => {
  await page.getByRole("button", { name: "Add sign-in method" }).click();
  await page.locator("dialog .kind").click();
};

const registered = async (page) => {
  await plugIn(page);
  await page.reload();
  await registering(page);
  await press("Next")(page);
  await page.getByText("Passkey created").waitFor();
};

export const demoLooks = {
  "demo, no authenticator": demo((page) => page.getByText("No passkey yet").waitFor(), { narrow: true }),
  "demo, add a method": demo(async (page) => {
    await page.getByRole("button", { name: "Add sign-in method" }).click();
    await dialog(page);
  }),
  "demo, passkey": demo(registering),
  "demo, waiting": demo(async (page) => {
    await plugIn(page, { automaticPresenceSimulation: false });
    await page.reload();
    await registering(page);
    await press("Next")(page);
    await page.getByText("Waiting for your device").waitFor();
  }),
  "demo, passkey created": demo(registered),
  "demo, methods": demo(async (page) => {
    await registered(page);
    await press("Done")(page);
    await page.locator("[data-method]").first().waitFor();
  }, { narrow: true }),
  "demo, already registered": demo(async (page) => {
    await registered(page);
    await press("Done")(page);
    await registering(page);
    await press("Next")(page);
    await page.getByText("This device is already registered").waitFor();
  }),
  "demo, signed out": demo(async (page) => {
    await registered(page);
    await press("Done")(page);
    await press("Sign out")(page);
    await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
  }, { narrow: true }),
};
