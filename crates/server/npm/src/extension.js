import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SofthelloError } from "./api.js";
import { extensionFolder, temporaryFolder } from "./files.js";

const HOST = "org.softhello.host";
const ATTACH_TIMEOUT = 20_000; // ms

/** A Chromium with the extension and a profile of its own: contexts beside a profile's have no extensions. */
export async function openWithExtension(playwright, hello, settings) {
  const { launch, storageState } = settings;
  const { path: folder, remove } = await temporaryFolder("softhello-browser-");
  let context;
  try {
    const extension = await prepare(folder, hello, settings);
    context = await playwright.chromium.launchPersistentContext(join(folder, "profile"), {
      ...launch,
      args: [...(launch.args ?? []), `--load-extension=${extension.path}`],
      ignoreDefaultArgs: enableExtensions(launch.ignoreDefaultArgs),
    });
    await attached(context, extension.id);
    if (storageState) await context.setStorageState(storageState); // the one option that a profile does not take
  } catch (error) {
    await context?.close();
    await remove();
    throw error;
  }
  const close = async () => {
    await context.close({ reason: "Test ended." });
    await remove();
  };
  return { context, close };
}

function enableExtensions(ignored = []) {
  return ignored === true ? true : [...ignored, "--disable-extensions"];
}

/** A copy of the extension that knows its device, and the registration of its native host in the profile. */
async function prepare(folder, hello, { native = true }) {
  const path = join(folder, "extension");
  await cp(extensionFolder(), path, { recursive: true });
  const { origin, token, binary, data } = hello.server;
  // Windows looks for native hosts in its registry, which is nothing to touch for a test.
  const byHost = native && process.platform !== "win32";
  const config = {
    server: origin,
    token,
    path: `/api/devices/${encodeURIComponent(hello.device.id)}`,
    native: byHost,
  };
  await writeFile(join(path, "config.json"), JSON.stringify(config), { mode: 0o600 });
  const id = extensionId(JSON.parse(readFileSync(join(path, "manifest.json"), "utf8")).key);
  if (byHost) await registerHost(folder, { id, binary, data });
  return { path, id };
}

async function registerHost(folder, { id, binary, data }) {
  const hosts = join(folder, "profile", "NativeMessagingHosts");
  await mkdir(hosts, { recursive: true });
  // Chromium gives the host arguments of its own, so the environment says where its server is.
  const program = join(folder, "host");
  await writeFile(program, `#!/bin/sh\nSOFTHELLO_DATA=${quoted(data)} exec ${quoted(binary)} "$@"\n`, {
    mode: 0o700,
  });
  await chmod(program, 0o700); // whatever the umask is
  const manifest = {
    name: HOST,
    description: "softhello",
    path: program,
    type: "stdio",
    allowed_origins: [`chrome-extension://${id}/`],
  };
  await writeFile(join(hosts, `${HOST}.json`), JSON.stringify(manifest));
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Chromium's name for an extension: 16 bytes of the hash of its key, with the digits a to p. */
function extensionId(key) {
  const hash = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 32);
  return hash.replace(/./g, (digit) => String.fromCharCode("a".charCodeAt(0) + parseInt(digit, 16)));
}

/** Waits until requests of pages go to the extension. */
async function attached(context, id) {
  const ours = (worker) => worker.url().startsWith(`chrome-extension://${id}/`);
  const worker =
    context.serviceWorkers().find(ours) ??
    (await context.waitForEvent("serviceworker", { predicate: ours, timeout: ATTACH_TIMEOUT }));
  // Once more is no harm, and answers when the worker's own has been carried out.
  const refused = await worker.evaluate(() => chrome.webAuthenticationProxy.attach());
  if (refused) throw new SofthelloError(`Chromium does not let the extension in: ${refused}`);
}
