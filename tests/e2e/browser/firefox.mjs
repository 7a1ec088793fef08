// Firefox with inject.js, driven by Marionette: node firefox.mjs SOFTHELLO
//
// Marionette exposes no function to pages and runs nothing before their own scripts, but it runs scripts in Firefox
// itself. One there, in the process of each page, sees every new window, gives it the function that inject.js wants, and
// runs inject.js in it as the developer tools would, whatever the page's policy. Another one, in the main process,
// passes the requests to softhello.

import { createConnection } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { everyCheck } from "./checks.mjs";
import {
  Failure,
  freePort,
  injection,
  limited,
  main,
  sleep,
  start,
  startRelyingParty,
  startSofthello,
  temporary,
} from "./harness.mjs";

const PREFERENCES = {
  "app.update.disabledForTesting": true,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,", // nothing outside is asked for
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

async function everything(after) {
  const softhello = await startSofthello(after, process.argv[2]);
  const origin = await startRelyingParty(after);
  const device = await softhello.makeDevice();
  const marionette = await launch(after);
  await marionette.command("WebDriver:NewSession", { capabilities: {} });
  await marionette.command("Marionette:SetContext", { value: "chrome" });
  const pageScript = `const injected = ${JSON.stringify(injection(device))};\n(${inEveryWindow})(this, injected)`;
  await marionette.execute(`(${inTheMainProcess})(...arguments)`, [softhello.address, softhello.token, pageScript]);
  await marionette.command("Marionette:SetContext", { value: "content" });

  const tabs = [(await marionette.command("WebDriver:GetWindowHandle")).value];
  tabs.push((await marionette.command("WebDriver:NewWindow", { type: "tab" })).handle);
  for (const tab of tabs) {
    await marionette.switchTo(tab);
    await marionette.command("WebDriver:Navigate", { url: origin });
  }
  const finish = async (tab, key) => {
    while (true) {
      const outcome = await marionette.inTab(tab, "return window.rp.poll(...arguments)", [key]);
      if (outcome) return outcome;
      await sleep(5);
    }
  };
  await everyCheck(
    {
      injected: true,
      tabs,
      finish,
      evaluate: (expression) => marionette.inTab(tabs[0], `return (${expression})`, []),
      run: async (tab, action, argument) =>
        await finish(
          tab,
          await marionette.inTab(tab, "return window.rp.start(...arguments)", [action, argument ?? {}]),
        ),
    },
    device,
  );
}

async function launch(after) {
  const profile = temporary(after);
  const port = await freePort();
  const preferences = Object.entries({ ...PREFERENCES, "marionette.port": port });
  writeFileSync(
    join(profile, "user.js"),
    preferences.map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`).join(""),
  );
  // Without the last argument Marionette runs nothing in Firefox itself.
  const command = [
    "firefox-esr",
    "--headless",
    "--no-remote",
    "--profile",
    profile,
    "--marionette",
    "-remote-allow-system-access",
  ];
  await start(after, command, { env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" } });
  return await limited(Marionette.connect(after, port), 60_000, "Marionette does not listen");
}

/** Runs in Firefox's main process. */
/* global Services, window */
function inTheMainProcess(server, token, pageScript) {
  const underWay = new Map();
  Services.mm.addMessageListener("softhello:request", async ({ data: { key, text }, target }) => {
    const { id, cancel, method, path, body } = JSON.parse(text);
    if (cancel) return underWay.get(id)?.abort();
    const controller = new window.AbortController();
    underWay.set(id, controller);
    let answer;
    try {
      const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
      const response = await window.fetch(server + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: controller.signal,
      });
      const content = await response.text();
      answer = { status: response.status, body: content === "" ? null : JSON.parse(content) };
    } catch (error) {
      answer = { status: 503, body: { name: null, message: error.message } };
    }
    underWay.delete(id);
    target.messageManager.sendAsyncMessage("softhello:response", { key, text: JSON.stringify(answer) });
  });
  Services.mm.loadFrameScript(`data:application/javascript,${encodeURIComponent(pageScript)}`, true);
}

/** Runs in the process of a page, for each tab anew. */
/* global ChromeUtils, Cu */
function inEveryWindow(tab, injected) {
  const { addDebuggerToGlobal } = ChromeUtils.importESModule("resource://gre/modules/jsdebugger.sys.mjs");
  const sandbox = new Cu.Sandbox(Services.scriptSecurityManager.getSystemPrincipal(), { freshCompartment: true });
  addDebuggerToGlobal(sandbox);
  const debug = new sandbox.Debugger();
  const waiting = new Map();
  let last = 0;
  tab.addMessageListener("softhello:response", ({ data: { key, text } }) => {
    waiting.get(key)?.(text);
    waiting.delete(key);
  });
  tab.addEventListener(
    "DOMWindowCreated",
    ({ target }) => {
      const page = target.defaultView;
      if (!page.isSecureContext || !page.location.protocol.startsWith("http")) return;
      const call = (text) =>
        new page.Promise(
          Cu.exportFunction((resolve) => {
            const key = ++last;
            waiting.set(key, resolve);
            tab.sendAsyncMessage("softhello:request", { key, text });
          }, page),
        );
      Cu.exportFunction(call, page, { defineAs: "__softhello" });
      debug.makeGlobalObjectReference(page).executeInGlobal(injected);
    },
    true,
  );
}

class Marionette {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = new Map();
  #last = 0;
  #tab;
  #turn = Promise.resolve();

  static async connect(after, port) {
    while (true) {
      try {
        const socket = createConnection(port, "127.0.0.1");
        // Its greeting.
        await new Promise((resolve, reject) => socket.once("data", resolve).once("error", reject));
        const marionette = new Marionette(socket);
        after(async () => socket.destroy());
        return marionette;
      } catch {
        await sleep(100);
      }
    }
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (data) => this.#receive(data)).on("error", () => {});
  }

  /** Frames are `LENGTH:[1, id, error, result]`. */
  #receive(data) {
    this.#received = Buffer.concat([this.#received, data]);
    while (true) {
      const colon = this.#received.indexOf(":");
      const end = colon + 1 + Number(this.#received.subarray(0, colon));
      if (colon < 0 || this.#received.length < end) return;
      const [, id, error, result] = JSON.parse(this.#received.subarray(colon + 1, end));
      this.#received = this.#received.subarray(end);
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Failure(`Marionette: ${error.error}: ${error.message}`));
      else resolve(result);
    }
  }

  command(name, parameters = {}) {
    const id = ++this.#last;
    const frame = Buffer.from(JSON.stringify([0, id, name, parameters]));
    this.#socket.write(Buffer.concat([Buffer.from(`${frame.length}:`), frame]));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async execute(script, args) {
    return (await this.command("WebDriver:ExecuteScript", { script, args })).value;
  }

  async switchTo(tab) {
    if (tab !== this.#tab) await this.command("WebDriver:SwitchToWindow", { handle: tab });
    this.#tab = tab;
  }

  /** Marionette has one current tab, so whoever uses another waits for their turn. */
  async inTab(tab, script, args) {
    const done = this.#turn.then(async () => {
      await this.switchTo(tab);
      return await this.execute(script, args);
    });
    this.#turn = done.catch(() => {});
    return await done;
  }
}

await main(everything);
