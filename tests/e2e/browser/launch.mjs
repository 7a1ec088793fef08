// `softhello browser` as a person uses it: launch, install, uninstall: node launch.mjs SOFTHELLO

import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import {
  EXTENSION,
  EXTENSION_ID,
  check,
  expect,
  expectEqual,
  limited,
  main,
  start,
  startRelyingParty,
  startSofthello,
  temporary,
} from "./harness.mjs";
import { addPasskey } from "./inspector/demo.mjs";
import { until } from "./inspector/pages.mjs";
import { openOptions, openProfile } from "./playwright.mjs";

const GONE_WITHIN = 5_000; // ms after the end of a browser

const binary = realpathSync(process.argv[2]); // as it names itself to browsers

await main(everything);

async function everything(after) {
  const softhello = await startSofthello(after, binary);
  const origin = await startRelyingParty(after);

  await check("launch: a passkey on the demo page, by clicks", async () => {
    const launched = await launch(after, softhello);
    expectEqual("url", launched.first.url, `${softhello.server}/demo`);
    await demo(await launched.page());
    expectEqual("the extension's way", await connectedBy(launched), "native messaging");
    const path = "/api/devices/default/accounts/default/passkeys";
    expectEqual("passkeys", (await softhello.done("GET", path)).map(({ rpId }) => rpId), ["localhost"]);
    launched.child.kill("SIGINT");
    await launched.gone();
  });

  await check("launch: an RP of one's own, another device, without the native host", async () => {
    const device = await softhello.makeDevice();
    const id = device.path.split("/").at(-1);
    const launched = await launch(after, softhello, `${origin}/`, "--without-native", "--device", id);
    const page = await launched.page();
    await page.waitForFunction(() => window.rp);
    expectEqual("the extension's way", await connectedBy(launched), softhello.server);
    await page.bringToFront();
    const key = await page.evaluate(() => rp.start("register", { user: "ada" }));
    const outcome = await page.evaluate((key) => rp.finish(key), key);
    expect(!outcome.error, `${outcome.error?.name}: ${outcome.error?.message}`);
    expectEqual("ceremonies", (await softhello.done("GET", `/api/traces?device=${id}`)).length, 1);
    await launched.browser.newBrowserCDPSession().then((session) => session.send("Browser.close"));
    await launched.gone();
  });

  await check("launch: a browser that cannot start", async () => {
    const failed = await run(["--data", softhello.data, "browser", "launch", "--browser", "/bin/false"]);
    expectError(failed, 2, "the browser ended by itself", "--headless");
    const missing = await run(["--data", softhello.data, "browser", "launch", "--browser", "/no/browser"]);
    expectError(missing, 3, "start /no/browser");
    expectEqual("profiles", [failed.left, missing.left], [[], []]);
  });

  await check("launch: without a server", async () => {
    const data = join(temporary(after), "data");
    const refused = await run(["--data", data, "browser", "launch", "--headless"]);
    expectEqual("standard output", refused.stdout, "");
    expectError(refused, 2, `no server runs in ${data}`, "hint: run `softhello serve`");
    expectEqual("profiles", refused.left, []);
  });

  await check("install: a browser of one's own, without a server", () => installed(after, origin));

  async function run(command, home = temporary(after)) {
    return await finished([binary, ...command], environment(home, temporary(after)));
  }

  async function installed(after, origin) {
    const home = temporary(after);
    const install = await run(["browser", "install", "--json"], home);
    expectEqual(`install (${install.stderr})`, install.code, 0);
    const { manifests, extension } = JSON.parse(install.stdout);
    const config = join(home, ".config");
    const folders = ["chromium", "google-chrome", "microsoft-edge", "BraveSoftware/Brave-Browser"];
    expectEqual(
      "manifests",
      manifests,
      folders.map((folder) => join(config, folder, "NativeMessagingHosts/org.softhello.host.json")),
    );
    for (const file of manifests) {
      const { path, allowed_origins } = JSON.parse(readFileSync(file));
      expectEqual(file, { path, allowed_origins }, { path: binary, allowed_origins: [`chrome-extension://${EXTENSION_ID}/`] });
    }
    for (const file of readdirSync(extension)) {
      expect(readFileSync(join(extension, file)).equals(readFileSync(join(EXTENSION, file))), `${file} is another file`);
    }

    const env = environment(home, temporary(after));
    const context = await openProfile(after, join(config, "chromium"), extension, { env });
    await (await openOptions(context)).close();
    const page = await context.newPage();
    await page.goto(origin);
    for (const action of ["register", "signIn"]) {
      const key = await page.evaluate(([action]) => rp.start(action, { user: "installed" }), [action]);
      const outcome = await page.evaluate((key) => rp.finish(key), key);
      expect(!outcome.error, `${action}: ${outcome.error?.name}: ${outcome.error?.message}`);
    }
    await context.close();
    const listed = await run(["passkeys", "list", "--json"], home);
    expectEqual(`passkeys list (${listed.stderr})`, listed.code, 0);
    expect(listed.stdout.includes('"installed"'), `the passkey is not in the store: ${listed.stdout}`);

    const removed = await run(["browser", "uninstall", "--json"], home);
    expectEqual(`uninstall (${removed.stderr})`, [removed.code, JSON.parse(removed.stdout).manifests], [0, manifests]);
    expectEqual("what is left", [...manifests, extension].filter(existsSync), []);
    const again = await run(["browser", "uninstall"], home);
    expectEqual("uninstall again", [again.code, again.stdout], [0, "nothing was installed\n"]);
  }
}

