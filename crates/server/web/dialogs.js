import { h, icon, prose } from "./dom.js";

/**
 * Shows a dialog with a form and resolves to its FormData, or to null if it was left. `submit(data)` may refuse: its
 * error stands in the dialog, which stays open.
 */
export function ask({ title, text, fields = [], action, danger = false, submit }) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: `dialog-${++count}` }, title);
    const problem = h("div", { role: "alert" });
    const accept = h("button.primary", { type: "submit", class: danger ? "danger" : "" }, action);
    const form = h("form", null,
      h("div.body", null, heading, text && h("div.text", null, text), fields, problem),
      h("div.foot", null, accept, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel")));
    const dialog = h("dialog", { "aria-labelledby": heading.id }, form);
    const back = focusKeeper();
    let result = null;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      // Not disabled while it works: that would take the focus from it.
      if (busy) return;
      busy = true;
      accept.setAttribute("aria-busy", "true");
      const data = new FormData(form);
      try {
        await submit?.(data);
        result = data;
        dialog.close();
      } catch (error) {
        problem.replaceChildren(errorBar(error));
      } finally {
        busy = false;
        accept.removeAttribute("aria-busy");
      }
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      back();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    // What destroys something must not be a stray Enter away.
    if (danger && !fields.length) form.querySelector(".foot button:last-child").focus();
  });
}

/**
 * Remembers what has the focus, for when a dialog closes. The browser gives it back itself, unless the page was drawn anew
 * below the dialog.
 */
export function focusKeeper() {
  const opener = document.activeElement;
  const key = opener?.closest("[data-key]")?.dataset.key;
  return () => {
    if (opener?.isConnected && opener !== document.body) return;
    const same = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    (same || document.getElementById("main")).focus({ preventScroll: true });
  };
}

export function field(label, input, hint) {
  if (!hint) return h("label.field", null, h("span", null, label), input);
  const id = `hint-${++count}`;
  input.setAttribute("aria-describedby", id);
  return h("div.field-with-hint", null, h("label.field", null, h("span", null, label), input), h("p.small.soft", { id }, hint));
}

export function errorBar(error) {
  return h("div.infobar.bad", null, icon("warning"),
    h("div", null,
      h("p", null, error.title && h("strong", null, `${error.title}: `), prose(error.message)),
      error.hint && h("p.small", null, prose(error.hint))));
}

/** Says for some seconds what was done; errors stay until they are closed. */
export function toast(message, kind = "good") {
  const place = document.getElementById("toasts");
  const bar = message instanceof Error ? errorBar(message) : h("div.infobar", { class: kind }, icon(kind === "good" ? "check" : "info"), h("div", null, message));
  bar.append(h("button.quiet.square", { type: "button", "aria-label": "Close this message", onclick: () => bar.remove() }, icon("close")));
  place.append(bar);
  if (!(message instanceof Error)) setTimeout(() => bar.remove(), 6000);
  while (place.childElementCount > 4) place.firstElementChild.remove();
}

/** Runs an action of a button: shows what went wrong, and what was done. */
export async function act(action, done) {
  try {
    const result = await action();
    if (done) toast(done);
    return result;
  } catch (error) {
    toast(error);
    return undefined;
  }
}

let count = 0;
