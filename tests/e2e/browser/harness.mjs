// Starts softhello, a relying party and browsers, and reports as `../browsers.py` reads it: a line a check, which is
// `ok NAME # 0.3 s` or `not ok NAME # 0.3 s`, with the reason of a failure indented below it.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));
export const EXTENSION = fileURLToPath(new URL("../../../crates/server/extension/", import.meta.url));
const CHECK_TIMEOUT = 60_000; // ms; the promise of a page that nobody answers never ends by itself

const INJECT = readFileSync(join(EXTENSION, "inject.js"), "utf8");
export const EXTENSION_ID = readFileSync(join(EXTENSION, "id.txt"), "utf8").trim();

// ---- reporting

let passed = 0;
let failed = 0;

export async function check(name, body, limit = CHECK_TIMEOUT) {
  const start = performance.now();
  let reason;
  try {
    name += (await limited(body(), limit, "it hangs")) ?? "";
    passed += 1;
  } catch (error) {
    failed += 1;
    reason = error instanceof Failure ? error.message : error.stack;
  }
  console.log(
    `${reason === undefined ? "ok" : "not ok"} ${name} # ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  if (reason !== undefined) console.log(reason.replace(/^/gm, "  "));
}

/** Runs `body` with what it wants ended afterwards, whatever happens, last first; then exits. */
export async function main(body) {
  const cleanups = [];
  const end = async () => {
    while (cleanups.length > 0)
      await limited(cleanups.pop()(), 10_000, "no end").catch((error) => console.error(error.message));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => end().finally(() => process.exit(143)));
  try {
    await body((cleanup) => cleanups.push(cleanup));
  } catch (error) {
    await check("the script ends", () => Promise.reject(error));
  }
  await end();
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

export class Failure extends Error {}

export function expect(condition, message) {
  if (!condition) throw new Failure(message);
}

export function expectEqual(what, got, want) {
  expect(isDeepStrictEqual(got, want), `${what}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
}

export async function limited(promise, milliseconds, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure(`${what} after ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// ---- processes

export function temporary(after) {
  const directory = mkdtempSync(join(tmpdir(), "softhello-"));
  after(async () => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return directory;
}

/** A child that ends with us, and the first line that it prints if `line` is asked for. */
export async function start(after, command, { line, ...options } = {}) {
  const child = spawn(command[0], command.slice(1), {
    stdio: ["ignore", line ? "pipe" : "ignore", "pipe"],
    ...options,
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let stderr = "";
  child.stderr?.on("data", (data) => (stderr = (stderr + data).slice(-4000)));
  after(async () => {
    child.kill("SIGTERM");
    await limited(ended, 5_000, `${command[0]} runs on`).catch(() => child.kill("SIGKILL"));
  });
  await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  if (!line) return { child, ended };
  const first = new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
  const died = ended.then((code) => Promise.reject(new Failure(`${command.join(" ")}\nended with ${code}: ${stderr}`)));
  died.catch(() => {});
  return { child, ended, line: await limited(Promise.race([first, died]), 20_000, `${command[0]} prints nothing`) };
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The relying party's origin. */
export async function startRelyingParty(after) {
  const { line } = await start(after, [process.execPath, join(HERE, "../simplewebauthn_server.mjs")], { line: true });
  return line.replace("listening on http://127.0.0.1", "http://localhost");
}

/** `softhello serve` with a device that has the extensions of browsers, and what the tests ask of its API. */
export async function startSofthello(after, binary) {
  const data = join(temporary(after), "data");
  const token = randomBytes(16).toString("hex");
  const command = [binary, "--data", data, "serve", "--listen", "127.0.0.1:0", "--token", token, "--json"];
  const { line } = await start(after, command, { line: true });
  return new Softhello(`http://${JSON.parse(line).address}`, token, binary, data);
}

export class Softhello {
  constructor(address, token, binary, data) {
    Object.assign(this, { address, token, binary, data, server: address.replace("127.0.0.1", "localhost") });
  }

  async api(method, path, body, signal) {
    const answer = await fetch(this.address + path, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
  }

  async done(method, path, body) {
    const answer = await this.api(method, path, body);
    expect(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async makeDevice() {
    const profileToml = readFileSync(join(HERE, "hello.toml"), "utf8");
    const { id } = await this.done("POST", "/api/devices", { profileToml });
    return new Device(this, id);
  }
}

export class Device {
  constructor(softhello, id) {
    Object.assign(this, { softhello, path: `/api/devices/${id}` });
  }

  async user(does) {
    await this.softhello.done("PUT", `${this.path}/user`, does);
  }

  async pin(pin) {
    const path = `${this.path}/accounts/default/pin`;
    await (pin === null ? this.softhello.done("DELETE", path) : this.softhello.done("PUT", path, { pin }));
  }
}

// ---- script injection

/** What `window.__softhello` of inject.js has to do, for the pages of one browser. */
export function binding(softhello) {
  const underWay = new Map();
  return async (requestText) => {
    const { id, cancel, method, path, body } = JSON.parse(requestText);
    if (cancel) {
      underWay.get(id)?.abort();
      return JSON.stringify({ id, status: 204, body: null });
    }
    const controller = new AbortController();
    underWay.set(id, controller);
    try {
      return JSON.stringify(await softhello.api(method, path, body, controller.signal));
    } finally {
      underWay.delete(id);
    }
  };
}

export function injection(device) {
  return `window.__softhelloConfig = ${JSON.stringify({ path: device.path })};\n${INJECT}`;
}

// ---- the extension

/** A copy of the extension with a `config.json`, or without one if `config` is null. */
export function extensionFolder(after, config) {
  const folder = join(temporary(after), "extension");
  cpSync(EXTENSION, folder, { recursive: true });
  if (config !== null) writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

/** Registers `path` as the native messaging host of one browser profile. */
export function installHost(profile, path) {
  const folder = join(profile, "NativeMessagingHosts");
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: "org.softhello.host",
    description: "softhello",
    path,
    type: "stdio",
    allowed_origins: [`chrome-extension://${EXTENSION_ID}/`],
  };
  writeFileSync(join(folder, `${manifest.name}.json`), JSON.stringify(manifest));
}

export const CHROMIUM_ARGUMENTS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
