// Logging in, devices and passkeys, and Windows Security, mostly with the keyboard alone.

import { readFileSync } from "node:fs";
import { expect, expectEqual, limited, sleep } from "../harness.mjs";
import { TOKEN, ceremony, creation, focused, go, on, request, tabTo } from "./pages.mjs";

export async function login(world) {
  await on(world, "", async (page) => {
    expect(!page.url().includes("token"), `the address is still ${page.url()}`);
    expectEqual("what scripts can read", await page.evaluate(() => document.cookie), "");
    const kept = await page.evaluate((token) => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.documentElement.outerHTML]).includes(token), TOKEN);
    expect(!kept, "the page keeps the token");
    const cookies = await page.context().cookies();
    expectEqual("cookies", cookies.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite })), [{ httpOnly: true, sameSite: "Strict" }]);
    await page.reload();
    await page.locator("#connection.live").waitFor();
  });
}

export async function loginForm(world) {
  await on(world, "", async (page) => {
    const input = page.getByLabel("Token");
    await input.fill("wrong");
    await page.keyboard.press("Enter");
    await page.locator("[role=alert] .infobar.bad").waitFor();
    await input.fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.locator("#connection.live").waitFor();
  }, { path: "/" });
}

/** No mouse from here to the end of it. */
export async function keyboardWalk(world) {
  const id = world.ceremonies["a passkey is made"];
  await on(world, "", async (page) => {
    const press = (key) => page.keyboard.press(key);
    await tabTo(page, ".skip");
    await press("Enter");
    expectEqual("the skip link leads to", await page.evaluate(() => document.activeElement.id), "main");

    await page.evaluate(() => document.activeElement.blur());
    await tabTo(page, 'nav a[href="#/devices"]', "Shift+Tab");
    await press("Enter");
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    await tabTo(page, '.cover[href="#/devices/default"]');
    await press("Enter");
    await page.waitForURL(/#\/devices\/default$/);

    await tabTo(page, 'input[type=radio][value="approve"]');
    await press("ArrowRight");
    await world.until("the user declines", async () => (await world.softhello.done("GET", "/api/devices/default")).user.does === "decline");
    await press("ArrowLeft");
    await world.until("the user approves", async () => (await world.softhello.done("GET", "/api/devices/default")).user.does === "approve");
    expect((await focused(page)).includes('value="approve"'), `the change took the focus: ${await focused(page)}`);

    await tabTo(page, '[data-key="passkeys-default"]');
    await press("Enter");
    await page.waitForURL(/#\/devices\/default\/accounts\/default$/);
    await tabTo(page, 'input[aria-label="Search passkeys"]');
    await page.keyboard.type("nowhere.example");
    await page.getByText("No passkey matches.").waitFor();
    for (let at = 0; at < "nowhere.example".length; at += 1) await press("Backspace");
    await tabTo(page, ".passkeys summary");
    await press("Enter");
    await page.getByText("Credential ID").waitFor();
    await tabTo(page, "[data-key^=delete-]");
    await press("Enter");
    expectEqual("the safe choice has the focus", await page.evaluate(() => document.activeElement.textContent), "Cancel");
    // The list is drawn anew below the dialog.
    const row = await page.locator(".passkeys li").elementHandle();
    await world.softhello.done("PUT", "/api/devices/default/user", "approve");
    await world.until("the list is drawn anew", () => row.evaluate((element) => !element.isConnected));
    await press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    expect((await focused(page)).includes("delete-"), `the dialog gave the focus to ${await focused(page)}`);
    expectEqual("passkeys", (await world.softhello.done("GET", "/api/devices/default/accounts/default/passkeys")).length, 1);

    await tabTo(page, 'nav a[href="#/ceremonies"]', "Shift+Tab");
    await press("Enter");
    await tabTo(page, "[role=listbox]");
    await press("End");
    await page.waitForURL(new RegExp(`#/ceremonies/${id}$`));
    const active = await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.getAttribute("aria-selected"));
    expectEqual("the active option", active, "true");
    await page.getByText("The page got a PublicKeyCredential.").waitFor();
    await press("Enter");
    expectEqual("Enter leads to", await page.evaluate(() => document.activeElement.tagName), "H2");
    await tabTo(page, "[role=tab]");
    await press("ArrowRight");
    await page.locator(".steps").waitFor();
    await press("ArrowRight");
    await page.waitForURL(new RegExp(`#/ceremonies/${id}/bytes$`));
    await tabTo(page, ".choices input");
    await press("ArrowRight");
    await tabTo(page, "[role=gridcell]");
    await press("ArrowRight");
    expectEqual("selected by a byte", await page.locator('[role=treeitem][aria-selected="true"]').count(), 1);
    await tabTo(page, "[role=treeitem]");
    await press("ArrowDown");
    expect((await page.locator(".hex .lit").count()) > 0, "the tree lights nothing");
  });
}

export async function management(world) {
  const { softhello } = world;
  await on(world, "#/devices", async (page) => {
    const button = (name) => page.getByRole("button", { name, exact: true });
    const submit = async (name) => {
      await page.locator("dialog").getByRole("button", { name, exact: true }).click();
      // Provisioning makes an RSA key, which takes a debug build seconds.
      await page.locator("dialog").waitFor({ state: "detached", timeout: 40_000 });
    };
    await button("Add a device").click();
    await page.getByLabel("Name").fill("walk-1");
    await page.getByLabel("Time to live in minutes").fill("5");
    await submit("Add");
    await page.getByRole("heading", { name: "walk-1" }).waitFor();
    const device = "/api/devices/walk-1";
    const made = await softhello.done("GET", device);
    expect(made.ephemeral && Date.parse(made.expires) > Date.now() + 60_000, `the device is ${JSON.stringify(made)}`);

    await button("Power cycle").click();
    await page.getByText("The power was cut and is back.").waitFor();
    await page.getByLabel("What the next ceremony meets").selectOption("timeout");
    await page.locator('[data-key="enqueue"]').click();
    await page.getByLabel("Delay in milliseconds").fill("200");
    await page.getByLabel("Delay in milliseconds").blur();
    await world.until("the script is sent", async () => {
      const { user } = await softhello.done("GET", device);
      return user.delayMs === 200 && user.next[0] === "timeout";
    });
    await page.getByRole("button", { name: "Remove Time out" }).click();
    await world.until("the script is empty", async () => (await softhello.done("GET", device)).user.next.length === 0);

    await button("Add an account").click();
    await page.getByLabel("Name").fill("grace@contoso.example");
    await page.getByLabel("Kind").selectOption("entra");
    await submit("Add");
    await page.getByLabel("Signed-in account").selectOption("grace@contoso.example");
    await page.getByText("Signed in as grace@contoso.example.").waitFor();
    const account = async () => (await softhello.done("GET", `${device}/accounts`)).find(({ name }) => name === "grace@contoso.example");
    await page.locator('[data-key="account-grace@contoso.example"]').click();
    const card = page.locator("details.account").filter({ has: page.locator('[data-key="account-grace@contoso.example"]') });
    if (!(await card.getAttribute("open").then((open) => open !== null))) await card.locator("summary").click();
    await card.getByRole("button", { name: "Provision" }).click();
    await submit("Provision");
    expectEqual("WHfB", (await account()).whfb, [{ upn: "grace@contoso.example", inTenant: true }]);
    await card.getByRole("button", { name: "Remove grace@contoso.example in the tenant" }).click();
    await submit("Remove");
    await card.getByText("removed in the tenant, key stays").waitFor();
    await card.getByRole("button", { name: "Change PIN" }).click();
    await page.getByLabel("PIN", { exact: true }).fill("654321");
    await submit("Save");
    expectEqual("PIN", (await account()).pin, "set");
    await card.locator('[data-key^="unpin-"]').click();
    await card.getByText("Not set: Hello cannot be used").waitFor();
    await card.getByRole("button", { name: "Delete container" }).click();
    await page.getByText("is lost").waitFor();
    await submit("Delete container");
    await card.getByText("Not provisioned").waitFor();

    await page.locator('[data-key="delete"]').click();
    await submit("Delete");
    await page.waitForURL(/#\/devices$/);
    expectEqual("devices", (await softhello.done("GET", "/api/devices")).map(({ id }) => id), ["default"]);
  });
}

export async function passkeyFiles(world) {
  const { softhello } = world;
  const { id } = await softhello.done("POST", "/api/devices", {});
  const list = () => softhello.done("GET", `/api/devices/${id}/accounts/default/passkeys`);
  expectEqual("create", (await ceremony(softhello, "create", creation("files@contoso.example"), id)).status, 200);
  const [{ id: passkey }] = await list();
  await on(world, `#/devices/${id}/accounts/default`, async (page) => {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByText("Whoever has it can sign in as them.").waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export private keys" }).click();
    const file = await (await download).path();
    expect(readFileSync(file, "utf8").length > 100, "the file is empty");

    await page.locator(".passkeys summary").click();
    await page.getByRole("button", { name: "Change flags and counter" }).click();
    await page.getByLabel("Signature counter").fill("41");
    await page.getByRole("button", { name: "Save" }).click();
    await world.until("the counter is 41", async () => (await list())[0].signCount === 41);

    await page.getByRole("button", { name: "Delete passkey" }).click();
    await page.locator("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No passkeys yet.").waitFor();
    expectEqual("passkeys", await list(), []);
    expectEqual("get", (await ceremony(softhello, "get", request, id)).status, 422);

    await page.getByRole("button", { name: "Import" }).click();
    await page.getByLabel("File").setInputFiles(file);
    await page.locator("dialog").getByRole("button", { name: "Import" }).click();
    await page.getByText("1 passkey imported.").waitFor();
    await page.locator(".passkeys summary").waitFor();
    expectEqual("passkeys", (await list()).map((item) => item.id), [passkey]);
    expectEqual("get", (await ceremony(softhello, "get", request, id)).status, 200);
  });
  await softhello.done("DELETE", `/api/devices/${id}`);
}

export async function questions(world) {
  const { softhello } = world;
  const { id } = await softhello.done("POST", "/api/devices", { user: "ask" });
  const create = () => ceremony(softhello, "create", creation("asked@contoso.example"), id);
  await on(world, "#/devices", async (page) => {
    await tabTo(page, "button.primary");
    const pin = page.locator('dialog.security input[name="pin"]');
    const answered = async (keys) => {
      const answer = create();
      await pin.waitFor();
      const dialog = await page.locator("dialog.security").innerText();
      for (const part of ["Windows Security", "login.microsoft.com", "default", id]) expect(dialog.includes(part), `${dialog} does not say ${part}`);
      expectEqual("the focus is in", await page.evaluate(() => document.activeElement.name), "pin");
      for (let presses = 0; presses < 8; presses += 1) {
        await page.keyboard.press("Tab");
        // Where the browser's own controls come next, the body has the focus for a moment.
        expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog.security") !== null), `the focus left the dialog for ${await focused(page)}`);
      }
      await tabTo(page, 'input[name="pin"]');
      await keys(page.keyboard);
      // A dialog that only went away would be answered by the deadline, with the same exception.
      const { status, body } = await limited(answer, 5_000, "no answer");
      await page.locator("dialog.security").waitFor({ state: "detached" });
      expectEqual("the focus goes back to", await page.evaluate(() => document.activeElement.textContent), "Add a device");
      return [status, body.name ?? "ok"];
    };

    expectEqual("the right PIN", await answered(async (keyboard) => {
      await keyboard.type("123456");
      await keyboard.press("Enter");
    }), [200, "ok"]);
    expectEqual("Esc", await answered((keyboard) => keyboard.press("Escape")), [422, "NotAllowedError"]);
    expectEqual("Cancel", await answered(async (keyboard) => {
      await tabTo(page, ".foot button:last-child");
      await keyboard.press("Enter");
    }), [422, "NotAllowedError"]);
    expectEqual("a wrong PIN, then the right one", await answered(async (keyboard) => {
      const attempts = async () => Number(/(\d+) attempts? left/.exec(await page.locator("dialog.security").innerText())?.[1]);
      const before = await attempts();
      const old = await page.locator("dialog.security").elementHandle();
      await keyboard.type("0000");
      await keyboard.press("Enter");
      await old.waitForElementState("hidden").catch(() => {});
      await pin.waitFor();
      expectEqual("attempts left", await attempts(), before - 1);
      await keyboard.type("123456");
      await keyboard.press("Enter");
    }), [200, "ok"]);
  });
  await softhello.done("DELETE", `/api/devices/${id}`);
}

export async function settledElsewhere(world) {
  const { softhello } = world;
  const { id } = await softhello.done("POST", "/api/devices", { user: "ask" });
  await on(world, "#/devices", async (page) => {
    const answer = ceremony(softhello, "create", creation("elsewhere@contoso.example"), id);
    await page.locator("dialog.security").waitFor();
    // Another tab that comes later sees it too.
    await on(world, "", (other) => other.locator("dialog.security").waitFor());
    const [question] = await softhello.done("GET", "/api/questions");
    await softhello.done("POST", `/api/questions/${question.id}`, { answer: "no" });
    await page.locator("dialog.security").waitFor({ state: "detached" });
    expectEqual("the answer", (await answer).body.name, "NotAllowedError");
  });
  await softhello.done("DELETE", `/api/devices/${id}`);
}

export async function deadline(world) {
  const { softhello } = world;
  const { id } = await softhello.done("POST", "/api/devices", { user: "ask" });
  await on(world, "#/devices", async (page) => {
    const answer = ceremony(softhello, "create", creation("late@contoso.example", { timeout: 3_000 }), id);
    const left = async () => Number(/(\d+) s left/.exec(await page.locator("dialog.security [role=timer]").innerText())?.[1]);
    await page.locator("dialog.security").waitFor();
    const first = await left();
    await sleep(1_600);
    const second = await left();
    expect(first <= 30 && second < first, `${first} s, then ${second} s`);
    await page.locator("dialog.security").waitFor({ state: "detached" });
    expectEqual("the answer", (await answer).body.name, "NotAllowedError");
  });
  await softhello.done("DELETE", `/api/devices/${id}`);
}

export async function theme(world) {
  await on(world, "", async (page) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await ground();
    await page.getByRole("button", { name: "Dark theme", pressed: false }).click();
    const dark = await ground();
    expect(light !== dark, `both themes are ${light}`);
    await page.reload();
    await page.getByRole("button", { name: "Dark theme", pressed: true }).waitFor();
    expectEqual("after a reload", await ground(), dark);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.getByRole("button", { name: "Dark theme" }).click();
    expectEqual("light on a dark system", await ground(), light);
    await go(page, "#/devices");
  });
}
