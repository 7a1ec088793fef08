import { h, icon, plural } from "/static/dom.js";
import { hexGrid } from "/static/hex.js";
import { tree } from "/static/tree.js";

/**
 * Bytes as a hex view beside the tree of what they mean. `explained` is {hex, nodes, problems}; a node covers
 * offset..end. Choosing a node lights up its bytes; choosing a byte selects the deepest node that holds it.
 */
export function bytesView({ hex, nodes, problems }, name) {
  const flat = flatten(nodes);
  const bytes = hex.match(/../g) ?? [];
  const owner = owners(flat, bytes.length);

  const status = h("p.bytes-status.small", null, h("span.soft", null, "Choose a byte, or a line of the tree."));
  const grid = hexGrid(bytes, owner, flat, name, { choose: (offset) => select(owner[offset], "hex"), hover: (offset) => hover(offset === null ? null : owner[offset]) });
  const outline = tree(flat, name, { choose: (index) => select(index, "tree"), hover });
  const element = h("div.bytes", null,
    problems?.length > 0 && warning(problems, (offset) => select(owner[Math.min(offset, bytes.length - 1)], "problem")),
    h("div.bytes-panes", null,
      h("div.hex-pane.card", null, grid.element),
      h("div.tree-pane.card", null, outline.element)),
    h("div.bytes-foot", null, status, legend(flat)));
  return element;

  function select(index, origin) {
    const entry = flat[index];
    if (!entry) return;
    grid.light(entry, origin !== "hex");
    outline.select(index, origin !== "tree");
    status.replaceChildren(
      h("span.mono", null, entry.end - entry.offset === 1 ? `byte ${entry.offset}` : `bytes ${entry.offset} to ${entry.end - 1}`),
      h("span.soft", null, ` (${plural(entry.end - entry.offset, "byte")}) `),
      trail(flat, index));
  }

  function hover(index) {
    grid.hover(flat[index] ?? null);
    outline.hover(index);
  }
}

/** The nodes in order, each with its depth, parent, place among its siblings, and range. */
function flatten(nodes) {
  const flat = [];
  const walk = (list, parent, level) => list.forEach((node, at) => {
    const own = node.length ?? (node.bytes?.length ?? 0) / 2;
    const entry = { node, index: flat.length, parent, level, position: at + 1, size: list.length, offset: node.offset, own: node.offset + own, end: node.end ?? node.offset + own, kind: kind(node) };
    flat.push(entry);
    walk(node.children ?? [], entry, level + 1);
    // `softhello explain --json` gives no `end`.
    entry.last = flat.length - 1;
    if (node.end === undefined) entry.end = flat.slice(entry.index, entry.last + 1).reduce((most, { own: end }) => Math.max(most, end), 0);
  });
  walk(nodes, null, 1);
  return flat;
}

/** For every byte the deepest node that holds it: later nodes are deeper, so they overwrite. */
function owners(flat, length) {
  const owner = new Int32Array(length).fill(-1);
  for (const { index, offset, end } of flat) owner.fill(index, offset, end);
  return owner;
}

const KINDS = { head: "Command, status", shape: "Map, array", key: "Member", text: "Text", bytes: "Bytes", number: "Number, flag", field: "Field" };

function kind({ label, value, children }) {
  if (label === "command" || label === "status") return "head";
  if (/^(map|array)\(/.test(value)) return "shape";
  if (value === "" || (children?.length === 1 && !value)) return "key";
  if (value.startsWith('"')) return "text";
  if (label && !/^\[\d+\]$/.test(label)) return "field";
  if (/^-?\d+( \(.*\))?$|^(true|false|null|undefined)$/.test(value)) return "number";
  return "bytes";
}

function trail(flat, index) {
  const names = [];
  for (let entry = flat[index]; entry; entry = entry.parent) {
    const name = entry.node.label || (entry.level === flat[index].level ? entry.node.value : "");
    if (name) names.unshift(name);
  }
  return h("strong.wrap", null, names.join(" › "));
}

function legend(flat) {
  const used = new Set(flat.map((entry) => entry.kind));
  return h("ul.legend.small", { "aria-label": "Colours" }, Object.entries(KINDS).filter(([name]) => used.has(name)).map(([name, text]) => h("li", null, h("span.swatch", { class: `k-${name}` }), text)));
}

function warning(problems, show) {
  return h("div.infobar.warn", null, icon("warning"), h("div", null,
    h("strong", null, "Not everything could be taken apart"),
    h("ul", null, problems.map(({ offset, text }) => h("li", null, text, " ", h("button.quiet", { type: "button", onclick: () => show(offset) }, `Show byte ${offset}`))))));
}
