import { ApiError, get, listen, login, takeToken } from "/static/api.js";
import { errorBar, field } from "/static/dialogs.js";
import { h, icon } from "/static/dom.js";
import { ceremonies } from "/static/ceremonies.js";
import { devices } from "/static/devices.js";
import { explain } from "/static/explain.js";
import { questions } from "/static/question.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const connection = document.getElementById("connection");

start();

async function start() {
  const token = takeToken();
  try {
    if (token) await login(token);
    await get("/api/devices");
  } catch (error) {
    return askForToken(token || error.status !== 401 ? error : null);
  }
  return inspect();
}

/** The form for who comes without the link. */
function askForToken(error) {
  document.title = "Sign in · softhello";
  nav.hidden = true;
  connection.hidden = true;
  const input = h("input", { name: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const problem = h("div", { role: "alert" }, error && errorBar(error));
  const submit = async (event) => {
    event.preventDefault();
    try {
      await login(input.value.trim());
      // A reload, so that what was on the page before the cookie was lost is not mixed with what comes now.
      location.reload();
    } catch (refused) {
      problem.replaceChildren(errorBar(refused));
      input.select();
    }
  };
  main.replaceChildren(h("form.card.login", { onsubmit: submit },
    h("h1", null, "Open the inspector"),
    h("p.soft", null, "The token is in the line that ", h("code", null, "softhello serve"), " printed when it started: open its link, or paste the token here."),
    field("Token", input),
    problem,
    h("button.primary", { type: "submit" }, "Continue")));
  input.focus();
}

function inspect() {
  nav.hidden = false;
  connection.hidden = false;
  const views = { ceremonies: ceremonies(), devices: devices(), explain: explain() };
  main.replaceChildren(...Object.values(views).map((view) => view.element));
  const ask = questions();

  let shown = null;
  const route = () => {
    // The skip link's target is an element, not a view.
    if (location.hash === "#main") return history.replaceState(null, "", `#/${shown}`), main.focus();
    const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
    const next = Object.hasOwn(views, name) ? name : "ceremonies";
    for (const [key, view] of Object.entries(views)) view.element.hidden = key !== next;
    for (const link of nav.children) {
      if (link.hash.slice(2) === next) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const moved = shown !== null && shown !== next;
    shown = next;
    views[next].open(rest);
    if (moved) {
      scrollTo(0, 0);
      main.focus({ preventScroll: true });
    }
    return undefined;
  };
  addEventListener("hashchange", route);
  addEventListener("softhello-login", () => askForToken(new ApiError(401, { message: "the server wants the token again", hint: "it was started again: its new link is where it was started" })), { once: true });
  route();

  listen(
    {
      trace: (summary) => views.ceremonies.arrived(summary),
      question: (question) => ask.asked(question),
      answered: ({ id }) => ask.answered(id),
      changed: ({ device }) => views.devices.changed(device),
    },
    (again) => {
      state("live", "Live");
      ask.refresh();
      if (again) {
        views.ceremonies.refresh();
        views.devices.changed(null);
      }
    },
    () => state("lost", "Connecting…"),
  );
}

function state(name, text) {
  connection.className = `connection small ${name}`;
  connection.replaceChildren(icon(name === "live" ? "check" : "warning"), text);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
