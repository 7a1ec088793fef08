import { h, prose } from "/static/dom.js";

const ACTORS = [["page", "RP page"], ["browser", "Browser"], ["webauthn.h", "webauthn.h"], ["ctap", "CTAP"], ["container", "Container"]];

// A name such as WebAuthNAuthenticatorMakeCredential is wider than a lane: it may break before a capital, or after a `_`, and
// one that is alone after a dot, too.
function breakable(text) {
  const places = text.includes(" ") ? /(?<=[a-z])(?=[A-Z])|(?<=_)/ : /(?<=[a-z])(?=[A-Z])|(?<=[_.])/;
  return text.split(places).flatMap((part, at) => (at ? [h("wbr"), part] : [part]));
}

/**
 * Who said what, in order. It is an ordered list whose items are sentences; the lanes and arrows are drawn around them,
 * so a screen reader and a person see the same thing.
 */
export function diagram(messages, labelledby) {
  const actors = [...ACTORS];
  for (const name of messages.flatMap(({ from, to }) => [from, to])) {
    if (!actors.some(([known]) => known === name)) actors.push([name, name]);
  }
  const lane = (name) => actors.findIndex(([known]) => known === name);
  const title = (name) => actors[lane(name)][1];

  const item = ({ from, to, text, detail, ok }) => {
    const [a, b] = [lane(from), lane(to)];
    const message = h("li", { class: `${a === b ? "self" : a < b ? "right" : "left"}${ok ? "" : " bad"}` },
      h("span.hidden-text", null, a === b ? `${title(from)}: ` : `${title(from)} to ${title(to)}: `),
      h("span.text", null, h("span.words", null, breakable(text)), detail && h("span.detail-text", null, prose(detail))),
      !ok && h("span.hidden-text", null, " (an error)"),
      h("span.arrow", { "aria-hidden": "true" }));
    // Through the object model: a style attribute would break the content security policy.
    message.style.setProperty("--from", Math.min(a, b));
    message.style.setProperty("--span", Math.max(1, Math.abs(a - b)));
    return message;
  };

  const figure = h("div.diagram", { tabindex: "0", role: "group", "aria-labelledby": labelledby },
    h("div.lanes", { "aria-hidden": "true" }, actors.map(([, name]) => h("span.lane", null, h("span.actor", null, name)))),
    h("ol", { "aria-labelledby": labelledby }, messages.map(item)));
  figure.style.setProperty("--lanes", actors.length);
  return figure;
}
