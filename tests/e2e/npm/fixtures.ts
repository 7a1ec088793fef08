import { test as base, type Page } from "@playwright/test";
import { softhello } from "@softhello/playwright";

export { expect } from "@playwright/test";
export const test = base.extend(softhello());

interface Outcome {
  value?: any;
  error?: { name: string; code: number; message: string };
}

/** What the page of the relying party did, and how it ended. */
export async function run(page: Page, action: string, argument: object): Promise<Outcome> {
  if (page.url() === "about:blank") await page.goto("/");
  return page.evaluate(
    ([name, given]) => {
      const { rp } = window as any;
      return rp.finish(rp.start(name, given));
    },
    [action, argument] as const,
  );
}
