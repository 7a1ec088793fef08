const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `tag` may carry classes, as `div.card.row`. A property that starts with `on` is a listener, `null`,
 * `undefined` and `false` are left out, `true` is an empty attribute. Text never becomes markup: all data here is hostile.
 */
export function h(tag, properties, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (key === "value" && "value" in element) element.value = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A drawing of 20 × 20, hidden from screen readers: words stand beside it. */
export function icon(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Text in which `words` in backticks are code. */
export function prose(text) {
  return (text ?? "").split("`").map((part, at) => (at % 2 ? h("code", null, part) : part));
}

/** What each element is to be filled with, while it waits for that. */
const awaited = new WeakMap();

/**
 * Replaces what is in `target`, and puts the focus back on the element with the same `data-key`, if there is one. While
 * something in it is pressed that waits: the press would come to nothing.
 */
export function refill(target, ...children) {
  awaited.set(target, children);
  if (target.querySelector(":active")) {
    setTimeout(() => awaited.get(target) === children && refill(target, ...children), 50);
    return;
  }
  awaited.delete(target);
  const key = target.contains(document.activeElement) ? document.activeElement.closest("[data-key]")?.dataset.key : null;
  target.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (!key) return;
  const same = target.querySelector(`[data-key="${CSS.escape(key)}"]`);
  (same ?? document.getElementById("main")).focus({ preventScroll: true });
}

/** Names and values; what has no value is left out. `across` sets them side by side. */
export function facts(pairs, layout = "") {
  const rows = pairs.filter(([, value]) => value !== null && value !== undefined);
  return h("dl.facts", { class: layout }, rows.map(([name, value]) => {
    const pair = [h("dt", null, name), h("dd", null, value)];
    return layout ? h("div", null, pair) : pair;
  }));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export const time = (instant) => clock.format(new Date(instant));
export const date = (instant) => day.format(new Date(instant));
export const moment = (instant) => h("time", { datetime: instant }, `${date(instant)}, ${time(instant)}`);

export function duration(microseconds) {
  if (microseconds < 1000) return `${microseconds} µs`;
  if (microseconds < 1_000_000) return `${(microseconds / 1000).toPrecision(3)} ms`;
  return `${(microseconds / 1_000_000).toPrecision(3)} s`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

const ICONS = {
  add: "M10 4v12M4 10h12",
  back: "M16 10H4m5-5-5 5 5 5",
  bytes: "M7 4.5C5.5 4.5 5 5.5 5 7s0 3-1.8 3C5 10 5 11.5 5 13s.5 2.5 2 2.5M13 4.5c1.5 0 2 1 2 2.5s0 3 1.8 3c-1.8 0-1.8 1.5-1.8 3s-.5 2.5-2 2.5",
  check: "M4 10.5 8.2 15 16 6",
  chevron: "m8 5 5 5-5 5",
  close: "m5 5 10 10M15 5 5 15",
  copy: "M7 6.5h7.5V17H7zM4.5 13.5V3.5h7",
  cross: "m6 6 8 8M14 6l-8 8",
  device: "M3 4.5h14v9H3zM7 16.5h6M10 13.5v3",
  down: "M10 3v10m-4-4 4 4 4-4M4 16.5h12",
  face: "M3 6.5V4.5A1.5 1.5 0 0 1 4.5 3h2M13.5 3h2A1.5 1.5 0 0 1 17 4.5v2M17 13.5v2a1.5 1.5 0 0 1-1.5 1.5h-2M6.5 17h-2A1.5 1.5 0 0 1 3 15.5v-2M7.5 8v1M12.5 8v1M7 12c.8 1.2 1.8 1.7 3 1.7s2.2-.5 3-1.7",
  info: "M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15zM10 9v5M10 6.3v.2",
  key: "M12.5 3a4.5 4.5 0 1 1-1.5 8.7L9.5 13H8v1.8H6V17H3v-3l5.4-5.4A4.5 4.5 0 0 1 12.5 3zM13.5 6.5v.1",
  list: "M7.5 5H17M7.5 10H17M7.5 15H17M3.5 5h.1M3.5 10h.1M3.5 15h.1",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  minus: "M5 10h10",
  moon: "M16.5 12.5A7 7 0 0 1 7.5 3.5a7 7 0 1 0 9 9z",
  more: "M5 10h.1M10 10h.1M15 10h.1",
  pause: "M7 4v12M13 4v12",
  person: "M10 3a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM3.5 17c.6-3 3-4.5 6.5-4.5s5.9 1.5 6.5 4.5",
  play: "M6 4v12l10-6z",
  power: "M10 3v7M6 5.5a6 6 0 1 0 8 0",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  shield: "M10 2.5 16 5v4.5c0 4-2.5 6.5-6 8-3.5-1.5-6-4-6-8V5zM7.3 10l2 2 3.5-3.8",
  trash: "M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.8 11h7.4l.8-11",
  up: "M10 13V3m-4 4 4-4 4 4M4 16.5h12",
  usb: "M6 9h8v5.5a2.5 2.5 0 0 1-2.5 2.5h-3A2.5 2.5 0 0 1 6 14.5zM7.5 9V3h5v6M9.3 5.5v.1M10.9 5.5v.1",
  warning: "M10 3 18 16.5H2zM10 8v4M10 14.2v.1",
};
