import { get } from "/static/api.js";
import { bytesView } from "/static/bytes.js";
import { diagram } from "/static/diagram.js";
import { errorBar } from "/static/dialogs.js";
import { duration, facts, h, icon, moment, prose } from "/static/dom.js";
import { tabs } from "/static/tabs.js";

const TABS = { overview: "Overview", steps: "Steps", bytes: "Bytes", json: "JSON" };

/** Fills `target` with one ceremony: `show` an id, or `none`. */
export function ceremony(target) {
  let shown = null;
  let bar = null;

  return { show, none, focus: () => target.querySelector("h2")?.focus() };

  async function show(id, [tab, part]) {
    if (shown === id && bar) return bar.select(TABS[tab] ? tab : "overview", part);
    shown = id;
    bar = null;
    const loading = setTimeout(() => target.replaceChildren(h("p.soft.empty", null, "Loading…")), 200);
    try {
      const trace = await get(`/api/traces/${id}`);
      // Another one was chosen while this one was on its way.
      if (shown !== id) return undefined;
      target.scrollTop = 0;
      fill(trace, TABS[tab] ? tab : "overview", part);
    } catch (error) {
      if (shown !== id) return undefined;
      shown = null;
      target.replaceChildren(h("div.empty", null, errorBar(error)));
    } finally {
      clearTimeout(loading);
    }
    return undefined;
  }

  function none(some) {
    shown = null;
    bar = null;
    target.replaceChildren(some ? h("div.empty", null, h("p", null, "Choose a ceremony to see what happened in it.")) : welcome());
  }

  function fill(trace, tab, part) {
    bar = tabs({
      label: "Parts of the ceremony",
      names: TABS,
      selected: tab,
      part,
      panel: (name, at) => ({ overview, steps, bytes, json })[name](trace, at),
      changed: (name) => history.replaceState(null, "", name === "overview" ? `#/ceremonies/${trace.id}` : `#/ceremonies/${trace.id}/${name}`),
    });
    target.replaceChildren(
      h("a.button.quiet.to-list", { href: "#/ceremonies" }, icon("back"), "All ceremonies"),
      h("header.title", null,
        h("h2", { tabindex: "-1" }, trace.ceremony === "create" ? "Create a passkey" : "Sign in", " ", h("span.soft", null, trace.ceremony === "create" ? "for " : "at "), trace.rpId || trace.origin),
        h("p.soft.small", null, `#${trace.id}, `, moment(trace.started), `, ${duration(trace.durationUs)}`)),
      bar.element);
  }
}

/** One ceremony in a sentence. */
export function sentence({ ceremony: kind, rpId, origin, userName, outcome }) {
  const what = kind === "create" ? "a passkey for" : "a sign-in at";
  return `${what} ${rpId || origin}${userName ? ` by ${userName}` : ""}: ${outcome === "ok" ? "succeeded" : outcome}`;
}

function welcome() {
  return h("div.welcome", null,
    h("span.tile.large", null, icon("key")),
    h("h2", null, "Make the first passkey"),
    h("ol.numbered", null,
      h("li", null, "Run ", h("code", null, `softhello browser launch ${location.origin}/demo`), ". It starts a browser whose Windows Hello is this device, at the ", h("a", { href: "/demo" }, "demo relying party"), "."),
      h("li", null, "Choose “Add sign-in method” there, and watch it here.")),
    h("p.soft", null, "Programs use ", h("code", null, "POST /api/devices/default/create"), " and ", h("code", null, "…/get"), ": see ", h("a", { href: "/openapi.json" }, "the HTTP API"), "."));
}

function overview(trace) {
  return [
    result(trace),
    facts([
      ["Origin", trace.origin],
      ["RP ID", trace.rpId],
      ["User", trace.userName],
      ["Device", h("a", { href: `#/devices/${encodeURIComponent(trace.device)}` }, trace.device)],
      ["Windows account", trace.account],
      ["Credential", trace.response?.id && h("code", null, trace.response.id)],
    ], "across"),
    h("h3", { id: "who" }, "Who said what"),
    diagram(trace.diagram, "who"),
  ];
}

