// What every browser has to do, whichever way softhello reaches it.
//
// A browser is {name?, tabs: [first, second], run(tab, action, argument) → {value} or {error}}. With `injected` its pages
// have inject.js and not the extension; then it has evaluate(expression) and finish(tab, key) for the first tab, and
// `late` says that nothing can run there before the page's own scripts.

import { randomUUID } from "node:crypto";
import { check, expect, expectEqual, sleep } from "./harness.mjs";

const CANCELLED_WITHIN = 2_000; // ms; far less than the user of these checks takes

export async function everyCheck(browser, device) {
  for (const [name, body] of Object.entries({ ...checks, ...(browser.injected ? injectedChecks : proxiedChecks) })) {
    await check(browser.name ? `${browser.name}: ${name}` : name, async () => {
      await device.user("approve");
      await body(browser, device);
    });
  }
}

const checks = {
  async "create and get"(browser) {
    const user = newUser();
    const created = await value(browser, "register", { user });
    expectEqual("wrong in the registration", created.wrong, []);
    expectEqual("attachment", created.attachment, "platform");
    expectEqual("user verified", created.verified.userVerified, true);
    for (const discoverable of [false, true]) {
      const signedIn = await value(browser, "signIn", { user, discoverable });
      expectEqual("wrong in the assertion", signedIn.wrong, []);
      expectEqual("credential", signedIn.verified.credentialId, created.verified.credentialId);
    }
    await value(browser, "register", { user: newUser(), algorithm: -257 });
  },

  async "isUVPAA follows the PIN"(browser, device) {
    expectEqual("with a PIN", await value(browser, "isUvpaa"), true);
    await device.pin(null);
    try {
      expectEqual("without", await value(browser, "isUvpaa"), false);
      const refused = await error(browser, "register", { user: newUser() });
      expectEqual("create without a PIN", refused.name, "ConstraintError");
    } finally {
      await device.pin("123456");
    }
    expectEqual("with a PIN again", await value(browser, "isUvpaa"), true);
  },

  async "prf and credProps"(browser) {
    const user = newUser();
    const created = await value(browser, "register", {
      user,
      extensions: { credProps: true, prf: { eval: { first: "one" } } },
    });
    expectEqual("credProps", created.results.credProps, { rk: true });
    expectEqual("prf at creation", created.results.prf.enabled, true);
    const evaluate = async (inputs) => {
      const signedIn = await value(browser, "signIn", { user, extensions: { prf: { eval: inputs } } });
      return signedIn.results.prf.results;
    };
    const both = await evaluate({ first: "one", second: "two" });
    expectEqual("bytes of an output", Buffer.from(both.first, "base64url").length, 32);
    expect(both.first !== both.second, "two inputs have one output");
    expectEqual("the inputs the other way round", await evaluate({ first: "two", second: "one" }), {
      first: both.second,
      second: both.first,
    });
    expectEqual("the output at creation", created.results.prf.results, { first: both.first });
    const plain = await value(browser, "signIn", { user });
    expectEqual("extensions that were not asked for", plain.results, {});
  },

  async largeBlob(browser) {
    const user = newUser();
    const created = await value(browser, "register", { user, extensions: { largeBlob: { support: "required" } } });
    expectEqual("largeBlob at creation", created.results.largeBlob, { supported: true });
    const written = await value(browser, "signIn", { user, extensions: { largeBlob: { write: "a blob" } } });
    expectEqual("largeBlob after writing", written.results.largeBlob, { written: true });
    const read = await value(browser, "signIn", { user, extensions: { largeBlob: { read: true } } });
    expectEqual("largeBlob after reading", read.results.largeBlob, { blob: "a blob" });
  },

  async "an excluded credential is an InvalidStateError"(browser) {
    const user = newUser();
    await value(browser, "register", { user });
    expectException(await error(browser, "register", { user, exclude: true }), "InvalidStateError", 11);
  },

  async decline(browser, device) {
    const user = newUser();
    await value(browser, "register", { user });
    await device.user({ does: "approve", next: ["decline", "decline"] });
    expectException(await error(browser, "register", { user: newUser() }), "NotAllowedError", 0);
    expectException(await error(browser, "signIn", { user }), "NotAllowedError", 0);
    await value(browser, "signIn", { user });
  },

  async "time-out"(browser, device) {
    const user = newUser();
    await value(browser, "register", { user });
    await device.user({ does: "timeout", delayMs: 300 });
    expectException(await error(browser, "register", { user: newUser() }), "NotAllowedError", 0);
    expectException(await error(browser, "signIn", { user }), "NotAllowedError", 0);
    await device.user("approve");
    await value(browser, "signIn", { user });
  },

  async AbortSignal(browser, device) {
    const user = newUser();
    await value(browser, "register", { user });
    await device.user({ does: "approve", delayMs: 20_000 });
    for (const [action, who] of [
      ["register", newUser()],
      ["signIn", user],
    ]) {
      for (const abort of [{ before: true }, { after: 200 }]) {
        const start = performance.now();
        const aborted = await error(browser, action, { user: who, abort });
        expectException(aborted, "AbortError", 20);
        expect(
          performance.now() - start < CANCELLED_WITHIN,
          `${action} ended ${performance.now() - start} ms after it began`,
        );
      }
    }
    const own = await error(browser, "signIn", { user, abort: { after: 100, reason: "enough" } });
    expectEqual("a reason of the page's own", own.value, "enough");
    // What was cancelled must not hold up, or be found in, what comes next.
    await device.user("approve");
    const start = performance.now();
    await value(browser, "signIn", { user });
    expect(performance.now() - start < CANCELLED_WITHIN, `the next request took ${performance.now() - start} ms`);
  },

  async "two tabs at once"(browser, device) {
    await device.user({ does: "approve", delayMs: 300 });
    const users = [newUser(), newUser()];
    const both = (action) =>
      Promise.all(
        browser.tabs.map(async (tab, index) => okValue(action, await browser.run(tab, action, { user: users[index] }))),
      );
    const created = await both("register");
    const signedIn = await both("signIn");
    expectEqual("credentials", signedIn.map(credentialId), created.map(credentialId));
    expect(created[0].verified.credentialId !== created[1].verified.credentialId, "both tabs have one credential");
  },

  async "an rp.id of another site is a SecurityError"(browser) {
    expectException(await error(browser, "createAt", { rpId: "elsewhere.example" }), "SecurityError", 18);
  },

  async "a malformed call is a TypeError"(browser) {
    for (const what of ["create", "get"]) {
      const refused = await error(browser, "malformed", { what, publicKey: { challenge: "text" } });
      expectEqual(what, [refused.name, refused.isDomException], ["TypeError", false]);
    }
    expectEqual(
      "a user id of no bytes",
      (await error(browser, "createAt", { rpId: "localhost", userId: [] })).name,
      "TypeError",
    );
  },
};

