import { call, get, path } from "/static/api.js";
import { errorBar, field, focusKeeper, toast } from "/static/dialogs.js";
import { facts, h, icon } from "/static/dom.js";

const TITLES = {
  presence: "Is it you?",
  verify: "Making sure it’s you",
  touch: "Touch the security key",
  select: "Choose this authenticator?",
  reset: "Reset the authenticator?",
  sample: "Give a sample",
};

/** The Windows Security dialog: shows what the server asks, one question after the other. */
export function questions() {
  /** @type {Map<number, object>} */
  const open = new Map();
  let shown = null;

  return { asked, answered, refresh };

  async function refresh() {
    const list = await get("/api/questions").catch(() => []);
    const ids = new Set(list.map(({ id }) => id));
    for (const id of [...open.keys()]) if (!ids.has(id)) answered(id);
    list.forEach(asked);
  }

  function asked(question) {
    open.set(question.id, question);
    next();
  }

  function answered(id) {
    open.delete(id);
    if (shown?.id === id) shown.settle();
  }

  function next() {
    if (shown || !open.size) return;
    const [question] = open.values();
    const settle = security(question, () => {
      shown = null;
      open.delete(question.id);
      next();
    });
    shown = { id: question.id, settle };
  }
}

const countdown = (seconds) => (seconds < 100 ? `${seconds} s left` : `${Math.floor(seconds / 60)} min ${seconds % 60} s left`);

/** Shows one question; gives the function that closes it because it was settled elsewhere. */
function security(question, closed) {
  const title = h("h2", { id: "question-title" }, TITLES[question.gesture] ?? "Windows Security");
  const text = h("p", { id: "question-text" }, question.text);
  const pin = question.wantsPin ? h("input", { type: "password", name: "pin", autocomplete: "off", required: true, placeholder: "PIN" }) : null;
  const problem = h("div", { role: "alert" });
  const left = h("span", { role: "timer" });
  const bar = h("span.time");
  const ok = h("button.primary", { type: "submit" }, "OK");
  const decline = () => answer("no");
  const dialog = h("dialog.security", { "aria-labelledby": "question-title", "aria-describedby": "question-text" },
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      answer("yes");
    } },
      h("div.caption", null, icon("shield"), h("span.grow", null, "Windows Security"), h("button.quiet.square", { type: "button", "aria-label": "Decline", onclick: decline }, icon("close"))),
      h("div.body", null,
        h("div.row", null, h("span.tile", null, icon(question.wantsPin ? "face" : question.gesture === "touch" ? "usb" : "key")), title),
        text,
        facts([["Website", question.rpId], ["Account", question.account], ["Device", question.device]]),
        pin && field("PIN", pin, question.attemptsLeft === null ? "" : `${question.attemptsLeft} ${question.attemptsLeft === 1 ? "attempt" : "attempts"} left`),
        problem,
        h("p.small.soft", null, left, h("span.track", { "aria-hidden": "true" }, bar))),
      h("div.foot", null, ok, h("button", { type: "button", onclick: decline }, "Cancel"))));

  const back = focusKeeper();
  let settled = false;
  const [asked, deadline] = [Date.parse(question.asked), Date.parse(question.deadline)];
  const until = performance.now() + Math.max(0, deadline - Date.now());
  const tick = () => {
    const rest = Math.max(0, until - performance.now());
    left.textContent = countdown(Math.ceil(rest / 1000));
    bar.style.inlineSize = `${(100 * rest) / Math.max(1, deadline - asked)}%`;
    if (rest === 0) settle();
  };
  const timer = setInterval(tick, 500);
  tick();

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    decline();
  });
  dialog.addEventListener("close", () => {
    clearInterval(timer);
    dialog.remove();
    back();
    // Chromium closes on a second Esc whatever a page says: that is a no, too.
    if (!settled) decline();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
  (pin ?? ok).focus();
  return settle;

  function settle() {
    settled = true;
    dialog.close();
  }

  async function answer(what) {
    if (settled) return;
    settled = true;
    try {
      await call("POST", path`/api/questions/${question.id}`, { answer: what, ...(what === "yes" && pin ? { pin: pin.value } : {}) });
      dialog.close();
    } catch (error) {
      if (error.status === 404) {
        dialog.close();
        toast("The question is not open any more.", "info");
      } else {
        settled = false;
        problem.replaceChildren(errorBar(error));
      }
    }
  }
}
