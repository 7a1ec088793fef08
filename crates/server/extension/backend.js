// How the worker reaches softhello: by native messaging, or by HTTP where the host is missing or switched off.

/** What `softhello browser install` registers. */
const HOST = "org.softhello.host";
const DEFAULTS = { server: "http://localhost:7310", token: "", native: true };
const DEFAULT_PATH = "/api/devices/default";
const HELLO_TIMEOUT = 5_000; // ms; a host that starts but says nothing must not hold up a page for longer
const MISSING = 10_000; // ms until a missing host is looked for again, which takes longer than a ceremony by HTTP

/** softhello could not be asked, or its answer is not one. The message is for the developer of the page. */
export class BackendError extends Error {}

/**
 * Settings, read once: `config.json` where `softhello browser launch` or the WebDriver proxy wrote one, else what the
 * options page keeps.
 *
 * @typedef {object} Settings
 * @property {string} server
 * @property {string} token  Without one there is no HTTP.
 * @property {string} [path]  Of the device; without it, what the native host says.
 * @property {boolean} native
 * @property {number} [timeoutMs]  No request takes longer, whatever the page asks for.
 * @property {string} [open]  The first page.
 * @property {boolean} fixed  The options page changes nothing.
 *
 * @returns {Promise<Settings>}
 */
export function settings() {
  return (cached ??= readSettings());
}
let cached;

async function readSettings() {
  try {
    const file = await fetch(chrome.runtime.getURL("config.json"));
    return { ...DEFAULTS, ...(await file.json()), fixed: true };
  } catch {
    return { ...DEFAULTS, ...(await chrome.storage.local.get()), fixed: false };
  }
}

chrome.storage.local.onChanged.addListener(() => {
  cached = undefined;
  missingUntil = 0;
  host?.then(
    (open) => open.close(),
    () => {},
  );
  forgetHost();
});

/**
 * One request below the device's path, as `/create`.
 *
 * @returns {Promise<{status: number, body: unknown}>} What softhello answered, of which nothing is checked.
 * @throws {BackendError} and, if `signal` was aborted, its reason.
 */
export async function exchange(method, path, body, signal) {
  const current = await settings();
  if (current.native && (Date.now() >= missingUntil || !current.token)) {
    try {
      const open = opened ?? (await unless(signal, native()));
      return await open.exchange(method, (current.path ?? open.path) + path, body, signal);
    } catch (error) {
      // Once a host has the request, nobody knows whether a credential was made: only one that never spoke is passed over.
      if (!(error instanceof NoHost) || !current.token) throw error;
      missingUntil = Date.now() + MISSING;
    }
  }
  return await http(current, method, path, body, signal);
}

/** What the options page shows. */
export async function status() {
  const current = await settings();
  const missing = [];
  if (current.native) {
    try {
      return { connected: "native messaging", version: (await native()).version };
    } catch (error) {
      missing.push(error.message);
    }
  }
  if (!current.native || current.token) {
    try {
      const { status, body } = await http(current, "GET", "/uvpaa", undefined, AbortSignal.timeout(HELLO_TIMEOUT));
      if (status === 200) return { connected: current.server, missing };
      missing.push(`${current.server} says: ${body?.message ?? `status ${status}`}`);
    } catch (error) {
      missing.push(error.message);
    }
  }
  return { missing };
}

class NoHost extends BackendError {}

function forgetHost() {
  host = undefined;
  opened = undefined;
}

/** The running host; it is started where there is none. */
function native() {
  if (!host) {
    const started = NativePort.open();
    started.then(
      (port) => {
        if (host === started) opened = port;
      },
      () => {
        if (host === started) host = undefined;
      },
    );
    host = started;
  }
  return host;
}

let missingUntil = 0;

/** @type {Promise<NativePort> | undefined} Forgotten when the host ends, so that the next request starts another. */
let host;
/** @type {NativePort | undefined} The same, once it is open. */
let opened;

/** What a promise resolves to, unless `signal` is aborted before. */
async function unless(signal, promise) {
  const { promise: aborted, reject } = Promise.withResolvers();
  const abort = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A running host. Requests overlap, and are answered in any order. */
class NativePort {
  #port;
  #waiting = new Map();
  #last = 0;

  static async open() {
    const opened = new NativePort();
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(new NoHost(`the native host ${HOST} says nothing`)), HELLO_TIMEOUT);
    try {
      const { body } = await opened.#send({ hello: true }, silence.signal);
      opened.version = body?.version;
      opened.path = body?.path ?? DEFAULT_PATH;
      return opened;
    } catch (error) {
      opened.close();
      throw error instanceof NoHost ? error : new NoHost(error.message);
    } finally {
      clearTimeout(timer);
    }
  }

  constructor() {
    this.#port = chrome.runtime.connectNative(HOST);
    this.#port.onMessage.addListener((message) => {
      this.#take(message?.id)?.resolve(message);
    });
    this.#port.onDisconnect.addListener(() => {
      const reason = chrome.runtime.lastError?.message ?? "";
      forgetHost();
      this.#drop(
        /not found|forbidden/.test(reason)
          ? "native host missing: run `softhello browser install`"
          : `the native host ${HOST} has ended: ${reason}`,
      );
    });
  }

  exchange(method, path, body, signal) {
    return this.#send({ method, path, body }, signal);
  }

  close() {
    this.#port.disconnect();
    this.#drop("the settings of the extension were changed");
  }

  #drop(reason) {
    for (const id of [...this.#waiting.keys()]) this.#take(id).reject(new BackendError(reason));
  }

  #send(message, signal) {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const id = ++this.#last;
      const cancel = () => {
        this.#take(id);
        reject(signal.reason);
        this.#port.postMessage({ id, cancel: true });
      };
      this.#port.postMessage({ id, ...message });
      this.#waiting.set(id, { resolve, reject, forget: () => signal.removeEventListener("abort", cancel) });
      signal.addEventListener("abort", cancel);
    });
  }

  /** The request that `id` answers: each is answered once, and a late answer to a cancelled one is nobody's. */
  #take(id) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.forget();
    return waiting;
  }
}

async function http({ server, token, path: device = DEFAULT_PATH }, method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(new URL(device + path, server), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal,
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
  } catch (error) {
    signal?.throwIfAborted();
    if (!answer) throw new BackendError(`no answer from ${server}: is \`softhello serve\` running there?`);
    throw new BackendError(`${server} answered with status ${answer.status} and no JSON: ${error.message}`);
  }
}
