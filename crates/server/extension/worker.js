// Passkey requests of this browser go to softhello, and its answers to the pages.
//
// Chromium times out no proxied request, and keeps a page waiting for ever if it cannot use an answer. So every request
// that arrives here is completed: once, in time, with something that Chromium takes.

import { BackendError, exchange, settings, status } from "./backend.js";

const proxy = chrome.webAuthenticationProxy;

const DEFAULT_TIMEOUT = 300_000; // ms, WebAuthn L3 §5.4 and §5.5: what to take where the page says nothing
const GRACE = 1_000; // ms; the server's own time-out says more, so it may come first
const UVPAA_TIMEOUT = 5_000; // ms
const KEEP_ALIVE = 20_000; // ms; Chromium ends a worker after 30 s without an event or a call
const SLOW = 500; // ms; noting every request would cost more than answering it
const TICK = 100; // ms; so would timers for each

/** @type {Map<number, Pending>} The requests that are not completed yet. */
const pending = new Map();

// All of this comes before the first await: Chromium starts the worker for an event and delivers it at once.
const attached = proxy.attach();
proxy.onCreateRequest.addListener((request) => ceremony("create", request));
proxy.onGetRequest.addListener((request) => ceremony("get", request));
proxy.onIsUvpaaRequest.addListener(isUvpaa);
proxy.onRequestCanceled.addListener((requestId) => take(requestId)?.cancel());
chrome.runtime.onMessage.addListener((message, _sender, respond) => {
  if (message?.status !== true) return false;
  report().then(respond);
  return true; // the answer comes later
});
// They start the worker with the browser and with the extension: it has to attach before a page asks.
chrome.runtime.onStartup.addListener(() => {});
chrome.runtime.onInstalled.addListener(openFirstPage);
completeLost();
tellSession();

/** A WebDriver session begins when its server knows that pages get its authenticators. */
async function tellSession() {
  try {
    await attached;
    if (!(await settings()).path?.startsWith("/api/sessions/")) return;
    await exchange("GET", "/uvpaa", undefined, AbortSignal.timeout(UVPAA_TIMEOUT));
  } catch (error) {
    console.warn("the session was not told:", error.message);
  }
}

async function ceremony(name, { requestId, requestDetailsJson }) {
  const request = begin(requestId, name);
  let answer;
  try {
    const options = JSON.parse(requestDetailsJson);
    await request.end((options.timeout ?? DEFAULT_TIMEOUT) + GRACE);
    answer = outcome(await exchange("POST", `/${name}`, { options }, request.signal));
  } catch (error) {
    answer = { error: exception(error) };
  }
  if (!take(requestId)) return;
  try {
    await complete[name]({ requestId, ...answer });
  } catch (error) {
    const message = `Chromium cannot use softhello's answer: ${error.message}`;
    await complete[name]({ requestId, error: { name: "UnknownError", message } }).catch(gone);
  }
}

async function isUvpaa({ requestId }) {
  const request = begin(requestId, "isUvpaa");
  let isUvpaa = false;
  try {
    await request.end(UVPAA_TIMEOUT);
    const { status, body } = await exchange("GET", "/uvpaa", undefined, request.signal);
    isUvpaa = status === 200 && body?.isUvpaa === true;
  } catch (error) {
    console.warn("isUserVerifyingPlatformAuthenticatorAvailable:", error.message);
  }
  if (take(requestId)) await complete.isUvpaa({ requestId, isUvpaa }).catch(gone);
}

const complete = {
  create: proxy.completeCreateRequest,
  get: proxy.completeGetRequest,
  isUvpaa: proxy.completeIsUvpaaRequest,
};

/** A page that has gone waits for nothing. */
function gone() {}

function begin(requestId, name) {
  const request = new Pending(requestId, name);
  pending.set(requestId, request);
  ticking ??= setInterval(tick, TICK);
  return request;
}

/** Takes a request out of the pending ones. Who gets it completes it, and nobody else. */
function take(requestId) {
  const request = pending.get(requestId);
  pending.delete(requestId);
  request?.forget();
  return request;
}

/** A request whose page waits. Where that lasts, it is noted outside the worker, which may crash or be stopped. */
class Pending {
  #controller = new AbortController();
  #key;
  #begin = performance.now();
  #limit = Infinity;
  #noted = false;

  constructor(requestId, name) {
    this.#key = String(requestId);
    this.name = name;
  }

  /** Aborted when the page cancels, and when the time is over. */
  get signal() {
    return this.#controller.signal;
  }

  /** It ends after so many milliseconds, or earlier if the settings say so. */
  async end(limit) {
    this.#limit = Math.min(limit, (await settings()).timeoutMs ?? Infinity);
  }

  tick(now) {
    const age = now - this.#begin;
    if (age >= this.#limit) this.#controller.abort(new TimedOut(this.#limit));
    if (age < SLOW || this.#noted) return;
    this.#noted = true;
    chrome.storage.session.set({ [this.#key]: this.name });
  }

  cancel() {
    this.#controller.abort(new BackendError("the page cancelled"));
  }

  forget() {
    if (this.#noted) chrome.storage.session.remove(this.#key);
  }
}

let ticking;
let kept = performance.now();

/** While requests are pending: their time-outs, and what keeps the worker alive. */
function tick() {
  const now = performance.now();
  for (const request of pending.values()) request.tick(now);
  if (pending.size === 0) {
    clearInterval(ticking);
    ticking = undefined;
  } else if (now - kept >= KEEP_ALIVE) {
    kept = now;
    chrome.runtime.getPlatformInfo();
  }
}

/** Ends what an earlier worker left behind. Its credentials may exist, so nothing is asked again. */
async function completeLost() {
  const noted = Object.entries(await chrome.storage.session.get()).filter(([key]) => !pending.has(Number(key)));
  const error = { name: "UnknownError", message: "the extension was stopped before softhello answered" };
  for (const [key, name] of noted) {
    const requestId = Number(key);
    await complete[name]({ requestId, ...(name === "isUvpaa" ? { isUvpaa: false } : { error }) }).catch(gone);
    await chrome.storage.session.remove(key);
  }
}

/** An answer of softhello as Chromium takes it, which checks all that a credential must have but clientDataJSON. */
function outcome({ status, body }) {
  if (status === 200 && typeof body?.response?.clientDataJSON === "string")
    return { responseJson: JSON.stringify(body) };
  if (status === 200) throw new BackendError("softhello answered with something that is no credential");
  if (typeof body?.message !== "string")
    throw new BackendError(`softhello answered with status ${status} and no reason`);
  const name = typeof body.name === "string" && body.name !== "" ? body.name : "UnknownError";
  return { error: { name, message: body.message } };
}

class TimedOut extends Error {
  constructor(limit) {
    super(`timed out: no answer from softhello within ${limit / 1000} s`);
  }
}

function exception(error) {
  return { name: error instanceof TimedOut ? "NotAllowedError" : "UnknownError", message: error.message };
}

/** `softhello browser launch URL`: a page that Chromium opened itself could ask before the extension is attached. */
async function openFirstPage() {
  await attached;
  const { open } = await settings();
  if (!open) return;
  const [first] = await chrome.tabs.query({});
  await chrome.tabs.update(first.id, { url: open });
}

/** For the options page. */
async function report() {
  // attach() resolves to an error's text, as when another extension is attached.
  const refused = await attached.then(
    (error) => error,
    (error) => error.message,
  );
  return { refused, ...(await status()) };
}
