import { call, path } from "/static/api.js";
import { act } from "/static/dialogs.js";
import { h, icon, refill } from "/static/dom.js";

const DOES = {
  approve: ["Approve", "Approves, with the right PIN"],
  decline: ["Decline", "Says no"],
  timeout: ["Time out", "Does nothing until time is up"],
  "wrong-pin": ["Wrong PIN", "Types a wrong PIN"],
  ask: ["Ask me", "You are asked on this page, in a Windows Security dialog"],
};

/** The scripted user of a device: what it always does, how slowly, and what it does first. */
export function userScript(device) {
  let user = { does: "approve", delayMs: 0, next: [] };
  let changes = 0;
  const send = (change) => act(async () => {
    user = { ...user, ...change };
    changes += 1;
    const mine = changes;
    const sent = await call("PUT", path`/api/devices/${device}/user`, user);
    if (mine !== changes) return;
    user = sent;
    draw();
  });

  const radios = Object.entries(DOES).map(([does, [name]]) => h("input", { type: "radio", name: `does-${device}`, value: does, onchange: () => send({ does }) }));
  const explanation = h("p.small.soft", { "aria-live": "polite" });
  const delay = h("input", { type: "number", min: "0", step: "100", "aria-label": "Delay in milliseconds", onchange: () => send({ delayMs: Number(delay.value) || 0 }) });
  const queue = h("ul.chips", { "aria-label": "Next, one a ceremony" });
  const choice = h("select", { "aria-label": "What the next ceremony meets" }, Object.entries(DOES).map(([value, [name]]) => h("option", { value }, name)));
  choice.value = "decline";

  const element = h("div.card.settings", null,
    h("fieldset.setting", null, h("legend.hidden-text", null, "What the user does"), icon("person"),
      h("div.grow", null, h("h3", null, "When the user is asked"), explanation),
      h("div.pills", null, radios.map((radio, at) => h("label", null, radio, h("span", null, Object.values(DOES)[at][0]))))),
    h("div.setting", null, icon("list"),
      h("div.grow", null, h("h3", null, "Next ceremonies"), queue),
      h("div.actions.nowrap", null, choice, h("button", { type: "button", "data-key": "enqueue", onclick: () => send({ next: [...(user.next ?? []), choice.value] }) }, "Add"))),
    h("div.setting", null, icon("pause"),
      h("div.grow", null, h("h3", null, "Delay"), h("p.small.soft", null, "Milliseconds before the user does anything")),
      h("div.short", null, delay)));

  return { element, reader };

  /** To be taken before the server is asked: what it says is out of date if something was changed here meanwhile. */
  function reader() {
    const before = changes;
    return (now) => {
      if (before !== changes) return;
      user = now;
      draw();
    };
  }

  function draw() {
    for (const radio of radios) radio.checked = radio.value === user.does;
    explanation.textContent = DOES[user.does]?.[1] ?? user.does;
    if (document.activeElement !== delay) delay.value = user.delayMs ?? 0;
    const next = user.next ?? [];
    refill(queue, next.length
      ? next.map((does, at) => h("li.chip", null, DOES[does]?.[0] ?? does, h("button.quiet", { type: "button", "data-key": `next-${at}`, "aria-label": `Remove ${DOES[does]?.[0] ?? does}`, onclick: () => send({ next: next.filter((_, other) => other !== at) }) }, icon("close"))))
      : h("li.small.soft", null, "Each meets what is set above"));
  }
}
