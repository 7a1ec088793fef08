import { h } from "/static/dom.js";

let count = 0;

/** Tabs after the ARIA pattern; `panel(name)` makes what a tab shows, when it is first shown. */
export function tabs({ label, names, selected, part, panel, changed }) {
  const group = `tabs-${++count}`;
  const entries = Object.entries(names);
  const buttons = new Map(entries.map(([name, text]) => [name, h("button", { type: "button", role: "tab", id: `${group}-${name}`, "aria-controls": `${group}-panel`, onclick: () => choose(name) }, text)]));
  const body = h("div.panel", { role: "tabpanel", id: `${group}-panel`, tabindex: "-1" });
  const element = h("div.tabs", null, h("div.tablist", { role: "tablist", "aria-label": label, onkeydown: key }, [...buttons.values()]), body);
  let current = null;
  select(selected, part);
  return { element, select };

  function select(name, at) {
    if (current === name && at === undefined) return;
    current = name;
    for (const [key, button] of buttons) {
      button.setAttribute("aria-selected", String(key === name));
      button.tabIndex = key === name ? 0 : -1;
    }
    body.setAttribute("aria-labelledby", `${group}-${name}`);
    body.replaceChildren(...[panel(name, at)].flat().filter(Boolean));
  }

  function choose(name) {
    select(name);
    changed(name);
  }

  function key(event) {
    const at = entries.findIndex(([name]) => name === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const [name] = entries[(to + entries.length) % entries.length];
    choose(name);
    buttons.get(name).focus();
  }
}
