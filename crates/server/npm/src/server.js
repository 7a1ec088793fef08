import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createApi, SofthelloError } from "./api.js";
import { temporaryFolder } from "./files.js";

const START_TIMEOUT = 30_000; // ms
const STOP_TIMEOUT = 10_000; // ms
const SHOWN = 4_000; // characters of standard error: its end says why

/**
 * `softhello serve` in a process of its own, with nothing on disk that outlives it.
 *
 * @param {import("../types/index.d.ts").Options} options
 */
export async function startServer({ binary, serverArgs = [] }) {
  const program = findBinary(binary);
  const data = await temporaryFolder("softhello-data-");
  const token = randomBytes(24).toString("base64url");
  const fixed = ["serve", "--listen", "127.0.0.1:0", "--json", "--data", data.path];
  // Everybody can see the arguments of a process.
  const env = { ...environment(), SOFTHELLO_TOKEN: token };
  const child = spawn(program, [...fixed, ...serverArgs], { stdio: ["ignore", "pipe", "pipe"], env });
  const server = new Server(program, child, data, token);
  try {
    await server.listening();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class Server {
  #child;
  #removeData;
  #ended;
  #fate;
  #stderr = "";
  #stopping = false;

  constructor(binary, child, data, token) {
    Object.assign(this, { binary, data: data.path, token });
    this.#child = child;
    this.#removeData = data.remove;
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#stderr = (this.#stderr + text).slice(-SHOWN);
    });
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(`cannot start ${binary}: ${error.message}`));
      child.once("close", (code, signal) => resolve(`${binary} has ended (${signal ?? `exit code ${code}`})`));
    }).then((reason) => {
      this.#fate = `${reason}\n${this.#stderr}`.trimEnd();
    });
    // A worker that Playwright ends early runs no fixture to its end.
    process.once("exit", this.#abandon);
  }

  /** Waits for the line that says where it listens. */
  async listening() {
    const { address, inspector, error } = parsed(await this.#firstLine());
    if (!address)
      throw new SofthelloError(error?.reason ?? `${this.binary} prints no address`, { hint: HINT, ...error });
    this.origin = `http://${address}`;
    this.inspector = inspector;
    Object.assign(
      this,
      createApi(this.origin, this.token, () => this.#fate),
    );
  }

  async #firstLine() {
    let timer;
    try {
      return await new Promise((resolve, reject) => {
        createInterface({ input: this.#child.stdout }).once("line", resolve); // it reads on, so the pipe never fills
        const late = () => reject(new SofthelloError(`${this.binary} prints no address\n${this.#stderr}`));
        timer = setTimeout(late, START_TIMEOUT);
        this.#ended.then(() => reject(new SofthelloError(this.#fate, { hint: HINT })));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  get stderr() {
    return this.#stderr;
  }

  async stop() {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT);
    await this.#ended;
    clearTimeout(timer);
    process.removeListener("exit", this.#abandon);
    await this.#removeData();
  }

  #abandon = () => this.#child.kill("SIGKILL");
}

const HINT =
  "build it with `cargo build --release -p softhello`, or name it: softhello({ binary }) or SOFTHELLO_BINARY";

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new SofthelloError(`that is no address: ${line}`, { hint: HINT, cause });
  }
}

function findBinary(option) {
  const named = option ?? process.env.SOFTHELLO_BINARY;
  if (named) return usable(resolve(named)) ?? missing(`there is no program ${resolve(named)}`);
  const name = process.platform === "win32" ? "softhello.exe" : "softhello";
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const found = folder && usable(join(folder, name));
    if (found) return found;
  }
  return missing("softhello is not on the PATH");
}

function usable(path) {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

function missing(message) {
  throw new SofthelloError(message, { hint: HINT });
}

/** Without what would point it at somebody's own data. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SOFTHELLO_")));
}
