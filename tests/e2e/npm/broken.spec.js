import { execFileSync } from "node:child_process";
import { expect, test as base } from "@playwright/test";
import { softhello } from "@softhello/playwright";
import { run } from "./fixtures";

// All fail, so that npm_package.py can look at what they say.

const missing = base.extend(softhello({ binary: "/nowhere/softhello" }));
missing("no binary", ({ hello }) => expect(hello.device.id).toBeTruthy());

const wrong = base.extend(softhello({ serverArgs: ["--no-such-option"] }));
wrong("a wrong argument", ({ hello }) => expect(hello.device.id).toBeTruthy());

const profile = base.extend(softhello({ profile: "no-such-profile" }));
profile("a wrong profile", ({ page }) => expect(page.url()).toBeTruthy());

const browser = base.extend(softhello({ executablePath: "/bin/false" }));
browser("no browser", ({ page }) => expect(page.url()).toBeTruthy());

const killed = base.extend(softhello());
killed("a server that is gone", async ({ page, hello }) => {
  const servers = execFileSync("pgrep", ["-P", String(process.pid), "-f", "serve --listen"], { encoding: "utf8" });
  process.kill(Number(servers), "SIGKILL");
  expect((await run(page, "register", { user: "late" })).error?.name).toBe("UnknownError");
  await hello.passkeys.list();
});

const ended = base.extend(softhello());
ended("a worker that ends early", async ({ page }) => {
  await page.goto("about:blank");
  process.exit(1);
});
