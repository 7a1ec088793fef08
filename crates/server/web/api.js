/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message ?? `the server answered ${status}`);
    this.status = status;
    this.title = body?.name ?? null;
    this.chain = body?.chain ?? null;
    this.hint = body?.hint ?? null;
  }
}

/** A path whose inserted parts are encoded: names of devices and accounts may hold a slash. */
export function path(strings, ...parts) {
  return String.raw({ raw: strings }, ...parts.map((part) => encodeURIComponent(part)));
}

/** Sends a request, with the cookie; gives the JSON of the answer, or null. */
export async function call(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => {
    throw new ApiError(0, { message: "the server does not answer", hint: "is `softhello serve` still running?" });
  });
  if (response.status === 401) dispatchEvent(new CustomEvent("softhello-login"));
  const text = await response.text();
  const json = text && response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : null;
  if (!response.ok) throw new ApiError(response.status, json);
  return json;
}

export const get = (url) => call("GET", url);

/** Trades the token for a cookie that no script can read. */
export async function login(token) {
  const response = await fetch("/login", { method: "POST", headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
}

/** The token of `#token=…`, which leaves the address bar and the history at once. */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

/** Listens to the server; `connected(again)` is told of each connection, `again` if some events may have been missed. */
export function listen(handlers, connected, lost) {
  const source = new EventSource("/api/events");
  let before = false;
  source.addEventListener("open", () => {
    connected(before);
    before = true;
  });
  source.addEventListener("error", () => {
    lost();
    // A browser gives up for good on an answer that is no event stream, such as 503.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(handlers, () => connected(true), lost), 3000);
  });
  for (const [name, handler] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  }
}
