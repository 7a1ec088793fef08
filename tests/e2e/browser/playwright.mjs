// Chromium with the extension, by Playwright.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import {
  CHROMIUM_ARGUMENTS,
  EXTENSION_ID,
  expect,
  extensionFolder,
  installHost,
  limited,
  temporary,
} from "./harness.mjs";

/** A browser of its own; with the extension if there is a `config`, which is null for one without `config.json`. */
export async function openChromium(after, { config, host = null } = {}) {
  const profile = temporary(after);
  if (host) installHost(profile, host);
  const extension = config === undefined ? null : extensionFolder(after, config);
  return await openProfile(after, profile, extension);
}

/** A browser with a profile, and an extension if there is a folder of one. */
export async function openProfile(after, profile, extension, options = {}) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: false, // Playwright's own headless mode knows no extensions; this is Chromium's
    ignoreDefaultArgs: ["--disable-extensions"],
    args: [...CHROMIUM_ARGUMENTS, ...(extension ? [`--load-extension=${extension}`] : [])],
    ...options,
  });
  after(() => context.close());
  return context;
}

/** The extension's options page. The worker attaches when the browser has loaded it, which is not before the first page. */
export async function openOptions(context) {
  const options = await context.newPage();
  await options.goto(`chrome-extension://${EXTENSION_ID}/options.html`);
  const report = () => options.evaluate(() => chrome.runtime.sendMessage({ status: true }));
  const answer = await limited(report(), 10_000, "the worker says nothing");
  expect(!answer.refused, `not attached: ${answer.refused}`);
  return options;
}

/** The binary itself as the native messaging host, which finds the server of its data directory. */
export function binaryHost(after, { binary, data }) {
  return script(after, `exec env SOFTHELLO_DATA='${data}' '${binary}' "$@"`);
}

export function script(after, text) {
  const path = join(temporary(after), "host");
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}
