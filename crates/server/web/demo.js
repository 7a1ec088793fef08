import { call, get, path } from "/static/api.js";
import { creationOptions, requestOptions, toJSON } from "/static/credentials.js";
import { act, ask, errorBar, toast } from "/static/dialogs.js";
import { h, icon, moment, prose } from "/static/dom.js";

const main = document.getElementById("main");
const who = document.getElementById("who");
const NO_HELLO = "This browser has no Windows Hello. Run `softhello browser launch`, then open this page there.";

let hello = true;

start();

async function start() {
  hello = await answers();
  await show();
}

async function answers() {
  if (!globalThis.PublicKeyCredential) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}

async function show(focus = false) {
  try {
    const state = await get("/demo/api/state");
    // Who has no passkey could never come in: the first is added without signing in.
    const inside = state.signedIn || state.methods.length === 0;
    document.title = inside ? "Security info · Contoso" : "Sign in · Contoso";
    who.replaceChildren(...(inside ? account(state) : []));
    main.replaceChildren(...[notice(), ...(inside ? securityInfo(state) : [signInCard(state)])].filter((part) => part));
  } catch (error) {
    main.replaceChildren(errorBar(error));
  }
  if (focus) main.querySelector("h1")?.focus();
}

function notice() {
  return hello ? null : h("div.infobar.warn", { role: "status" }, icon("warning"), h("div", null, h("p", null, prose(globalThis.PublicKeyCredential ? NO_HELLO : "This browser has no WebAuthn. Run `softhello browser launch`, then open this page there."))));
}

function account({ user, methods }) {
  const out = async () => {
    await act(() => call("POST", "/demo/api/sign-out"));
    await show(true);
  };
  return [
    h("span.avatar", { title: user.name, "aria-hidden": "true" }, initials(user.displayName)),
    h("span.hidden-text", null, `Signed in as ${user.displayName}`),
    methods.length > 0 && h("button.quiet", { type: "button", onclick: out }, "Sign out"),
  ].filter(Boolean);
}

function securityInfo({ user, methods }) {
  return [
    h("h1", { tabindex: "-1" }, "Security info"),
    h("p.lead", null, "These are the methods that ", h("strong", null, user.displayName), ` (${user.name}) uses to sign in.`),
    methods.length > 0 && h("p", null, "Default sign-in method: ", h("strong", null, "Passkey")),
    h("button.primary.add", { type: "button", onclick: addMethod }, icon("add"), "Add sign-in method"),
    methods.length
      ? h("ul.methods.card", { "aria-label": "Sign-in methods" }, methods.map(method))
      : h("div.none.card", null, icon("key"), h("h2", null, "No passkey yet"), h("p.soft", null, "Add one: then sign out, and sign in with it. Add it once more to meet “already registered”.")),
  ];
}

function method({ id, name, added }) {
  const remove = async () => {
    const done = await ask({
      title: "Delete this method?", action: "Delete", danger: true,
      text: "Only the relying party forgets it. The passkey stays on the device, as in real life.",
      submit: () => call("DELETE", path`/demo/api/methods/${id}`),
    });
    if (done) await show(true);
  };
  return h("li", { "data-method": id }, icon("key"),
    h("div.what", null, h("strong", null, name), h("div.small.soft", null, "Added ", moment(added))),
    h("button.quiet", { type: "button", "aria-label": `Delete ${name}`, onclick: remove }, "Delete"));
}

function signInCard({ user }) {
  const problem = h("div", { role: "alert" });
  let busy = false;
  const button = h("button.primary", { type: "button", onclick: async () => {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-busy", "true");
    problem.replaceChildren();
    try {
      const options = await call("POST", "/demo/api/sign-in/options");
      const credential = await navigator.credentials.get({ publicKey: requestOptions(options) });
      await call("POST", "/demo/api/sign-in", toJSON(credential));
      toast(`Welcome back, ${user.displayName}.`);
      await show(true);
    } catch (error) {
      problem.replaceChildren(refusal(error, "We couldn’t sign you in"));
      busy = false;
      button.removeAttribute("aria-busy");
    }
  } }, icon("key"), "Sign in with a passkey");
  return h("section.sign-in.card", null,
    h("h1", { tabindex: "-1" }, "Sign in"),
    h("p.lead", null, "Use your face, fingerprint, PIN or security key to continue to Contoso."),
    problem, button);
}

