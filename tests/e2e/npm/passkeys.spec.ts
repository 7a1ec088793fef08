import { SofthelloError } from "@softhello/playwright";
import { expect, run, test } from "./fixtures";

const ADA = { user: "ada" };

test("a passkey is registered and signs in", async ({ page, hello }) => {
  const registered = await run(page, "register", ADA);
  expect(registered.error).toBeUndefined();
  expect(registered.value.verified.aaguid).toBe(hello.device.aaguid);
  const [passkey] = await hello.passkeys.list();
  expect(passkey).toMatchObject({ id: registered.value.verified.credentialId, rpId: "localhost", signCount: 0 });
  expect((await run(page, "signIn", ADA)).value.verified.userVerified).toBe(true);
  expect((await hello.trace())?.ceremony).toBe("get");
  expect((await hello.traces()).map(({ ceremony, outcome }) => [ceremony, outcome])).toEqual([
    ["create", "ok"],
    ["get", "ok"],
  ]);
});

test("the user declines", async ({ page, hello }) => {
  await hello.user.decline();
  const { error } = await run(page, "register", ADA);
  expect(error?.name).toBe("NotAllowedError");
  expect((await hello.trace())?.error?.chain).toContain("NotAllowedError");
  expect(await hello.passkeys.list()).toEqual([]);
});

test("a script is used up, then the user does what they did before", async ({ page, hello }) => {
  await hello.user.script(["decline", "approve", "decline"]);
  const outcomes = [];
  for (const user of ["one", "two", "three", "four"]) {
    outcomes.push((await run(page, "register", { user })).error?.name ?? "ok");
  }
  expect(outcomes).toEqual(["NotAllowedError", "ok", "NotAllowedError", "ok"]);
});

// The same user twice, in tests that may share a worker: each has a device and a browser of its own.
for (const number of [1, 2]) {
  test(`isolated, ${number}`, async ({ page, hello }) => {
    expect(await hello.passkeys.list()).toEqual([]);
    await page.goto("/");
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
    await page.evaluate(() => localStorage.setItem("seen", "yes"));
    expect((await run(page, "register", { user: `isolated-${number}` })).error).toBeUndefined();
    expect(await hello.passkeys.list()).toHaveLength(1);
    expect(await hello.traces()).toHaveLength(1);
  });
}

test("passkeys are deleted", async ({ page, hello }) => {
  for (const user of ["one", "two", "three"]) await run(page, "register", { user });
  const [first] = await hello.passkeys.list();
  await hello.passkeys.delete(first!);
  expect(await hello.passkeys.list()).toHaveLength(2);
  expect(await hello.passkeys.clear()).toBe(2);
  expect(await hello.passkeys.list()).toEqual([]);
  expect((await run(page, "signIn", { user: "one" })).error?.name).toBe("NotAllowedError");
  await expect(hello.passkeys.delete(first!)).rejects.toThrow(SofthelloError);
});

test("passkeys move to another account", async ({ page, hello }) => {
  await run(page, "register", { user: "mover" });
  const document = await hello.passkeys.export();
  await hello.accounts.add("grace");
  await hello.accounts.use("grace");
  expect(await hello.passkeys.list()).toEqual([]);
  expect((await hello.passkeys.import(document)).imported).toBe(1);
  expect((await run(page, "signIn", { user: "mover" })).error).toBeUndefined();
  expect((await hello.accounts.list()).map(({ name, passkeys }) => [name, passkeys])).toEqual([
    ["default", 1],
    ["grace", 1],
  ]);
});

test("Windows Hello for Business is in the way", async ({ page, hello }) => {
  await hello.whfb.provision("ada@contoso.example");
  expect(await hello.passkeys.list()).toMatchObject([{ kind: "whfb", rpId: "login.microsoft.com", removable: false }]);
  expect(await hello.passkeys.clear()).toBe(0);
  const options = {
    rp: { id: "login.microsoft.com", name: "Entra ID" },
    user: { id: "YWRh", name: "ada@contoso.example", displayName: "Ada" },
    challenge: "AAEC",
    pubKeyCredParams: [],
  };
  const refused = hello.api("POST", "/api/devices/{device}/create", {
    path: { device: hello.device.id },
    body: { origin: "https://login.microsoft.com", options },
  });
  await expect(refused).rejects.toMatchObject({ exception: "InvalidStateError", status: 422 });
  await hello.whfb.remove("ada@contoso.example");
});

test("a user who is asked answers", async ({ page, hello }) => {
  await hello.user.ask();
  const registering = run(page, "register", { user: "asked" });
  const question = await hello.user.answer("yes");
  expect(question.rpId).toBe("localhost");
  expect((await registering).error).toBeUndefined();
});

test("without a PIN there is no Windows Hello", async ({ page, hello }) => {
  await page.goto("/");
  const available = () => page.evaluate(() => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable());
  expect(await available()).toBe(true);
  await hello.accounts.removePin();
  expect(await available()).toBe(false);
  expect((await hello.refresh()).isUvpaa).toBe(false);
});

test.describe("a security key", () => {
  test.use({ helloOptions: { profile: "security-key" } });

  test("is cross-platform", async ({ page, hello }) => {
    expect(hello.device.attachment).toBe("cross-platform");
    await page.goto("/");
    expect(await page.evaluate(() => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())).toBe(false);
  });
});

for (const [how, helloOptions] of [
  ["by HTTP", { native: false }],
  ["by a script in the page", { inject: true }],
] as const) {
  test.describe(how, () => {
    test.use({ helloOptions });

    test(`a passkey is registered ${how}`, async ({ page, hello }) => {
      expect((await run(page, "register", { user: how })).error).toBeUndefined();
      expect(await hello.passkeys.list()).toHaveLength(1);
      await hello.user.decline();
      expect((await run(page, "signIn", { user: how })).error?.name).toBe("NotAllowedError");
    });
  });
}
