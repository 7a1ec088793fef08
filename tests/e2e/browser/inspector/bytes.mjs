// One ceremony: its words, its steps, and its bytes beside their tree, compared with the API.

import { expect, expectEqual, sleep } from "../harness.mjs";
import { go, on, tabTo, tree } from "./pages.mjs";

const flatten = (nodes) => nodes.flatMap((node) => [node, ...flatten(node.children)]);

/** The messages of a ceremony, in the order of the page's choices. */
function documents({ exchanges, attestationObject, authenticatorData }) {
  return [...exchanges.flatMap((exchange) => [exchange.request, exchange.response]), attestationObject, authenticatorData].filter(Boolean);
}

const shownRanges = (page) => tree(page).evaluateAll((items) => items.map(({ dataset }) => ({ offset: Number(dataset.offset), end: Number(dataset.end) })));

/** The bytes that are lit, as ranges; letters beside them must agree. */
const lit = (page) => page.evaluate(() => {
  const offsets = [...document.querySelectorAll(".hex [data-offset].lit")].map(({ dataset }) => Number(dataset.offset));
  const letters = document.querySelectorAll(".letters .lit").length;
  const contiguous = offsets.every((offset, at) => offset === offsets[0] + at);
  return { offset: offsets[0] ?? null, end: (offsets.at(-1) ?? -1) + 1, contiguous, letters: letters === offsets.length };
});

const range = ({ offset, end }) => ({ offset, end, contiguous: true, letters: true });

/** Clicks every line of the tree that is shown, and compares what lights up with `nodes`. */
async function clickEveryNode(page, { hex, nodes }) {
  const want = flatten(nodes);
  expectEqual("hex", await page.locator(".hex [data-offset]").allTextContents(), hex.match(/../g));
  expectEqual("ranges in the tree", await shownRanges(page), want.map(({ offset, end }) => ({ offset, end })));
  const rows = page.locator(".tree-text");
  for (const [at, node] of want.entries()) {
    await rows.nth(at).click({ position: { x: 3, y: 8 } });
    expectEqual(`lit by ${node.label} ${node.value}`, await lit(page), range(node));
    const selected = await page.locator('[role=treeitem][aria-selected="true"]').evaluateAll((items) => items.map(({ dataset }) => Number(dataset.index)));
    expectEqual("selected", selected, [at]);
    const text = await rows.nth(at).innerText();
    for (const part of [node.label, node.value, node.note ?? ""]) expect(text.includes(part), `${JSON.stringify(text)} does not say ${JSON.stringify(part)}`);
  }
  return want.length;
}

export async function everyNode(world, id) {
  const trace = await world.softhello.done("GET", `/api/traces/${id}`);
  let count = 0;
  await on(world, `#/ceremonies/${id}/bytes`, async (page) => {
    const choices = page.locator(".choices input");
    await choices.first().waitFor();
    expectEqual("messages", await choices.count(), documents(trace).length);
    for (const [at, shown] of documents(trace).entries()) {
      await choices.nth(at).check();
      count += await clickEveryNode(page, shown);
    }
  });
  return ` (${count} nodes)`;
}

export async function explained(world) {
  const trace = await world.softhello.done("GET", `/api/traces/${world.ceremonies["a passkey is made"]}`);
  let count = 0;
  await on(world, "#/explain", async (page) => {
    for (const { hex } of [trace.attestationObject, trace.exchanges.at(-1).request, trace.exchanges[0].response]) {
      await page.getByLabel("Bytes in hexadecimal").fill(hex);
      await page.getByRole("button", { name: "Explain" }).click();
      await page.waitForFunction((bytes) => document.querySelectorAll(".page:not([hidden]) .hex [data-offset]").length === bytes, hex.length / 2);
      count += await clickEveryNode(page, await world.softhello.done("POST", "/api/explain", { bytes: hex }));
    }
    await page.getByLabel("Bytes in hexadecimal").fill("a161");
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Not everything could be taken apart").waitFor();
  });
  return ` (${count} nodes)`;
}

