import { expect, run, test } from "./fixtures";

// Both fail, so that npm_package.py can look at what the report then holds.

test("an expectation", async ({ page, hello }) => {
  expect((await run(page, "register", { user: "ada" })).error).toBeUndefined();
  await hello.user.decline();
  expect((await run(page, "signIn", { user: "ada" })).error).toBeUndefined();
});

test("no ceremony", async ({ page }) => {
  await page.goto("/");
  expect(1).toBe(2);
});
