import { setTimeout as sleep } from "node:timers/promises";
import { SofthelloError } from "./api.js";

const DEVICE = "/api/devices/{device}";
const ACCOUNT = `${DEVICE}/accounts/{account}`;
const DEVICE_OPTIONS = ["profile", "profileToml", "seed", "user"];
const ANSWER_TIMEOUT = 10_000; // ms until the page has asked
const POLL = 25; // ms

/** What a test sees of softhello: one device, its user, its passkeys, its traces. */
export class Hello {
  /** The device, as it was when something was last changed through here. */
  device;

  #server;

  static async create(server, options) {
    const asked = Object.fromEntries(
      DEVICE_OPTIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
    );
    return new Hello(server, await server.api("POST", "/api/devices", { body: { ...asked, ephemeral: true } }));
  }

  constructor(server, device) {
    this.#server = server;
    this.device = device;
    this.api = server.api;
    this.user = new User(this);
    this.passkeys = new Passkeys(this);
    this.accounts = new Accounts(this);
    this.whfb = new Whfb(this);
  }

  /** @internal */
  get server() {
    return this.#server;
  }

  get inspector() {
    return this.#server.inspector;
  }

  /** A call below the device's path, or with `ACCOUNT` below the account that is signed in. */
  call(method, path, { path: names, ...request } = {}) {
    const own = { device: this.device.id, account: this.device.account };
    return this.api(method, path, { path: { ...own, ...names }, ...request });
  }

  async refresh() {
    this.device = await this.call("GET", DEVICE);
    return this.device;
  }

  async powerCycle() {
    await this.call("POST", `${DEVICE}/power-cycle`);
  }

  async traces() {
    const summaries = await this.api("GET", "/api/traces", { query: { device: this.device.id } });
    return summaries.reverse(); // as a reader wants them
  }

  async trace(id) {
    if (id === undefined) {
      const [newest] = await this.api("GET", "/api/traces", { query: { device: this.device.id, limit: 1 } });
      if (!newest) return undefined;
      id = newest.id;
    }
    return this.api("GET", "/api/traces/{id}", { path: { id } });
  }

  /** @internal */
  async remove() {
    // Where the server is gone, the device is too, and whatever failed for it has told so.
    await this.call("DELETE", DEVICE).catch(() => {});
  }
}

class Part {
  /** @param {Hello} hello */
  constructor(hello) {
    Object.defineProperty(this, "hello", { value: hello });
  }
}

class User extends Part {
  approve = (options) => this.set({ does: "approve", ...options });
  decline = (options) => this.set({ does: "decline", ...options });
  timeout = (options) => this.set({ does: "timeout", ...options });
  wrongPin = (options) => this.set({ does: "wrong-pin", ...options });
  ask = () => this.set({ does: "ask" });

  /** One entry for each of the next ceremonies; then the user does what they did before. */
  script = (next) => this.set({ ...this.hello.device.user, next });

  async set(user) {
    const { hello } = this;
    hello.device = { ...hello.device, user: await hello.call("PUT", `${DEVICE}/user`, { body: user }) };
    return hello.device.user;
  }

  /** Answers the question of a user that does `ask`, as soon as the page has led to one. */
  async answer(answer, { pin, timeout = ANSWER_TIMEOUT } = {}) {
    const { hello } = this;
    const end = Date.now() + timeout;
    for (;;) {
      const questions = await hello.api("GET", "/api/questions");
      const question = questions.find(({ device }) => device === hello.device.id);
      if (question) {
        const right = answer === "yes" && question.wantsPin ? (pin ?? (await this.#pin(question.account))) : undefined;
        await hello.api("POST", "/api/questions/{id}", {
          path: { id: question.id },
          body: { answer, pin: right },
        });
        return question;
      }
      if (Date.now() > end) {
        const hint = "call `hello.user.ask()` before, and start the ceremony without waiting for it";
        throw new SofthelloError(`softhello asked nothing for ${timeout} ms`, { hint });
      }
      await sleep(POLL);
    }
  }

  async #pin(name) {
    const accounts = await this.hello.accounts.list();
    return accounts.find((account) => account.name === name)?.pin ?? undefined;
  }
}

class Passkeys extends Part {
  list = () => this.hello.call("GET", `${ACCOUNT}/passkeys`);
  update = (id, changes) => this.#one("PATCH", id, changes);
  export = () => this.hello.call("GET", `${ACCOUNT}/export`);
  import = (document) => this.hello.call("POST", `${ACCOUNT}/import`, { body: document });

  async delete(id) {
    await this.#one("DELETE", id);
  }

  /** Deletes those that can be deleted, and says how many these were. */
  async clear() {
    const removable = (await this.list()).filter((passkey) => passkey.removable);
    for (const { id } of removable) await this.delete(id);
    return removable.length;
  }

  #one(method, passkey, body) {
    const id = typeof passkey === "string" ? passkey : passkey.id;
    return this.hello.call(method, `${ACCOUNT}/passkeys/{id}`, { path: { id }, body });
  }
}

class Accounts extends Part {
  list = () => this.hello.call("GET", `${DEVICE}/accounts`);
  add = (name, options) => this.hello.call("POST", `${DEVICE}/accounts`, { body: { name, ...options } });

  /** Signs another account in; passkeys and whfb are then that account's. */
  async use(account) {
    this.hello.device = await this.hello.call("PATCH", DEVICE, { body: { account } });
    return this.hello.device;
  }

  async delete(account) {
    await this.hello.call("DELETE", ACCOUNT, { path: { account } });
  }

  async setPin(pin, account = this.hello.device.account) {
    await this.hello.call("PUT", `${ACCOUNT}/pin`, { path: { account }, body: { pin } });
  }

  async removePin(account = this.hello.device.account) {
    await this.hello.call("DELETE", `${ACCOUNT}/pin`, { path: { account } });
  }

  async deleteContainer(account = this.hello.device.account) {
    await this.hello.call("DELETE", `${ACCOUNT}/container`, { path: { account } });
  }
}

class Whfb extends Part {
  provision = (upn) => this.hello.call("POST", `${ACCOUNT}/whfb`, { body: { upn } });

  /** Removes the method in the tenant; the key stays in the container. */
  async remove(upn) {
    await this.hello.call("DELETE", `${ACCOUNT}/whfb/{upn}`, { path: { upn } });
  }
}
