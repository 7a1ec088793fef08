import { join } from "node:path";
import { extensionFolder } from "./files.js";

const BINDING = "__softhello";

/** Any browser, with a script in its pages that takes the place of `navigator.credentials`. */
export async function openWithScript(playwright, hello, { browserName, launch }) {
  const browser = await playwright[browserName].launch(launch);
  try {
    const context = await browser.newContext();
    const path = `/api/devices/${encodeURIComponent(hello.device.id)}`;
    await context.exposeBinding(BINDING, answerer(hello.server, path));
    await context.addInitScript(`window.__softhelloConfig = ${JSON.stringify({ binding: BINDING, path })};`);
    await context.addInitScript({ path: join(extensionFolder(), "inject.js") });
    const close = async () => {
      await context.close({ reason: "Test ended." });
      await browser.close();
    };
    return { context, close };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** Answers the script's requests, as the native host does the extension's. */
function answerer(server, path) {
  /** @type {WeakMap<object, Map<number, AbortController>>} Ids are a frame's own. */
  const frames = new WeakMap();

  return async ({ frame }, json) => {
    const { id, method, path: asked, body, cancel } = JSON.parse(json);
    if (!frames.has(frame)) frames.set(frame, new Map());
    const running = frames.get(frame);
    if (cancel) {
      running.get(id)?.abort();
      return "{}";
    }
    // The page can call this too, and the token is not its own.
    if (!String(asked).startsWith(`${path}/`) || asked.slice(path.length + 1).includes("/")) {
      return JSON.stringify({ status: 403, body: { name: null, message: "that is not for pages" } });
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const { status, body: answer } = await server.exchange(method, asked, body, controller.signal);
      return JSON.stringify({ status, body: answer ?? null });
    } finally {
      running.delete(id);
    }
  };
}
