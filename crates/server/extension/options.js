// Keeps the settings that the worker uses where no config.json is, and shows what it reaches with them.

import { settings } from "./backend.js";

const DEVICES = "/api/devices/";

const form = document.querySelector("#settings");
const line = document.querySelector("#status");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { native, server, token, device } = form.elements;
  await chrome.storage.local.set({
    native: native.checked,
    server: new URL(server.value).origin,
    token: token.value.trim(),
  });
  // Without one, the native host says which.
  if (device.value.trim() === "") await chrome.storage.local.remove("path");
  else await chrome.storage.local.set({ path: DEVICES + encodeURIComponent(device.value.trim()) });
  await show();
});

await fill();
await show();

async function fill() {
  const current = await settings();
  const { native, server, token, device } = form.elements;
  native.checked = current.native;
  server.value = current.server;
  token.value = current.token;
  device.value = decodeURIComponent((current.path ?? "").replace(DEVICES, ""));
  form.querySelector("#fixed").hidden = !current.fixed;
  form.querySelector("fieldset").disabled = current.fixed;
}

async function show() {
  line.className = "";
  line.textContent = "Looking for softhello…";
  const { refused, connected, version, missing = [] } = await chrome.runtime.sendMessage({ status: true });
  const failed = refused !== undefined && refused !== null;
  line.className = failed || !connected ? "failed" : "connected";
  if (failed) line.textContent = `Chromium does not ask this extension: ${refused}`;
  else if (connected) line.textContent = `Connected to softhello${version ? ` ${version}` : ""} (${connected}).`;
  else line.textContent = `Not connected: ${missing.join("; ")}.`;
}
