// The live list: what arrives, and what a thousand ceremonies cost.

import { expect, expectEqual, sleep } from "../harness.mjs";
import { ceremony, creation, on, request } from "./pages.mjs";

const SLOW = 100; // ms; what a person notices
const MANY = 1_000;

export async function live(world) {
  await on(world, "", async (page) => {
    await page.evaluate(() => {
      globalThis.said = [];
      new MutationObserver(() => said.push(document.getElementById("announce").textContent)).observe(document.getElementById("announce"), { childList: true });
    });
    const made = [];
    for (let at = 0; at < 5; at += 1) made.push((await ceremony(world.softhello, "get", request)).id);
    for (const id of made) await page.locator(`#ceremony-${id}`).waitFor();
    await world.until("it is said", () => page.evaluate(() => said.length > 0));
    await sleep(500);
    const said = await page.evaluate(() => globalThis.said);
    expectEqual("times it is said", said.length, 1);
    expect(said[0].startsWith("5 new ceremonies") && said[0].includes("login.microsoft.com"), said[0]);

    const text = page.getByLabel("Filter by RP, user, error, device or number");
    const { id, body } = await ceremony(world.softhello, "create", creation("filtered@contoso.example", { pubKeyCredParams: [{ type: "public-key", alg: -65535 }] }));
    await page.locator(`#ceremony-${id}`).waitFor();
    await text.fill("filtered");
    expectEqual("found by user", await page.locator("[role=option]").count(), 1);
    await text.fill(`#${id}`);
    expectEqual("found by number", await page.locator("[role=option]").count(), 1);
    await text.fill("");
    await page.getByLabel("Outcome").selectOption(body.name);
    const options = await page.locator("[role=option]").allTextContents();
    expect(options.length > 0 && options.every((option) => option.includes(body.name)), `${options}`);
    await text.fill("nothing has this");
    await page.getByRole("button", { name: "Show all" }).click();
    await page.locator(`#ceremony-${made[0]}`).waitFor();
  });
}

export async function paused(world) {
  await on(world, "", async (page) => {
    await page.getByRole("button", { name: "Pause" }).click();
    const { id } = await ceremony(world.softhello, "get", request);
    await page.getByRole("button", { name: "Resume (1 new)" }).waitFor();
    expectEqual("shown while paused", await page.locator(`#ceremony-${id}`).count(), 0);
    await page.getByRole("button", { name: "Resume (1 new)" }).click();
    await page.locator(`#ceremony-${id}`).waitFor();
  });
}

export async function many(world) {
  const { softhello } = world;
  const [{ id: before }] = await softhello.done("GET", "/api/traces?limit=1");
  const answer = (user) => softhello.api("POST", "/api/devices/default/create", { origin: "https://login.microsoft.com", options: creation(user) });
  // Of a few users each: a container holds so many passkeys and no more.
  for (let made = 0; made < MANY; made += 20) await Promise.all(Array.from({ length: 20 }, (_, at) => answer(`user${at}@contoso.example`)));
  const [{ id: newest }] = await softhello.done("GET", "/api/traces?limit=1");
  expect(newest >= before + MANY, `only ${newest - before} ceremonies were traced`);

  const oldest = await oldestTrace(softhello);

  return on(world, "", async (page) => {
    await page.locator(`#ceremony-${newest}`).waitFor();
    const rows = await page.locator("[role=option]").count();
    expect(rows < 100, `${rows} rows are in the page`);
    const size = Number(await page.locator("[role=option]").first().getAttribute("aria-setsize"));
    expect(size >= MANY, `the list has ${size} ceremonies`);

    // From the event to the frame after the one that shows it.
    const measure = (kind) => page.evaluate(async (what) => {
      const times = [];
      const input = document.querySelector(".tools input");
      const list = document.querySelector("[role=listbox]");
      const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      for (let at = 0; at < 15; at += 1) {
        const start = performance.now();
        if (what === "filter") {
          input.value = "user1@contoso".slice(0, at);
          input.dispatchEvent(new InputEvent("input", { bubbles: true }));
          list.getBoundingClientRect();
        } else {
          const option = list.querySelectorAll("[role=option]")[at % 8];
          const box = option.getBoundingClientRect();
          const wanted = `#${option.id.split("-")[1]},`;
          option.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: box.x + 9, clientY: box.y + 9 }));
          while (!document.querySelector(".detail .title p")?.textContent.startsWith(wanted)) await new Promise((done) => setTimeout(done));
        }
        times.push(performance.now() - start);
        await frames();
      }
      return times.sort((a, b) => a - b);
    }, kind);
    const filter = await measure("filter");
    await page.getByLabel("Filter by RP, user, error, device or number").fill("");
    const select = await measure("select");
    const median = (times) => times[Math.floor(times.length / 2)];
    expect(median(filter) < SLOW, `a letter in the filter takes ${median(filter)} ms`);
    expect(median(select) < SLOW, `to select takes ${median(select)} ms`);

    const list = page.locator("[role=listbox]");
    await list.focus();
    // The oldest come when one gets near them.
    await world.until("the oldest is selected", async () => {
      await page.keyboard.press("End");
      await sleep(200);
      return page.locator(`#ceremony-${oldest}[aria-selected=true]`).isVisible();
    });
    return ` (a letter ${median(filter).toFixed(0)} ms, at most ${filter.at(-1).toFixed(0)} ms; to select ${median(select).toFixed(0)} ms, at most ${select.at(-1).toFixed(0)} ms)`;
  });
}

async function oldestTrace(softhello) {
  let oldest;
  for (let before = ""; ; before = `&before=${oldest}`) {
    const page = await softhello.done("GET", `/api/traces?limit=1000${before}`);
    if (page.length === 0) return oldest;
    oldest = page.at(-1).id;
  }
}
