// A client of WebDriver: what the tests need of it, over HTTP as the standard has it.

import { Failure, freePort, limited, sleep, start } from "./harness.mjs";

export class Session {
  #address;
  #turn = Promise.resolve();
  #tab;

  /** Starts `command`, a driver that takes `--port`, and a browser. */
  static async open(after, command, capabilities, options) {
    const port = await freePort();
    await start(after, [...command, `--port=${port}`], options);
    const session = new Session();
    const driver = `http://127.0.0.1:${port}`;
    await limited(ready(driver), 20_000, "the driver is not ready");
    const { sessionId } = await send("POST", `${driver}/session`, { capabilities: { alwaysMatch: capabilities } });
    session.#address = `${driver}/session/${sessionId}`;
    after(() => session.command("DELETE", ""));
    return session;
  }

  async command(method, path, body) {
    return await send(method, this.#address + path, body);
  }

  /** The first tab, and a second one of `type`, both at `url`. */
  async openTabs(url, type) {
    const tabs = [await this.command("GET", "/window"), (await this.command("POST", "/window/new", { type })).handle];
    for (const tab of tabs) {
      await this.command("POST", "/window", { handle: tab });
      await this.command("POST", "/url", { url });
      this.#tab = tab;
    }
    return tabs;
  }

  /** Runs a script in a tab. WebDriver has one current tab, so whoever uses another waits for their turn. */
  async execute(tab, script, ...args) {
    const done = this.#turn.then(async () => {
      if (tab !== this.#tab) await this.command("POST", "/window", { handle: tab });
      this.#tab = tab;
      return await this.command("POST", "/execute/sync", { script, args });
    });
    this.#turn = done.catch(() => {});
    return await done;
  }
}

async function ready(driver) {
  while (true) {
    try {
      return await fetch(`${driver}/status`);
    } catch {
      await sleep(50);
    }
  }
}

async function send(method, url, body) {
  const answer = await fetch(url, { method, body: method === "POST" ? JSON.stringify(body ?? {}) : undefined });
  const { value } = await answer.json();
  if (!answer.ok) throw new Failure(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}
