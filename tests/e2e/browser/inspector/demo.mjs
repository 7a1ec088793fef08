// The demo page: alone, with Chromium's own virtual authenticator, and with the extension before a softhello.

import { expect, expectEqual } from "../harness.mjs";
import { openChromium } from "../playwright.mjs";
import { on, open, tabTo } from "./pages.mjs";

const NO_HELLO = "This browser has no Windows Hello. Run softhello browser launch, then open this page there.";

/** Gives the page's browser an authenticator that a `softhello` could be. */
export async function plugIn(page, options = {}) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...options },
  });
  return { session, authenticatorId };
}

/** Asks for a passkey; what comes of it stands in the dialog then. */
export async function addPasskey(page) {
  await page.getByRole("button", { name: "Add sign-in method" }).click();
  await page.locator("dialog .kind").click();
  await page.getByRole("button", { name: "Next" }).click();
}

export const demo = (world, body) => on(world, "", body, { path: "/demo" });

export async function demoWithout(world) {
  await demo(world, async (page) => {
    await page.getByText(NO_HELLO).waitFor();
    await page.getByRole("button", { name: "Add sign-in method" }).waitFor();
  });
}

export async function demoByKeyboard(world) {
  await demo(world, async (page) => {
    const requests = [];
    page.on("request", (request) => requests.push(new URL(request.url()).pathname));
    const { session, authenticatorId } = await plugIn(page);
    await page.reload();
    const press = (key) => page.keyboard.press(key);
    const register = async () => {
      await tabTo(page, "button.add");
      await press("Enter");
      await tabTo(page, "dialog .kind");
      await press("Enter");
      await tabTo(page, "dialog .primary");
      await press("Enter");
    };
    const close = async () => {
      await tabTo(page, "dialog .foot button:last-child");
      await press("Enter");
      await page.locator("dialog").waitFor({ state: "detached" });
    };

    await page.getByText("No passkey yet").waitFor();
    expectEqual("notices", await page.getByText(NO_HELLO).count(), 0);
    await register();
    await page.getByRole("heading", { name: "Passkey created" }).waitFor();
    await close();
    await page.locator("[data-method]").waitFor();

    await register();
    await page.getByRole("heading", { name: "This device is already registered" }).waitFor();
    expect((await page.locator("dialog .exception").innerText()).startsWith("InvalidStateError: "), "the exception is not named");
    await close();
    expectEqual("methods", await page.locator("[data-method]").count(), 1);

    await tabTo(page, "#who button");
    await press("Enter");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await tabTo(page, ".sign-in button");
    await press("Enter");
    await page.getByRole("heading", { name: "Security info" }).waitFor();

    await tabTo(page, "[data-method] button");
    await press("Enter");
    await tabTo(page, "dialog .danger");
    await press("Enter");
    await page.getByText("No passkey yet").waitFor();
    const { credentials } = await session.send("WebAuthn.getCredentials", { authenticatorId });
    expectEqual("passkeys that stay on the device", credentials.length, 1);

    const other = requests.filter((path) => path !== "/demo" && !path.startsWith("/demo/api/") && !path.startsWith("/static/"));
    expectEqual("what else the page asked for", other, []);
  });
}

export async function demoDeclined(world) {
  await demo(world, async (page) => {
    await plugIn(page, { isUserVerified: false });
    await page.reload();
    await addPasskey(page);
    await page.getByRole("heading", { name: "We couldn’t register your passkey" }).waitFor();
    expect((await page.locator("dialog .exception").innerText()).startsWith("NotAllowedError: "), "the exception is not named");
    await page.getByRole("button", { name: "Try again" }).waitFor();
  });
}

/** As `softhello browser launch` does it: the demo page in a browser with the extension, the inspector beside it. */
export async function demoWithExtension(world, after) {
  const { softhello } = world;
  const { id } = await softhello.done("POST", "/api/devices", { user: "ask" });
  const config = { server: softhello.server, token: softhello.token, path: `/api/devices/${id}`, native: false };
  const context = await openChromium(after, { config });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(`${softhello.server}/demo`);
    await world.until("the page sees Windows Hello", async () => {
      await page.reload();
      return page.evaluate(() => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable());
    });
    await page.reload();
    await page.getByText("No passkey yet").waitFor();
    expectEqual("notices", await page.getByText(NO_HELLO).count(), 0);
    // In a browser of its own: Chromium gives no passkey to a tab that another one hides.
    const inspector = await open(world);
    after(() => inspector.context().close());

    const answer = async () => {
      const dialog = inspector.locator("dialog.security");
      await dialog.waitFor();
      expect((await dialog.innerText()).includes("localhost"), "the dialog does not name the RP");
      await inspector.keyboard.type("123456");
      await inspector.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
    };

    await addPasskey(page);
    await answer();
    await page.getByRole("heading", { name: "Passkey created" }).waitFor();
    await page.getByRole("button", { name: "Done" }).click();
    await addPasskey(page);
    await answer();
    await page.getByRole("heading", { name: "This device is already registered" }).waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await answer();
    await page.getByRole("heading", { name: "Security info" }).waitFor();

    const traces = await softhello.done("GET", `/api/traces?device=${id}`);
    expectEqual("ceremonies", traces.map(({ ceremony, outcome }) => `${ceremony} ${outcome}`), ["get ok", "create InvalidStateError", "create ok"]);
    for (const trace of traces) await inspector.locator(`#ceremony-${trace.id}`).waitFor();
  } finally {
    await context.close();
    await softhello.done("DELETE", `/api/devices/${id}`);
  }
}
