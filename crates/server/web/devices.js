import { accounts } from "/static/accounts.js";
import { call, get, path } from "/static/api.js";
import { bytesView } from "/static/bytes.js";
import { act, ask, errorBar, field } from "/static/dialogs.js";
import { facts, h, icon, moment, refill } from "/static/dom.js";
import { passkeys } from "/static/passkeys.js";
import { crumbs } from "/static/settings.js";
import { userScript } from "/static/user.js";

const PROFILES = ["windows-hello-software", "security-key", "security-key-2.0", "u2f-key", "synced-passkey"];

/** All devices, one device, or the passkeys of one of its accounts. */
export function devices() {
  const element = h("div.page", { hidden: true });
  let place = { device: null, account: null };
  let waiting = 0;
  let update = async () => {};
  return { element, open, changed };

  function open([device, section, account]) {
    place = { device: device || null, account: section === "accounts" ? account : null };
    document.title = `${[place.account, place.device ?? "Devices"].filter(Boolean).join(" · ")} · softhello`;
    const view = h("div");
    element.replaceChildren(view);
    update = place.account ? passkeys(view, place.device, place.account) : place.device ? one(view, place.device) : all(view);
    return run();
  }

  function changed(device) {
    if (element.hidden || (device && place.device && device !== place.device)) return;
    // Several changes of one action come as several events.
    clearTimeout(waiting);
    waiting = setTimeout(run, 60);
  }

  async function run() {
    const mine = update;
    try {
      await update();
    } catch (error) {
      if (mine !== update) return;
      element.replaceChildren(crumbs(), h("h1", null, error.status === 404 ? "There is no such thing" : "That did not work"), errorBar(error));
    }
  }
}

function all(view) {
  const grid = h("ul.device-grid");
  view.append(
    h("div.head", null, h("h1.grow", null, "Devices"), h("button.primary", { type: "button", onclick: add }, icon("add"), "Add a device")),
    h("p.soft", null, "Each is an authenticator of its own. ", h("code", null, "default"), " is the one that the command line uses."),
    grid);
  return async () => {
    const list = await get("/api/devices");
    refill(grid, list.map(card));
  };
}

function card(device) {
  const href = `#/devices/${encodeURIComponent(device.id)}`;
  return h("li.card", null,
    h("a.cover", { href, "data-key": device.id },
      h("span.tile", null, icon(device.attachment === "platform" ? "face" : "usb")),
      h("span.grow", null, h("strong.wrap", null, device.id), h("span.soft.small", null, device.description))),
    h("ul.chips", { "aria-label": `About ${device.id}` }, labels(device).map(([text, kind]) => h("li.chip", { class: kind }, text))));
}

function labels(device) {
  return [
    [device.profile, ""],
    [device.user.does === "approve" ? "approves" : device.user.does === "ask" ? "asks you" : device.user.does, device.user.does === "approve" ? "good" : "warn"],
    device.attachment === "platform" && !device.isUvpaa && ["Hello not set up", "warn"],
    device.ephemeral && [device.expires ? "until " : "in memory", "plain", device.expires],
    device.session && [`session ${device.session}`, "plain"],
    device.seeded && ["seeded", "plain"],
  ].filter(Boolean).map(([text, kind, until]) => [until ? ["until ", moment(until)] : text, kind]);
}

function one(view, id) {
  const body = h("div.stack");
  const said = h("div.bytes-place");
  const info = h("details.card", { ontoggle: () => info.open && !said.childElementCount && showInfo() },
    h("summary.setting", null, icon("bytes"), h("div.grow", null, h("h3", null, "What it says of itself"), h("div.small.soft", null, "The answer to authenticatorGetInfo")), icon("chevron", "chevron")),
    said);
  const script = userScript(id);
  const list = accounts(id);
  view.append(crumbs([id]), body);
  return async () => {
    const read = script.reader();
    const device = await get(path`/api/devices/${id}`);
    read(device.user);
    await list.update(device);
    if (body.childElementCount) return refill(body.firstElementChild, header(device));
    return body.append(h("div", null, header(device)), h("section", null, h("h2", null, "User"), script.element), h("section", null, list.element), info);
  };

  async function showInfo() {
    try {
      const answer = await get(path`/api/devices/${id}/info`);
      const explained = answer.getInfo?.response ?? answer.getInfo;
      const hex = explained.hex ?? joined(explained.nodes);
      said.replaceChildren(bytesView({ ...explained, hex }, "authenticatorGetInfo response"));
    } catch (error) {
      said.replaceChildren(errorBar(error));
    }
  }
}

const joined = (nodes) => nodes.map(({ bytes, children }) => bytes + joined(children)).join("");

function header(device) {
  const remove = () => ask({
    title: `Delete the device ${device.id}?`, text: "Its accounts and passkeys are lost.", action: "Delete", danger: true,
    submit: () => call("DELETE", path`/api/devices/${device.id}`),
  }).then((done) => done && (location.hash = "#/devices"));
  return [
    h("div.head", null,
      h("span.tile.large", null, icon(device.attachment === "platform" ? "face" : "usb")),
      h("div.grow", null, h("h1.wrap", null, device.id), h("p.soft", null, device.description)),
      h("div.actions", null,
        h("button", { type: "button", "data-key": "power", onclick: () => act(() => call("POST", path`/api/devices/${device.id}/power-cycle`), "The power was cut and is back.") }, icon("power"), "Power cycle"),
        device.id !== "default" && h("button.danger", { type: "button", "data-key": "delete", onclick: remove }, icon("trash"), "Delete"))),
    facts([
      ["Profile", device.profile],
      ["AAGUID", h("code", null, device.aaguid)],
      ["Attachment", device.attachment],
      ["Windows Hello", [device.isUvpaa ? "available" : "not available", h("span.soft", null, `, isUserVerifyingPlatformAuthenticatorAvailable() is ${device.isUvpaa}`)]],
      ["Kept", device.ephemeral ? (device.expires ? ["in memory, until ", moment(device.expires)] : "in memory, until the server stops") : "in the data directory"],
      ["Session", device.session],
    ]),
  ];
}

async function add() {
  const profile = h("select", { name: "profile" }, PROFILES.map((name) => h("option", { value: name }, name)));
  let made = null;
  await ask({
    title: "Add a device", action: "Add",
    text: "It is kept in memory, beside the others, until it is deleted or its time is up.",
    fields: [
      field("Name", h("input", { name: "id", autocomplete: "off", spellcheck: "false" }), "Left empty, it gets one."),
      field("Profile", profile),
      field("Time to live in minutes", h("input", { name: "minutes", type: "number", min: "1" }), "Left empty, it stays until the server stops."),
      h("details", null, h("summary", null, icon("chevron", "chevron"), " A profile of your own"), field("TOML, as docs/profiles.md says", h("textarea", { name: "toml", spellcheck: "false" }))),
    ],
    submit: async (data) => {
      const toml = data.get("toml").trim();
      made = await call("POST", "/api/devices", {
        ...(data.get("id").trim() ? { id: data.get("id").trim() } : {}),
        ...(toml ? { profileToml: toml } : { profile: data.get("profile") }),
        ...(data.get("minutes") ? { ttlSeconds: Number(data.get("minutes")) * 60 } : {}),
      });
    },
  });
  if (made) location.hash = `#/devices/${encodeURIComponent(made.id)}`;
}