export async function everyByte(world) {
  const id = world.ceremonies["a passkey is made"];
  const { attestationObject } = await world.softhello.done("GET", `/api/traces/${id}`);
  const nodes = flatten(attestationObject.nodes);
  await on(world, `#/ceremonies/${id}/bytes`, async (page) => {
    await page.getByRole("radio", { name: "attestationObject" }).check();
    const bytes = page.locator(".hex [data-offset]");
    for (let offset = 0; offset < attestationObject.hex.length / 2; offset += 1) {
      // Nodes stand in order, so the last that holds the byte is the deepest.
      const want = nodes.findLast((node) => node.offset <= offset && offset < node.end);
      await bytes.nth(offset).click();
      expectEqual(`lit by byte ${offset}`, await lit(page), range(want));
      const selected = await page.locator('[role=treeitem][aria-selected="true"]').getAttribute("data-index");
      expectEqual(`selected by byte ${offset}`, Number(selected), nodes.indexOf(want));
    }
    await page.keyboard.press("Control+Home");
    expectEqual("lit by Ctrl+Home", await lit(page), range(nodes[0]));
    await page.keyboard.press("ArrowRight");
    expectEqual("lit by ArrowRight", await lit(page), range(nodes.findLast((node) => node.offset <= 1 && 1 < node.end)));
  });
}

export async function treeByKeyboard(world) {
  const id = world.ceremonies["a passkey is made"];
  const { attestationObject } = await world.softhello.done("GET", `/api/traces/${id}`);
  const nodes = flatten(attestationObject.nodes);
  const at = (label) => nodes.findIndex((node) => node.label === label);
  await on(world, `#/ceremonies/${id}/bytes`, async (page) => {
    await page.getByRole("radio", { name: "attestationObject" }).check();
    await tabTo(page, "[role=treeitem]");
    expectEqual("tab stops", await page.locator('[role=treeitem][tabindex="0"]').count(), 1);
    const state = () => page.evaluate(() => [Number(document.activeElement.dataset.index), document.activeElement.getAttribute("aria-expanded")]);
    const last = nodes.length - 1;
    for (const [key, want] of [
      ["Home", [0, "true"]],
      ["ArrowDown", [1, "true"]],
      ["ArrowUp", [0, "true"]],
      ["End", [last, nodes[last].children.length ? "true" : null]],
      ["Home", [0, "true"]],
      ["ArrowLeft", [0, "false"]],
      ["ArrowDown", [0, "false"]],
      ["ArrowRight", [0, "true"]],
      ["ArrowRight", [1, "true"]],
      ["ArrowLeft", [1, "false"]],
      ["ArrowLeft", [0, "true"]],
      ["*", [0, "true"]],
      ["a", [at("attStmt"), "true"]],
    ]) {
      await page.keyboard.press(key);
      expectEqual(`after ${key}`, await state(), want);
      expectEqual(`lit after ${key}`, await lit(page), range(nodes[want[0]]));
    }
    await sleep(700); // typeahead forgets
    await page.keyboard.type("authd");
    expectEqual("after typing authd", (await state())[0], at("authData"));
  });
}

export async function ceremonyPage(world) {
  for (const id of Object.values(world.ceremonies)) {
    const trace = await world.softhello.done("GET", `/api/traces/${id}`);
    await on(world, `#/ceremonies/${id}`, async (page) => {
      const words = (await page.locator(".detail .infobar").innerText()).replaceAll("`", "");
      for (const part of trace.error ? [trace.error.name, trace.error.message, trace.error.hint] : ["PublicKeyCredential"]) {
        expect(words.includes(part.replaceAll("`", "")), `${words} does not say ${part}`);
      }
      if (trace.error?.chain) expectEqual("chain", await page.locator(".chain li").allTextContents(), trace.error.chain.split(" → "));
      const messages = await page.locator(".diagram ol > li").allTextContents();
      expectEqual("messages of the diagram", messages.length, trace.diagram.length);
      for (const [at, { text }] of trace.diagram.entries()) expect(messages[at].includes(text), `${messages[at]} does not say ${text}`);
      await go(page, `#/ceremonies/${id}/steps`);
      await page.getByLabel("Show the steps that do not apply").check();
      const steps = await page.locator(".steps li").evaluateAll((items) => items.filter((item) => item.checkVisibility()).map((item) => item.textContent));
      const want = trace.exchanges.flatMap((exchange) => exchange.steps);
      expectEqual("number of steps", steps.length, want.length);
      for (const [at, { section, number, outcome }] of want.entries()) {
        for (const part of [`§${section}`, `step ${number}`, outcome.replaceAll("`", "")]) expect(steps[at].includes(part), `${steps[at]} does not say ${part}`);
      }
      await go(page, `#/ceremonies/${id}/json`);
      expectEqual("options", JSON.parse(await page.getByRole("region", { name: "Options as JSON" }).textContent()), trace.options);
      if (trace.response) expectEqual("response", JSON.parse(await page.getByRole("region", { name: "Response as JSON" }).textContent()), trace.response);
    });
  }
}