function result({ outcome, error, response, ceremony: kind }) {
  if (outcome === "ok") {
    return h("div.infobar.good", null, icon("check"), h("div", null,
      h("p", null, h("strong", null, "The page got a PublicKeyCredential.")),
      h("p.small", null, response?.authenticatorAttachment ? `Attachment ${response.authenticatorAttachment}. ` : "", kind === "create" ? "It can be used to sign in from now on." : "The RP verifies its signature.")));
  }
  const chain = error?.chain?.split(" → ") ?? [];
  return h("div.infobar.bad", null, icon("warning"), h("div", null,
    h("p", null, h("strong", null, `The page got ${outcome}. `), prose(error?.message)),
    chain.length > 0 && h("ol.chain", { "aria-label": "The same refusal, layer by layer" }, chain.map((name) => h("li", null, h("code", null, name)))),
    error?.hint && h("p", null, h("strong", null, "What to do: "), prose(error.hint))));
}

function steps({ exchanges }) {
  if (!exchanges.length) return h("p.soft", null, "No authenticator was asked: the browser refused before that.");
  const all = h("input", { type: "checkbox", onchange: () => panel.classList.toggle("all", all.checked) });
  const panel = h("div.steps", null,
    h("label.check", null, all, "Show the steps that do not apply"),
    exchanges.map(({ request, steps: list }) => h("section", null,
      h("h3", null, command(request)),
      h("ol", { "aria-label": `Steps of ${command(request)}` }, list.map(step)))));
  return panel;
}

function step({ section, number, rule, outcome }) {
  const kind = outcome === "passed" ? "passed" : outcome.startsWith("does not apply") ? "skipped" : outcome.startsWith("refused") ? "refused" : "chosen";
  const drawing = { passed: "check", skipped: "minus", refused: "cross", chosen: "chevron" }[kind];
  return h("li", { class: kind },
    h("span.number.mono.small", null, `§${section}`, h("span.soft", null, ` step ${number}`)),
    h("span", null, prose(rule)),
    h("span.outcome", null, icon(drawing), h("span", null, prose(outcome))));
}

const command = (request) => /authenticator\w+/.exec(`${request.title} ${request.nodes[0]?.value ?? ""}`)?.[0] ?? request.title;

function bytes(trace, part) {
  const documents = [
    ...trace.exchanges.flatMap(({ request, response }) => [
      [`${command(request)} request`, request],
      response && [`${command(request)} response`, response],
    ]),
    trace.attestationObject && ["attestationObject", trace.attestationObject],
    trace.authenticatorData && ["authenticatorData", trace.authenticatorData],
  ].filter(Boolean);
  if (!documents.length) return h("p.soft", null, "There are no bytes: the browser refused before an authenticator was asked.");
  const place = h("div.bytes-place");
  const show = (at) => {
    const [name, explained] = documents[at];
    place.replaceChildren(bytesView(explained, name));
  };
  // What people come for is the command itself, not the getInfo before it.
  const first = documents[Number(part)] ? Number(part) : Math.max(0, documents.findIndex(([name]) => !name.startsWith("authenticatorGetInfo")));
  const choices = h("fieldset.choices", null, h("legend.hidden-text", null, "Message"),
    documents.map(([name], at) => h("label", null,
      h("input", { type: "radio", name: "document", value: String(at), checked: at === first, onchange: () => {
        show(at);
        history.replaceState(null, "", `#/ceremonies/${trace.id}/bytes/${at}`);
      } }),
      h("span", null, name.replace(/^authenticator(?=.* re)/, "")))));
  show(first);
  return [choices, place];
}

function json(trace) {
  const clientData = parsed(trace.clientData?.value ?? trace.clientData?.text ?? trace.clientData);
  return [
    listing("Options", trace.options),
    trace.response ? listing("Response", trace.response) : listing("Error", trace.error),
    clientData && listing("Client data", clientData),
  ];
}

function parsed(text) {
  try {
    return typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

function listing(name, value) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  const copy = h("button.quiet", { type: "button", onclick: async () => {
    await navigator.clipboard.writeText(text);
    copy.lastChild.textContent = "Copied";
    setTimeout(() => (copy.lastChild.textContent = "Copy"), 1500);
  } }, icon("copy"), h("span", { role: "status" }, "Copy"));
  return h("section.json", null,
    h("div.row", null, h("h3.grow", null, name), copy),
    h("pre", { tabindex: "0", role: "region", "aria-label": `${name} as JSON` }, coloured(text)));
}

/** Member names, strings and the rest of a JSON text in spans of their own. */
function coloured(text) {
  return text.split(/("(?:[^"\\]|\\.)*"(?:\s*:)?|-?\b(?:true|false|null|\d[\d.eE+-]*)\b)/).map((part, at) => {
    if (at % 2 === 0) return part;
    return h(part.endsWith(":") ? "span.k-key" : part.startsWith('"') ? "span.k-text" : "span.k-number", null, part);
  });
}
