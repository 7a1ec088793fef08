import { call, get, path } from "/static/api.js";
import { act, ask, field } from "/static/dialogs.js";
import { h, icon, plural, refill } from "/static/dom.js";
import { setting } from "/static/settings.js";

const DEFAULT_PIN = "123456";
const KINDS = { local: "Local account", msa: "Microsoft account", entra: "Work or school account" };

/** The Windows accounts of a device, each with its Hello container. */
export function accounts(device) {
  const cards = h("div.stack");
  const signedIn = h("select", { "aria-label": "Signed-in account", "data-key": "signed-in", onchange: () => act(() => call("PATCH", path`/api/devices/${device}`, { account: signedIn.value }), `Signed in as ${signedIn.value}.`) });
  const unfolded = new Map();
  const element = h("div.stack", null,
    h("div.head", null, h("h2.grow", null, "Windows accounts"), h("button", { type: "button", onclick: () => add(device) }, icon("add"), "Add an account")),
    h("div.card.settings", null, setting({ drawing: "person", title: "Signed in", text: "Ceremonies use this account’s container, unless they name another", control: signedIn })),
    cards);
  return { element, update };

  async function update({ account: current }) {
    const list = await get(path`/api/devices/${device}/accounts`);
    signedIn.replaceChildren(...(list.some(({ name }) => name === current) ? list : [{ name: current }, ...list]).map(({ name }) => h("option", { value: name }, name)));
    signedIn.value = current;
    refill(cards, list.map((account) => card(account, account.name === current)));
  }

  function card(account, isCurrent) {
    const open = unfolded.get(account.name) ?? isCurrent;
    const base = path`/api/devices/${device}/accounts/${account.name}`;
    const details = h("details.card.account", { open, ontoggle: () => unfolded.set(account.name, details.open) },
      h("summary.setting", { "data-key": `account-${account.name}` },
        h("span.tile", null, icon("person")),
        h("div.grow", null, h("h3.wrap", null, account.name), h("div.small.soft", null, `${KINDS[account.kind] ?? account.kind}, ${plural(account.passkeys, "passkey")}`)),
        h("div.chips", null,
          isCurrent && h("span.chip.good", null, "Signed in"),
          account.pin === null && h("span.chip.warn", null, "No PIN")),
        icon("chevron", "chevron")),
      h("div.settings", null,
        setting({ drawing: "key", title: "Passkeys", text: account.passkeys ? plural(account.passkeys, "passkey") : "None yet",
          control: h("a.button", { href: `#/devices/${encodeURIComponent(device)}/accounts/${encodeURIComponent(account.name)}`, "data-key": `passkeys-${account.name}` }, "Manage", icon("chevron")) }),
        setting({ drawing: "lock", title: "PIN of Windows Hello", text: pinText(account.pin),
          control: [
            h("button", { type: "button", "data-key": `pin-${account.name}`, onclick: () => setPin(base, account) }, account.pin === null ? "Set PIN" : "Change PIN"),
            account.pin !== null && h("button", { type: "button", "data-key": `unpin-${account.name}`, onclick: () => act(() => call("DELETE", `${base}/pin`), "The PIN is gone.") }, "Remove"),
          ] }),
        setting({ drawing: "shield", title: "Windows Hello for Business",
          text: account.whfb.length ? h("ul", null, account.whfb.map((key) => business(base, key))) : "Not provisioned",
          control: h("button", { type: "button", "data-key": `whfb-${account.name}`, onclick: () => provision(base, account) }, "Provision") }),
        setting({ drawing: "device", title: "Container", text: h("code", null, account.container),
          control: h("button.danger", { type: "button", "data-key": `container-${account.name}`, onclick: () => deleteContainer(base, account) }, "Delete container") }),
        h("div.setting", null, h("div.grow"), h("button.quiet.danger", { type: "button", "data-key": `delete-${account.name}`, onclick: () => deleteAccount(base, account) }, icon("trash"), "Delete account"))));
    return details;
  }
}

// The server names the default PIN only; of any other it says `set`.
const pinText = (pin) => (pin === null ? "Not set: Hello cannot be used" : pin === DEFAULT_PIN ? ["It is ", h("code", null, pin)] : "It is not the default one");

function business(base, { upn, inTenant }) {
  const remove = () => ask({
    title: "Remove the method in the tenant?", action: "Remove",
    text: `The tenant forgets the key of ${upn}. The key stays in the container.`,
    submit: () => call("DELETE", `${base}${path`/whfb/${upn}`}`),
  });
  return h("li.row", null, h("span.wrap", null, upn),
    inTenant ? h("button.quiet", { type: "button", "data-key": `unwhfb-${upn}`, "aria-label": `Remove ${upn} in the tenant`, onclick: remove }, "Remove in the tenant") : h("span.chip.plain", null, "removed in the tenant, key stays"));
}

const setPin = (base, account) => ask({
  title: account.pin === null ? "Set a PIN" : "Change the PIN", action: "Save",
  text: `For ${account.name}. It is no secret here: tests type it.`,
  fields: [field("PIN", h("input", { name: "pin", required: true, autocomplete: "off", spellcheck: "false", value: DEFAULT_PIN }))],
  submit: (data) => call("PUT", `${base}/pin`, { pin: data.get("pin") }),
});

const provision = (base, account) => ask({
  title: "Provision Windows Hello for Business", action: "Provision",
  text: "A key for the tenant comes into this container. From then on a passkey of the same user cannot be registered there.",
  fields: [field("User principal name", h("input", { name: "upn", required: true, autocomplete: "off", spellcheck: "false", value: account.name.includes("@") ? account.name : "ada@contoso.example" }))],
  submit: (data) => call("POST", `${base}/whfb`, { upn: data.get("upn") }),
});

const deleteContainer = (base, account) => ask({
  title: "Delete the Hello container?", action: "Delete container", danger: true,
  text: [h("p", null, `Every passkey and every key of Windows Hello for Business of ${account.name} is lost, and so is the PIN.`), h("p.small.soft", null, "As ", h("code", null, "certutil -deleteHelloContainer"), " does.")],
  submit: () => call("DELETE", `${base}/container`),
});

const deleteAccount = (base, account) => ask({
  title: `Delete the account ${account.name}?`, action: "Delete account", danger: true,
  text: "Its container goes with it.",
  submit: () => call("DELETE", base),
});

const add = (device) => ask({
  title: "Add a Windows account", action: "Add",
  fields: [
    field("Name", h("input", { name: "name", required: true, autocomplete: "off", spellcheck: "false" }), "For a work account its user principal name, as ada@contoso.example"),
    field("Kind", h("select", { name: "kind" }, Object.entries(KINDS).map(([value, name]) => h("option", { value }, name)))),
    h("label.check", null, h("input", { type: "checkbox", name: "pin", checked: true }), `Set up Windows Hello with the PIN ${DEFAULT_PIN}`),
  ],
  submit: (data) => call("POST", path`/api/devices/${device}/accounts`, { name: data.get("name").trim(), kind: data.get("kind"), pin: data.has("pin") }),
});
