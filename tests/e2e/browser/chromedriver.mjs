// Chromium with the extension, driven by chromedriver: node chromedriver.mjs SOFTHELLO

import { error, everyCheck, expectException, newUser, value } from "./checks.mjs";
import {
  CHROMIUM_ARGUMENTS,
  check,
  extensionFolder,
  limited,
  main,
  sleep,
  startRelyingParty,
  startSofthello,
} from "./harness.mjs";
import { Session } from "./webdriver.mjs";

async function everything(after) {
  const softhello = await startSofthello(after, process.argv[2]);
  const origin = await startRelyingParty(after);
  const device = await softhello.makeDevice();
  const folder = extensionFolder(after, {
    server: softhello.server,
    token: softhello.token,
    path: device.path,
    native: false,
  });
  const session = await Session.open(after, ["chromedriver"], {
    "goog:chromeOptions": { args: [...CHROMIUM_ARGUMENTS, `--load-extension=${folder}`] },
  });
  // Two windows, since a create fails if its page is hidden when it ends.
  const tabs = await session.openTabs(origin, "window");
  const browser = {
    injected: false,
    tabs,
    async run(tab, action, argument) {
      const key = await session.execute(tab, "return rp.start(...arguments)", action, argument);
      while (true) {
        const outcome = await session.execute(tab, "return rp.poll(...arguments)", key);
        if (outcome) return outcome;
        await sleep(5);
      }
    },
  };
  await limited(attached(browser), 10_000, "the extension is not attached");
  await everyCheck(browser, device);
  if (process.argv[3] === "soak") await slowUser(browser, device);
}

/**
 * As long as softhello waits for its user, which is when Chromium stops a worker whose `fetch` lasts. Playwright would
 * attach a debugger to the worker, and then Chromium does not.
 */
async function slowUser(browser, device) {
  await check(
    "a user who does nothing, after a pause",
    async () => {
      await sleep(40_000);
      await value(browser, "register", { user: newUser() });
      await device.user("timeout");
      expectException(await error(browser, "register", { user: newUser() }), "NotAllowedError", 0);
    },
    120_000,
  );
}

/** Nothing tells a page that the extension is loaded, but isUVPAA, which no Chromium on Linux has by itself. */
async function attached(browser) {
  while ((await browser.run(browser.tabs[0], "isUvpaa", {})).value !== true) await sleep(50);
}

await main(everything);