/** One dialog, whose pages follow one another as on Security info. */
function addMethod() {
  const controller = new AbortController();
  const dialog = h("dialog", { "aria-labelledby": "add-title" });
  const page = (title, body, ...buttons) => {
    const heading = h("h2", { id: "add-title", tabindex: "-1" }, title);
    dialog.replaceChildren(h("div.body", null, heading, body), buttons.length ? h("div.foot", null, buttons) : "");
    heading.focus();
  };
  const close = (text, kind = "") => h("button", { type: "button", class: kind, onclick: () => dialog.close() }, text);
  dialog.addEventListener("close", () => {
    controller.abort();
    dialog.remove();
    show(true);
  });
  document.body.append(dialog);
  dialog.showModal();
  choose();

  function choose() {
    page("Add a sign-in method", [
      h("p.lead", null, "Choose a method to add."),
      h("button.kind", { type: "button", onclick: explain }, icon("key"), h("span.grow", null, h("strong", null, "Passkey"), h("div.small.soft", null, "Sign in with your face, fingerprint, PIN or security key")), icon("chevron")),
    ], close("Cancel"));
  }

  function explain() {
    page("Passkey", [
      h("p", null, "Your device will ask you for your face, fingerprint or PIN, and then keep a passkey for Contoso."),
      hello ? "" : notice(),
    ], h("button.primary", { type: "button", onclick: register }, "Next"), h("button", { type: "button", onclick: choose }, "Back"));
  }

  async function register() {
    page("Waiting for your device", h("div.row", null, h("span.spinner", { "aria-hidden": "true" }), h("p.soft", null, "Follow the steps of Windows Security.")), close("Cancel"));
    try {
      const options = await call("POST", "/demo/api/register/options");
      const credential = await navigator.credentials.create({ publicKey: creationOptions(options), signal: controller.signal });
      const added = await call("POST", "/demo/api/register", toJSON(credential));
      page("Passkey created", [h("span.outcome-mark", null, icon("check")), h("p", null, h("strong", null, added.name), " is ready: use it the next time you sign in.")], close("Done", "primary"));
    } catch (error) {
      if (!dialog.open) return;
      const taken = error.name === "InvalidStateError";
      page(taken ? "This device is already registered" : "We couldn’t register your passkey", [
        h("span.outcome-mark.bad", null, icon(taken ? "shield" : "cross")),
        refusal(error),
      ], taken ? "" : h("button.primary", { type: "button", onclick: register }, "Try again"), close("Close"));
    }
  }
}

/** What the page was told, with the name of the exception: that is what one comes here to see. */
function refusal(error, title) {
  const exception = error instanceof DOMException;
  // Chromium gives no passkey to a tab in the background, which this one is while the inspector beside it is answered.
  const behind = error.name === "NotAllowedError" && /focus/.test(error.message);
  const meaning = behind ? "This page was in the background when the answer came. Keep the inspector in a window of its own." : {
    InvalidStateError: "A passkey of this account is on this device already. Use another device, or delete the method there and here first.",
    NotAllowedError: "It was declined, or nobody answered in time.",
  }[exception ? error.name : ""];
  return h("div.refusal", null,
    title && h("h2", null, title),
    h("p", null, meaning ?? (exception ? "The browser refused." : prose(error.message))),
    exception && h("code.exception", null, `${error.name}: ${error.message}`, error.code ? ` (code ${error.code})` : ""),
    error.name === "NotAllowedError" && !hello && h("p", null, prose(NO_HELLO)),
    exception && hello && h("p.small.soft", null, "The ", h("a", { href: "/", target: "_blank" }, "inspector"), " shows which layer said no, and why."));
}

const initials = (name) => name.split(" ").map((word) => word[0]).slice(0, 2).join("");
