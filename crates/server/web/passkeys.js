import { call, get, path } from "/static/api.js";
import { act, ask, field, toast } from "/static/dialogs.js";
import { date, facts, h, icon, moment, plural, refill } from "/static/dom.js";
import { crumbs } from "/static/settings.js";

const ALGORITHMS = { "-7": "ES256", "-8": "EdDSA", "-257": "RS256", "-35": "ES384", "-36": "ES512", "-48": "ML-DSA-44", "-49": "ML-DSA-65" };

/** The passkeys of an account, as Settings › Accounts › Passkeys shows them. Gives the function that brings it up to date. */
export function passkeys(view, device, account) {
  const base = path`/api/devices/${device}/accounts/${account}`;
  const unfolded = new Set();
  let all = [];
  const search = h("input", { type: "search", placeholder: "Search passkeys", "aria-label": "Search passkeys", autocomplete: "off", spellcheck: "false", oninput: () => draw() });
  const count = h("p.small.soft", { role: "status" });
  const list = h("ul.passkeys.stack");
  const href = `#/devices/${encodeURIComponent(device)}`;
  view.append(
    crumbs([device, href], [account]),
    h("div.head", null, h("h1.grow", null, "Passkeys"),
      h("div.actions", null,
        h("button", { type: "button", onclick: () => take(base) }, icon("down"), "Import"),
        h("button", { type: "button", onclick: () => give(base, device, account) }, icon("up"), "Export"))),
    h("p.soft", null, "Passkeys of ", h("strong", null, account), " on ", h("strong", null, device), ". Sign in to the app or website that uses one with Windows Hello."),
    h("div.row", null, h("div.search.grow", null, search, icon("search")), count),
    list);
  return async () => {
    all = await get(`${base}/passkeys`);
    draw();
  };

  function draw() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = all.filter(({ id, rpId, user }) => {
      const haystack = [rpId, user.name, user.displayName, id].join(" ").toLowerCase();
      return words.every((word) => haystack.includes(word));
    });
    count.textContent = words.length ? `${shown.length} of ${plural(all.length, "passkey")}` : plural(all.length, "passkey");
    refill(list, shown.length ? shown.map(row) : h("li.empty", null, all.length
      ? "No passkey matches."
      : [h("p", null, h("strong", null, "No passkeys yet.")), h("p.soft", null, "Register at the ", h("a", { href: "/demo" }, "demo relying party"), " in a browser that ", h("code", null, "softhello browser launch"), " started, or import some.")]));
  }

  function row(passkey) {
    const details = h("details.card", { open: unfolded.has(passkey.id), ontoggle: () => (details.open ? unfolded.add(passkey.id) : unfolded.delete(passkey.id)) },
      h("summary.setting", { "data-key": passkey.id },
        h("span.tile", { class: `hue-${hue(passkey.rpId)}`, "aria-hidden": "true" }, (passkey.rpId[0] ?? "?").toUpperCase()),
        h("div.grow", null, h("h2.name.wrap", null, passkey.rpId), h("div.small.soft.wrap", null, name(passkey))),
        passkey.kind === "whfb" && h("span.chip", null, "Windows Hello for Business"),
        passkey.blocking && h("span.chip.warn", null, "blocks registration"),
        h("span.small.soft", null, date(passkey.created)),
        icon("chevron", "chevron")),
      h("div.more", null, facts([
        ["Created", moment(passkey.created)],
        ["Display name", passkey.user.displayName],
        ["User handle", h("code", null, passkey.user.id)],
        ["Credential ID", h("code", null, passkey.id)],
        ["Algorithm", `${ALGORITHMS[passkey.algorithm] ?? "COSE"} (${passkey.algorithm})`],
        ["Signature counter", String(passkey.signCount)],
        ["Discoverable", passkey.discoverable ? "yes" : "no"],
        ["Backup", `${passkey.backupEligible ? "eligible" : "not eligible"}, ${passkey.backedUp ? "backed up" : "not backed up"}`],
      ]),
      h("div.actions", null,
        passkey.removable
          ? h("button.danger", { type: "button", "data-key": `delete-${passkey.id}`, onclick: () => remove(passkey) }, icon("trash"), "Delete passkey")
          : h("p.small.soft", null, "This key is managed by your organization: it goes only with the whole container."),
        passkey.kind === "passkey" && h("button", { type: "button", "data-key": `change-${passkey.id}`, onclick: () => change(passkey) }, "Change flags and counter"))));
    return h("li", { "data-id": passkey.id }, details);
  }

  function remove(passkey) {
    return ask({
      title: "Delete this passkey?", action: "Delete", danger: true,
      text: `${name(passkey)} can no longer sign in at ${passkey.rpId} with this device.`,
      submit: () => call("DELETE", `${base}${path`/passkeys/${passkey.id}`}`),
    });
  }

  function change(passkey) {
    return ask({
      title: "Change flags and counter", action: "Save",
      text: `Of the passkey of ${name(passkey)} at ${passkey.rpId}, to see what the RP makes of it.`,
      fields: [
        field("Signature counter", h("input", { name: "signCount", type: "number", min: "0", max: "4294967295", required: true, value: String(passkey.signCount) })),
        h("label.check", null, h("input", { type: "checkbox", name: "backupEligible", checked: passkey.backupEligible }), "Backup eligible (BE)"),
        h("label.check", null, h("input", { type: "checkbox", name: "backedUp", checked: passkey.backedUp }), "Backed up (BS)"),
      ],
      submit: (data) => {
        const wanted = { signCount: Number(data.get("signCount")), backupEligible: data.has("backupEligible"), backedUp: data.has("backedUp") };
        // Only what differs: the rules of WebAuthn are about changes.
        const changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== passkey[name]));
        return call("PATCH", `${base}${path`/passkeys/${passkey.id}`}`, changes);
      },
    });
  }
}

async function give(base, device, account) {
  const agreed = await ask({
    title: "Export private keys?", action: "Export private keys", danger: true,
    text: [h("p", null, "The file holds the private key of every passkey of this account. Whoever has it can sign in as them."), h("p", null, "Windows Hello never gives its keys away: this is for tests only.")],
  });
  if (!agreed) return;
  const exported = await act(() => get(`${base}/export`));
  if (!exported) return;
  const url = URL.createObjectURL(new Blob([JSON.stringify(exported, null, 2)], { type: "application/json" }));
  h("a", { href: url, download: `softhello-${device}-${account}.json`.replaceAll(/[^\w.@-]/g, "_") }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  toast("The private keys are in your downloads.");
}

async function take(base) {
  const file = h("input", { type: "file", name: "file", accept: ".json,application/json", required: true });
  let imported = null;
  await ask({
    title: "Import passkeys", action: "Import",
    text: "From a file that Export wrote. The private keys in it become this account’s own.",
    fields: [field("File", file)],
    submit: async () => {
      const text = await file.files[0].text();
      let content;
      try {
        content = JSON.parse(text);
      } catch {
        throw new Error("The file is not JSON.");
      }
      ({ imported } = await call("POST", `${base}/import`, content));
    },
  });
  if (imported !== null) toast(`${plural(typeof imported === "number" ? imported : imported.length, "passkey")} imported.`);
}

const name = ({ user }) => user.name ?? user.displayName ?? "No name";

function hue(text) {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 0);
}
