import { h } from "/static/dom.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

/** The bytes as an ARIA grid, one tab stop, with the same bytes as text beside them. */
export function hexGrid(bytes, owner, flat, name, { choose, hover }) {
  const width = matchMedia("(max-width: 42rem)").matches ? 8 : 16;
  const digits = Math.max(4, bytes.length.toString(16).length);
  const cells = bytes.map((byte, offset) => h("span.byte", {
    role: "gridcell", tabindex: offset ? "-1" : "0", "data-offset": offset, class: `k-${flat[owner[offset]]?.kind ?? "none"}${starts(offset) ? " starts" : ""}`,
  }, byte));
  const letters = bytes.map((byte, offset) => h("span", { class: `k-${flat[owner[offset]]?.kind ?? "none"}` }, printable(byte)));
  const rows = [];
  for (let from = 0; from < bytes.length; from += width) {
    const missing = Math.max(0, from + width - bytes.length);
    rows.push(h("div.hex-row", { role: "row" },
      h("span.address", { role: "rowheader" }, from.toString(16).padStart(digits, "0")),
      h("span.cells", { role: "none" }, cells.slice(from, from + width), Array.from({ length: missing }, () => h("span.byte.none", { "aria-hidden": "true" }))),
      h("span.letters", { "aria-hidden": "true" }, letters.slice(from, from + width))));
  }
  const element = h("div.hex", { role: "grid", "aria-label": `${name}, ${bytes.length} bytes`, "aria-readonly": "true", class: width === 8 ? "narrow" : "", onclick: click, onkeydown: key, onfocusin: focused, onmouseover: over, onmouseleave: () => hover(null) }, rows);
  let lit = [0, 0];
  let hovered = [0, 0];
  let current = 0;
  return { element, light, hover: hoverRange };

  /** Whether a byte begins another node than the byte before it: the eye needs the seam where two neighbours share a colour. */
  function starts(offset) {
    return offset > 0 && owner[offset] !== owner[offset - 1];
  }

  function mark([from, to], on, off) {
    for (let at = off[0]; at < off[1]; at += 1) {
      cells[at]?.classList.remove(on);
      letters[at]?.classList.remove(on);
    }
    for (let at = from; at < to; at += 1) {
      cells[at]?.classList.add(on);
      letters[at]?.classList.add(on);
    }
    return [from, to];
  }

  function light({ offset, end }, scroll) {
    lit = mark([offset, end], "lit", lit);
    if (!cells[offset]) return;
    rove(offset);
    if (scroll) scrollTo(cells[offset]);
  }

  /** Within the pane only: `scrollIntoView` would move the page as well. */
  function scrollTo(cell) {
    const pane = element.parentElement;
    const [box, view] = [cell.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (box.top < view.top + 8) pane.scrollTop += box.top - view.top - 40;
    else if (box.bottom > view.bottom - 8) pane.scrollTop += box.top - view.top - 60;
  }

  function hoverRange(entry) {
    hovered = mark(entry ? [entry.offset, entry.end] : [0, 0], "near", hovered);
  }

  function rove(offset) {
    cells[current].tabIndex = -1;
    cells[offset].tabIndex = 0;
    current = offset;
  }

  function at(event) {
    const cell = event.target.closest("[data-offset]");
    return cell ? Number(cell.dataset.offset) : null;
  }

  function click(event) {
    const offset = at(event);
    if (offset === null) return;
    choose(offset);
    rove(offset);
    cells[offset].focus({ preventScroll: true });
  }

  function over(event) {
    hover(at(event));
  }

  function focused(event) {
    const offset = at(event);
    if (offset === null) return;
    // Named only now: a thousand names that nobody hears would cost time.
    const { node } = flat[owner[offset]] ?? { node: { label: "", value: "" } };
    cells[offset].setAttribute("aria-label", `${bytes[offset]}, byte ${offset}, ${[node.label, node.value].filter(Boolean).join(": ")}`);
  }

  function key(event) {
    const first = current - (current % width);
    const to = {
      ArrowUp: current - width,
      ArrowDown: current + width,
      Home: event.ctrlKey ? 0 : first,
      End: event.ctrlKey ? bytes.length - 1 : Math.min(first + width, bytes.length) - 1,
    }[event.key] ?? (event.key in STEPS ? current + STEPS[event.key] : undefined);
    if (to === undefined) return;
    event.preventDefault();
    if (to < 0 || to >= bytes.length) return;
    choose(to);
    rove(to);
    cells[to].focus({ preventScroll: true });
    scrollTo(cells[to]);
  }
}

function printable(byte) {
  const code = Number.parseInt(byte, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
}