const proxiedChecks = {};

const injectedChecks = {
  async "it is there before the page's scripts"(browser) {
    if (!browser.late) expectEqual("typeof PublicKeyCredential", await browser.evaluate("rp.early"), "function");
  },

  async "the page's timeout is kept"(browser, device) {
    const user = newUser();
    await value(browser, "register", { user });
    await device.user("timeout");
    for (const [action, who] of [
      ["register", newUser()],
      ["signIn", user],
    ]) {
      const start = performance.now();
      expectException(await error(browser, action, { user: who, timeout: 400 }), "NotAllowedError", 0);
      const took = performance.now() - start;
      expect(took > 390 && took < 400 + CANCELLED_WITHIN, `${action} with a timeout of 400 ms ended after ${took} ms`);
    }
  },

  async "conditional mediation"(browser) {
    const user = newUser();
    const { verified } = await value(browser, "register", { user });
    await value(browser, "register", { user: newUser() }); // what a request without a choice would find
    const capabilities = await value(browser, "capabilities");
    expectEqual("conditionalGet", capabilities.conditionalGet && capabilities.isConditionalMediationAvailable, true);
    const pick = `void (window.__softhelloConditional = ${JSON.stringify({ credential: verified.credentialId })})`;
    const request = { user, discoverable: true, mediation: "conditional" };

    expectException(await error(browser, "signIn", { ...request, abort: { after: 300 } }), "AbortError", 20);
    await browser.evaluate(pick);
    expectEqual("picked before", credentialId(await value(browser, "signIn", request)), verified.credentialId);
    const key = await browser.evaluate(`rp.start("signIn", ${JSON.stringify(request)})`);
    await sleep(300);
    expectEqual("before a choice", await browser.evaluate(`rp.poll(${JSON.stringify(key)})`), null);
    await browser.evaluate(pick);
    const picked = await browser.finish(browser.tabs[0], key);
    expectEqual("picked later", credentialId(okValue("signIn", picked)), verified.credentialId);
    expectException(await error(browser, "signIn", { ...request, abort: { after: 300 } }), "AbortError", 20);
  },

  async "getClientCapabilities()"(browser, device) {
    expectEqual("with a PIN", (await value(browser, "capabilities")).userVerifyingPlatformAuthenticator, true);
    await device.pin(null);
    expectEqual("without", (await value(browser, "capabilities")).userVerifyingPlatformAuthenticator, false);
    await device.pin("123456");
  },

  async "signal methods"(browser) {
    const signals = {
      signalUnknownCredential: { rpId: "localhost", credentialId: "AAAA" },
      signalAllAcceptedCredentials: { rpId: "localhost", userId: "AAAA", allAcceptedCredentialIds: [] },
      signalCurrentUserDetails: { rpId: "localhost", userId: "AAAA", name: "ada", displayName: "Ada" },
    };
    for (const [method, options] of Object.entries(signals)) {
      expectEqual(method, await value(browser, "signal", { method, options }), { resolved: true });
    }
    const user = newUser();
    const { verified } = await value(browser, "register", { user });
    const unknown = (options) => ({
      method: "signalUnknownCredential",
      options: { rpId: "localhost", ...options },
    });
    await value(browser, "signal", unknown({ credentialId: verified.credentialId }));
    expectException(await error(browser, "signIn", { user }), "NotAllowedError", 0);

    expectEqual("no base64url", (await error(browser, "signal", unknown({ credentialId: "?" }))).name, "TypeError");
    const foreign = unknown({ rpId: "elsewhere.example", credentialId: "AAAA" });
    expectException(await error(browser, "signal", foreign), "SecurityError", 18);
  },

  async "other kinds of credentials go to the browser"(browser) {
    const outcome = await browser.run(browser.tabs[0], "otherKinds");
    expect(outcome.value?.nothing === null || outcome.error, `got ${JSON.stringify(outcome)}`);
  },

  async "a malformed answer is an error"(browser) {
    const answers = {
      "no JSON": "<html>",
      "no status": "{}",
      "no credential": '{"status": 200, "body": {}}',
      "half a credential": '{"status": 200, "body": {"id": "AA", "rawId": "AA", "response": {"clientDataJSON": "AA"}}}',
      "bad base64url": '{"status": 200, "body": {"id": "AA", "rawId": "A=", "response": {}}}',
      "no reason": '{"status": 500, "body": null}',
    };
    await browser.evaluate("void (window.realBinding = window.__softhello)");
    for (const [what, answer] of Object.entries(answers)) {
      await browser.evaluate(`void (window.__softhello = async () => ${JSON.stringify(answer)})`);
      try {
        expectException(await error(browser, "createAt", { rpId: "localhost" }), "UnknownError", 0);
        expectEqual(`isUVPAA, ${what}`, await value(browser, "isUvpaa"), false);
      } finally {
        await browser.evaluate("void (window.__softhello = window.realBinding)");
      }
    }
  },
};

export function newUser() {
  return `ada-${randomUUID()}@example.org`;
}

export async function value(browser, action, argument) {
  return okValue(action, await browser.run(browser.tabs[0], action, argument));
}

export async function error(browser, action, argument) {
  const outcome = await browser.run(browser.tabs[0], action, argument);
  expect(outcome.error, `${action} should fail, but: ${JSON.stringify(outcome.value)}`);
  return outcome.error;
}

export function expectException(got, name, code) {
  const want = { name, code, isDomException: true };
  expectEqual(
    `exception (${got.message})`,
    { name: got.name, code: got.code, isDomException: got.isDomException },
    want,
  );
  expect(got.message !== "", `${name} has no message`);
}

function okValue(action, outcome) {
  expect(!outcome.error, `${action}: ${outcome.error?.name}: ${outcome.error?.message}`);
  return outcome.value;
}

function credentialId({ verified }) {
  return verified.credentialId;
}
