import { existsSync } from "node:fs";
import { SofthelloError } from "./api.js";
import { openWithExtension } from "./extension.js";
import { openWithScript } from "./script.js";

/**
 * The browser context of one test, whose passkeys are those of `hello.device`.
 *
 * Playwright itself adds what the suite has under `use`, to every context that is made while a test runs.
 *
 * @returns {Promise<{context: import("@playwright/test").BrowserContext, close: () => Promise<void>}>}
 */
export async function openContext(playwright, hello, settings) {
  const { browserName, headless, launchOptions = {} } = settings;
  const executablePath =
    settings.executablePath ?? launchOptions.executablePath ?? find(playwright[browserName], browserName);
  const launch = { ...launchOptions, headless, executablePath, channel: undefined }; // the executable decides
  const byExtension = browserName === "chromium" && !settings.inject;
  return byExtension
    ? await openWithExtension(playwright, hello, { ...settings, launch })
    : await openWithScript(playwright, hello, { ...settings, launch });
}

/** Playwright's own, if it was downloaded, or the system's. */
function find(browserType, browserName) {
  const system = browserName === "chromium" ? ["/usr/bin/chromium", "/usr/bin/chromium-browser"] : [];
  const found = [browserType.executablePath(), ...system].find((path) => path && existsSync(path));
  if (found) return found;
  throw new SofthelloError(`there is no ${browserName}`, {
    hint: `\`npx playwright install ${browserName}\`, or name one: softhello({ executablePath })`,
  });
}
