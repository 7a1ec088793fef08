// WebKitGTK with inject.js, driven by WebKitWebDriver on a virtual display: node webkit.mjs SOFTHELLO
//
// WebDriver exposes no function to pages. So the one that inject.js wants leaves its requests in a list, which is asked for
// between the commands. WebDriver cannot run anything before the page's own scripts either.

import { everyCheck } from "./checks.mjs";
import { Failure, binding, injection, main, sleep, start, startRelyingParty, startSofthello } from "./harness.mjs";
import { Session } from "./webdriver.mjs";
import { existsSync } from "node:fs";

const MINI_BROWSERS = ["4.1", "4.0", "6.0"].map((api) => `/usr/lib/x86_64-linux-gnu/webkit2gtk-${api}/MiniBrowser`);

async function everything(after) {
  const softhello = await startSofthello(after, process.argv[2]);
  const origin = await startRelyingParty(after);
  const device = await softhello.makeDevice();
  const display = await start(after, ["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], {
    line: true,
  });
  const binary = MINI_BROWSERS.find(existsSync);
  if (!binary) throw new Failure("MiniBrowser is missing: run `just setup`");
  const session = await Session.open(
    after,
    ["WebKitWebDriver"],
    { "webkitgtk:browserOptions": { binary, args: ["--automation"] } },
    { env: { ...process.env, DISPLAY: `:${display.line}`, LIBGL_ALWAYS_SOFTWARE: "1" } },
  );
  const tabs = await session.openTabs(origin, "tab");
  for (const tab of tabs) await session.execute(tab, `${QUEUE}\n${injection(device)}`);

  const answer = binding(softhello);
  const pump = async (tab, key) => {
    const { requests, outcome } = await session.execute(
      tab,
      "return {requests: softhelloRequests.splice(0), outcome: rp.poll(...arguments)}",
      key,
    );
    for (const [number, request] of requests) {
      answer(request)
        .catch((error) => JSON.stringify({ status: 503, body: { name: null, message: error.message } }))
        .then((response) => session.execute(tab, "softhelloAnswers.get(arguments[0])(arguments[1])", number, response));
    }
    return outcome;
  };
  const finish = async (tab, key) => {
    while (true) {
      const outcome = await pump(tab, key);
      if (outcome) return outcome;
      await sleep(5);
    }
  };
  await everyCheck(
    {
      injected: true,
      late: true,
      tabs,
      finish,
      evaluate: (expression) => session.execute(tabs[0], `return (${expression})`),
      run: async (tab, action, argument) =>
        await finish(tab, await session.execute(tab, "return rp.start(...arguments)", action, argument)),
    },
    device,
  );
}

const QUEUE = `
window.softhelloRequests = [];
window.softhelloAnswers = new Map();
let last = 0;
window.__softhello = (request) => new Promise((resolve) => {
  softhelloAnswers.set(++last, resolve);
  softhelloRequests.push([last, request]);
});`;

await main(everything);
