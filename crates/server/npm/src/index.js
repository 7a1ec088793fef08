// The fixtures. Nothing here imports @playwright/test: a package that brings a second copy of it breaks the suite.

import { openContext } from "./browser.js";
import { Hello } from "./hello.js";
import { attachTraces } from "./report.js";
import { startServer } from "./server.js";

export { SofthelloError } from "./api.js";

const START = { timeout: 60_000 }; // ms; the first start of a browser on a cold machine is slow

/** @param {import("../types/index.d.ts").Options} [options] */
export function softhello(options = {}) {
  return {
    helloOptions: [{}, { option: true }],

    _softhelloServer: [
      async ({}, use) => {
        const server = await startServer(options);
        try {
          await use(server);
        } finally {
          await server.stop();
        }
      },
      { scope: "worker", title: "softhello serve", ...START },
    ],

    hello: async ({ _softhelloServer: server, helloOptions }, use, testInfo) => {
      const hello = await Hello.create(server, { ...options, ...helloOptions });
      try {
        await use(hello);
        if (testInfo.status !== testInfo.expectedStatus) await attachTraces(hello, testInfo);
      } finally {
        await hello.remove();
      }
    },

    context: [
      async ({ playwright, browserName, launchOptions, headless, storageState, hello, helloOptions }, use) => {
        const settings = { headless, ...options, ...helloOptions, browserName, launchOptions, storageState };
        const opened = await openContext(playwright, hello, settings);
        try {
          await use(opened.context);
        } finally {
          await opened.close();
        }
      },
      START,
    ],

    page: async ({ context }, use) => {
      // A persistent context comes with a page.
      await use(context.pages()[0] ?? (await context.newPage()));
    },
  };
}
