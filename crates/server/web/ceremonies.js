import { get } from "/static/api.js";
import { ceremony, sentence } from "/static/ceremony.js";
import { errorBar } from "/static/dialogs.js";
import { duration, h, icon, plural, refill, time } from "/static/dom.js";

const ROW = 64;
const PAGE = 1000;
// A page that is open for days beside a load test must not grow without end.
const KEPT = 10_000;
// Arrow keys held down pass many rows: only where they rest is the ceremony fetched.
const REST = 90;

/** The live list beside the ceremony that is selected. */
export function ceremonies() {
  /** @type {Map<number, object>} newest first once sorted into `shown` */
  const known = new Map();
  let shown = [];
  let held = [];
  let paused = false;
  let selected = null;
  let older = false;
  let loaded = false;
  let resting = 0;
  let frame = 0;
  const announcer = announcements();

  const text = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter by RP, user, error, device or number", autocomplete: "off", spellcheck: "false", oninput: () => filter() });
  const outcome = h("select", { "aria-label": "Outcome", onchange: () => filter() });
  const pause = h("button.quiet", { type: "button", onclick: () => setPaused(!paused) });
  const count = h("p.small.soft.count", { role: "status" });
  const rows = h("div.rows", { role: "presentation", onclick: pointed });
  const list = h("div.list", { role: "listbox", tabindex: "0", "aria-label": "Ceremonies, newest first", onkeydown: key, onscroll: scrolled }, rows);
  const empty = h("div.empty", { hidden: true });
  const detail = h("section.detail", { "aria-label": "Ceremony" });
  const element = h("div.split", null,
    h("h1.hidden-text", null, "Ceremonies"),
    h("section.pane", { "aria-label": "Live list" },
      h("div.tools", null,
        h("div.search", null, text, icon("search")),
        h("div.row", null, outcome, pause)),
      count, list, empty),
    detail);
  const view = ceremony(detail);
  new ResizeObserver(() => draw()).observe(list);
  showPause();
  showOutcomes();
  refresh();

  return { element, open, arrived, refresh };

  async function refresh() {
    try {
      const page = await get(`/api/traces?limit=${PAGE}`);
      // A server that was started again counts from the beginning.
      known.clear();
      take(page);
    } catch (error) {
      refill(empty, errorBar(error));
    }
  }

  function take(page) {
    loaded = true;
    for (const summary of page) known.set(summary.id, prepared(summary));
    older = page.length > 0;
    showOutcomes();
    filter(true);
    if (selected === null) view.none(known.size > 0);
  }

  function open([id, ...rest]) {
    selected = /^\d+$/.test(id ?? "") ? Number(id) : null;
    element.classList.toggle("one", selected !== null);
    clearTimeout(resting);
    document.title = selected === null ? "Ceremonies · softhello" : `Ceremony ${selected} · softhello`;
    if (selected === null) loaded && view.none(known.size > 0);
    else view.show(selected, rest);
    reveal();
    draw();
  }

  function arrived(summary) {
    if (paused) {
      held.push(summary);
      if (held.length > KEPT) held.shift();
      return showPause();
    }
    known.set(summary.id, prepared(summary));
    announcer.add(summary);
    // A burst of ceremonies costs one pass a frame.
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (known.size > KEPT) {
        for (const id of [...known.keys()].sort((a, b) => a - b).slice(0, known.size - KEPT)) known.delete(id);
      }
      showOutcomes();
      filter(true);
      if (selected === null) view.none(true);
    });
    return undefined;
  }

  function setPaused(to) {
    paused = to;
    if (!paused) {
      for (const summary of held.splice(0)) arrived(summary);
    }
    showPause();
  }

  function showPause() {
    pause.title = paused ? "New ceremonies wait" : "New ceremonies appear at once";
    pause.replaceChildren(icon(paused ? "play" : "pause"), paused ? (held.length ? `Resume (${held.length} new)` : "Resume") : "Pause");
  }

  function showOutcomes() {
    const names = [...new Set([...known.values()].map((item) => item.outcome))].filter((name) => name !== "ok").sort();
    const wanted = ["", "ok", "refused", ...names];
    if (wanted.length === outcome.options.length && wanted.every((name, at) => outcome.options[at].value === name)) return;
    const before = outcome.value;
    const labels = { "": "Every outcome", ok: "Succeeded", refused: "Refused" };
    outcome.replaceChildren(...wanted.map((value) => h("option", { value }, labels[value] ?? value)));
    outcome.value = wanted.includes(before) ? before : "";
  }

  function filter(kept = false) {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const want = outcome.value;
    const anchor = kept && list.scrollTop > 0 ? shown[Math.floor(list.scrollTop / ROW)]?.id : null;
    shown = [...known.values()]
      .filter((item) => (!want || item.outcome === want || (want === "refused" && item.outcome !== "ok")) && words.every((word) => item.haystack.includes(word)))
      .sort((a, b) => b.id - a.id);
    rows.style.height = `${shown.length * ROW}px`;
    // What a person reads must not move away when something new comes above it.
    if (anchor) list.scrollTop = shown.findIndex((item) => item.id === anchor) * ROW + (list.scrollTop % ROW);
    else if (!kept) list.scrollTop = 0;
    const narrowed = words.length || want;
    count.textContent = narrowed ? `${shown.length.toLocaleString()} of ${plural(known.size, "ceremony", "ceremonies")}` : plural(known.size, "ceremony", "ceremonies");
    list.hidden = !shown.length;
    empty.hidden = shown.length > 0;
    if (!shown.length) {
      refill(empty, narrowed
        ? h("p", null, "No ceremony matches. ", h("button", { type: "button", onclick: clear }, "Show all"))
        : [h("p", null, h("strong", null, "No ceremonies yet")), h("p.soft", null, "One appears here when a page makes a passkey or signs in with one.")]);
    }
    draw();
  }

  function clear() {
    text.value = "";
    outcome.value = "";
    filter();
    text.focus();
  }

  function scrolled() {
    draw();
    if (older && list.scrollTop + list.clientHeight > list.scrollHeight - 20 * ROW) {
      older = false;
      get(`/api/traces?limit=${PAGE}&before=${Math.min(...known.keys())}`).then(take, () => (older = true));
    }
  }

  /** Only the rows in sight exist, so that a thousand cost what ten cost. */
  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 4);
    rows.replaceChildren(...shown.slice(first, last).map((item, at) => row(item, first + at)));
    if (shown.some((item, at) => item.id === selected && at >= first && at < last)) list.setAttribute("aria-activedescendant", `ceremony-${selected}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function row(item, index) {
    const ok = item.outcome === "ok";
    const option = h("div.option", { id: `ceremony-${item.id}`, role: "option", "aria-selected": String(item.id === selected), "aria-posinset": index + 1, "aria-setsize": shown.length },
      h("span.mark", { class: ok ? "good" : "bad" }, icon(ok ? "check" : "cross")),
      h("span.grow", null,
        h("span.first", null, h("strong", null, item.rpId || item.origin), h("span.soft.small", null, time(item.started))),
        h("span.second.soft.small", null,
          h("span", null, item.ceremony === "create" ? "Create" : "Get"),
          h("span.grow", null, item.userName ?? ""),
          ok ? h("span", null, duration(item.durationUs)) : h("span.bad-text", null, item.outcome))));
    option.style.translate = `0 ${index * ROW}px`;
    return option;
  }

  /** By place, not by target: rows are drawn anew while the button is down. */
  function pointed(event) {
    const item = shown[Math.floor((event.clientY - rows.getBoundingClientRect().top) / ROW)];
    list.focus({ preventScroll: true });
    if (item) location.hash = `#/ceremonies/${item.id}`;
  }

  function key(event) {
    const at = shown.findIndex((item) => item.id === selected);
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: shown.length - 1, PageDown: at + page, PageUp: at - page }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && selected !== null) {
      event.preventDefault();
      return view.focus();
    }
    if (to === undefined) return;
    event.preventDefault();
    selected = shown[Math.max(0, Math.min(shown.length - 1, to))]?.id ?? null;
    if (selected === null) return;
    reveal();
    draw();
    clearTimeout(resting);
    // Replaced, not pushed: the way back must not lead through every row.
    resting = setTimeout(() => location.replace(`#/ceremonies/${selected}`), REST);
  }

  function reveal() {
    const at = shown.findIndex((item) => item.id === selected);
    if (at < 0 || !list.clientHeight) return;
    if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
    else if ((at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 1) * ROW - list.clientHeight;
  }
}

function prepared(summary) {
  const { id, device, account, ceremony: kind, origin, rpId, userName, outcome, error } = summary;
  const haystack = [`#${id}`, device, account, kind, origin, rpId, userName, outcome === "ok" ? "ok succeeded" : outcome, error?.message, error?.chain].join(" ").toLowerCase();
  return { ...summary, haystack };
}

/** Tells a screen reader of new ceremonies, a few times a minute at most. */
function announcements() {
  const place = document.getElementById("announce");
  let waiting = [];
  let timer = 0;
  return {
    add(summary) {
      waiting.push(summary);
      timer ||= setTimeout(() => {
        const last = sentence(waiting.at(-1));
        place.textContent = waiting.length === 1 ? last : `${waiting.length} new ceremonies, the last: ${last}`;
        waiting = [];
        timer = 0;
      }, 2500);
    },
  };
}
