import { h, icon } from "/static/dom.js";

/** The way back up. */
export function crumbs(...parts) {
  return h("nav.crumbs", { "aria-label": "Breadcrumb" }, h("ol", null,
    [["Devices", "#/devices"], ...parts].map(([name, href]) => h("li", null, href ? h("a", { href }, name) : h("span", { "aria-current": "page" }, name)))));
}

/** A line of Windows Settings: what it is on the left, what one can do on the right. */
export function setting({ drawing, title, text, control, tag = "div" }) {
  return h(`${tag}.setting`, null, drawing && icon(drawing), h("div.grow", null, h("h3", null, title), text && h("div.small.soft.wrap", null, text)), control && h("div.actions", null, control));
}