/** What README.md promises for the second command. */
async function demo(page) {
  page.setDefaultTimeout(10_000);
  await page.getByText("No passkey yet").waitFor();
  const available = () => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  expectEqual("isUVPAA", await page.evaluate(available), true);

  await addPasskey(page);
  await page.getByRole("heading", { name: "Passkey created" }).waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await addPasskey(page);
  await page.getByRole("heading", { name: "This device is already registered" }).waitFor();
  const exception = await page.locator("dialog .exception").innerText();
  expect(/^InvalidStateError: .*\(code 11\)$/.test(exception), `the exception is ${exception}`);
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Security info" }).waitFor();
}

async function connectedBy({ browser }) {
  const options = await openOptions(browser.contexts()[0]);
  const { connected } = await options.evaluate(() => chrome.runtime.sendMessage({ status: true }));
  await options.close();
  return connected;
}

/** `softhello browser launch`, and a debugger's connection to what it started. */
async function launch(after, softhello, ...options) {
  const env = environment(temporary(after), temporary(after));
  const debugging = "--browser-arg=--remote-debugging-port=0";
  const command = [binary, "browser", "launch", ...options, "--headless", debugging, "--data", softhello.data, "--json"];
  const { child, ended, line } = await start(after, command, { line: true, env });
  const first = JSON.parse(line);
  const portFile = join(first.profile, "DevToolsActivePort");
  const port = () => existsSync(portFile) && readFileSync(portFile, "utf8").split("\n")[0];
  await until("the browser listens", port);
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port()}`);
  after(() => browser.close());
  const pages = () => browser.contexts()[0].pages();
  return {
    first,
    child,
    browser,
    async page() {
      await until(`a page shows ${first.url}`, () => pages().some((page) => page.url() === first.url));
      return pages().find((page) => page.url() === first.url);
    },
    /** Its processes and its files. */
    async gone() {
      expectEqual("exit code", await limited(ended, GONE_WITHIN, "the launcher runs on"), 0);
      expectEqual("temporary files that are left", readdirSync(env.TMPDIR), []);
      await until("its processes end", () => processesWith(first.profile).length === 0);
      expectEqual("temporary files that came back", readdirSync(env.TMPDIR), []);
    },
  };
}

/** Ids of the processes with `text` in their command. */
function processesWith(text) {
  return readdirSync("/proc").filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    try {
      return readFileSync(`/proc/${id}/cmdline`, "utf8").includes(text);
    } catch {
      return false; // it has just ended
    }
  });
}

/** A command's end, and what it left in the folder of temporary files. */
async function finished(command, env) {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const code = await limited(ended, 20_000, `${command.join(" ")} runs on`).finally(() => child.kill("SIGKILL"));
  return { code, stdout, stderr, left: readdirSync(env.TMPDIR) };
}

function expectError({ code, stderr }, wanted, ...words) {
  expectEqual(`exit code (${stderr})`, code, wanted);
  for (const word of ["error: ", "hint: ", ...words]) expect(stderr.includes(word), `no ${word} in ${stderr}`);
}

/** Ours, with another home and another folder of temporary files. */
function environment(HOME, TMPDIR) {
  const others = Object.entries(process.env).filter(([name]) => !/^(XDG_|SOFTHELLO_)/.test(name));
  return { ...Object.fromEntries(others), HOME, TMPDIR };
}
