import { expect, test } from "./fixtures";

// What a suite says under `use` must reach the browser that the package starts.

test("options of the configuration", async ({ page, context, baseURL }) => {
  expect(page.viewportSize()).toEqual({ width: 640, height: 480 });
  await page.goto("/");
  expect(page.url()).toBe(`${baseURL}/`);
  expect(context.pages()).toHaveLength(1);
  expect(await page.evaluate(() => navigator.webdriver)).toBe(true);
});

test.describe("options of a test", () => {
  test.use({
    viewport: { width: 500, height: 400 },
    userAgent: "a suite",
    locale: "de-DE",
    timezoneId: "Asia/Tokyo",
    colorScheme: "dark",
    extraHTTPHeaders: { "x-suite": "yes" },
    ignoreHTTPSErrors: true,
    storageState: async ({ baseURL }, use) => {
      await use({
        cookies: [
          {
            name: "kept",
            value: "1",
            domain: "localhost",
            path: "/",
            expires: -1,
            httpOnly: false,
            secure: false,
            sameSite: "Lax",
          },
        ],
        origins: [{ origin: baseURL!, localStorage: [{ name: "theme", value: "night" }] }],
      });
    },
  });

  test("win", async ({ page }) => {
    expect(page.viewportSize()).toEqual({ width: 500, height: 400 });
    const request = page.waitForRequest("**/");
    await page.goto("/");
    expect(await (await request).headerValue("x-suite")).toBe("yes");
    const seen = await page.evaluate(() => ({
      agent: navigator.userAgent,
      language: navigator.language,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      dark: matchMedia("(prefers-color-scheme: dark)").matches,
      cookie: document.cookie,
      theme: localStorage.getItem("theme"),
    }));
    expect(seen).toEqual({
      agent: "a suite",
      language: "de-DE",
      zone: "Asia/Tokyo",
      dark: true,
      cookie: "kept=1",
      theme: "night",
    });
  });
});

test("requests go to softhello by native messaging", async ({ page, context, hello }) => {
  await page.goto("/");
  await page.evaluate(() => PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable());
  const [worker] = context.serviceWorkers();
  const options = await context.newPage();
  await options.goto(new URL("/options.html", worker!.url()).href);
  const status = await options.evaluate(() => (globalThis as any).chrome.runtime.sendMessage({ status: true }));
  expect(status).toMatchObject({ connected: "native messaging" });
  expect(hello.device.id).toBeTruthy();
});
