import { h, icon } from "/static/dom.js";

// Longer than a person's pause between two letters of a word.
const TYPEAHEAD = 600;

/**
 * The ARIA tree pattern with one tab stop: where the focus goes, the selection goes. The items stand in one list and say
 * their level, so that the name of each is its own line and nothing else.
 */
export function tree(flat, name, { choose, hover }) {
  const items = flat.map(item);
  const element = h("ul.tree", { role: "tree", "aria-label": `${name}, taken apart`, onclick: click, ondblclick: double, onkeydown: key, onfocusin: focused, onmouseover: (event) => hover(index(event)), onmouseleave: () => hover(null) }, items);
  let current = 0;
  let selected = null;
  let near = null;
  let typed = "";
  let typedAt = 0;
  if (items.length) items[0].tabIndex = 0;
  return { element, select, hover: hovered };

  function index(event) {
    const li = event.target.closest("[role=treeitem]");
    return li ? Number(li.dataset.index) : null;
  }

  function isBranch(at) {
    return flat[at].last > at;
  }

  function isOpen(at) {
    return items[at].getAttribute("aria-expanded") === "true";
  }

  function open(at, wanted) {
    if (!isBranch(at)) return;
    items[at].setAttribute("aria-expanded", String(wanted));
    for (let inner = at + 1; inner <= flat[at].last; inner += 1) {
      items[inner].hidden = !wanted;
      // What was closed inside stays closed.
      if (wanted && isBranch(inner) && !isOpen(inner)) inner = flat[inner].last;
    }
  }

  function select(at, scroll) {
    if (selected !== null) items[selected].setAttribute("aria-selected", "false");
    items[current].tabIndex = -1;
    items[at].setAttribute("aria-selected", "true");
    items[at].tabIndex = 0;
    selected = at;
    current = at;
    const above = [];
    for (let { parent } = flat[at]; parent; parent = parent.parent) above.unshift(parent.index);
    for (const outer of above) if (!isOpen(outer)) open(outer, true);
    if (scroll) scrollTo(items[at]);
  }

  /** Within the pane only: `scrollIntoView` would move the page as well. */
  function scrollTo(li) {
    const pane = element.parentElement;
    const [box, view] = [li.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (box.top < view.top) pane.scrollTop += box.top - view.top - 8;
    else if (box.bottom > view.bottom) pane.scrollTop += box.bottom - view.bottom + 8;
  }

  function hovered(at) {
    if (near !== null) items[near].classList.remove("near");
    near = at !== null && items[at] ? at : null;
    if (near !== null) items[near].classList.add("near");
  }

  function focused(event) {
    const at = index(event);
    if (at !== null && at !== selected) choose(at);
  }

  function go(at) {
    items[at].focus({ preventScroll: true });
    choose(at);
    scrollTo(items[at]);
  }

  function click(event) {
    const at = index(event);
    if (at === null) return;
    go(at);
    if (event.target.closest(".chevron")) open(at, !isOpen(at));
  }

  function double(event) {
    const at = index(event);
    if (at !== null && !event.target.closest(".chevron")) open(at, !isOpen(at));
  }

  function key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const list = flat.map(({ index: at }) => at).filter((at) => !items[at].hidden);
    const place = list.indexOf(current);
    const actions = {
      ArrowDown: () => go(list[Math.min(place + 1, list.length - 1)]),
      ArrowUp: () => go(list[Math.max(place - 1, 0)]),
      Home: () => go(list[0]),
      End: () => go(list.at(-1)),
      ArrowRight: () => isBranch(current) && (isOpen(current) ? go(current + 1) : open(current, true)),
      ArrowLeft: () => (isBranch(current) && isOpen(current) ? open(current, false) : flat[current].parent && go(flat[current].parent.index)),
      Enter: () => open(current, !isOpen(current)),
      " ": () => open(current, !isOpen(current)),
      "*": () => flat.forEach((entry) => entry.parent === flat[current].parent && open(entry.index, true)),
    };
    const action = actions[event.key] ?? (event.key.length === 1 ? () => typeahead(event.key, list, place) : null);
    if (!action) return;
    event.preventDefault();
    action();
  }

  function typeahead(letter, list, place) {
    const now = performance.now();
    typed = (now - typedAt < TYPEAHEAD ? typed : "") + letter.toLowerCase();
    typedAt = now;
    // One letter moves on from where one is; more letters refine it.
    const from = typed.length === 1 ? place + 1 : place;
    const order = [...list.slice(from), ...list.slice(0, from)];
    const found = order.find((at) => {
      const { label, value } = flat[at].node;
      return (label || value.replace(/^"/, "")).toLowerCase().startsWith(typed);
    });
    if (found !== undefined) go(found);
  }
}

function item({ node, index, last, level, position, size, offset, end, kind }) {
  const branch = last > index;
  const li = h("li", {
    role: "treeitem", tabindex: "-1", "aria-level": level, "aria-posinset": position, "aria-setsize": size, "aria-selected": "false",
    "aria-expanded": branch && "true", "data-offset": offset, "data-end": end, "data-index": index,
  },
  branch ? icon("chevron", "chevron") : h("span.icon"),
  h("span.tree-text", null,
    node.label && h("span.label", null, node.label),
    node.label && node.value && h("span.soft", null, ": "),
    node.value && h("span.value", { class: `k-${kind}` }, node.value),
    node.note && h("span.note.soft", null, " ", node.note)));
  li.style.setProperty("--level", level - 1);
  return li;
}
