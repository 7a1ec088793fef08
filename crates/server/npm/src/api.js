/** softhello refused something, or cannot be reached. */
export class SofthelloError extends Error {
  name = "SofthelloError";

  /** `details`: members of the API's Error, the HTTP status, and what caused it. */
  constructor(message, { status, name = null, chain = null, hint = null, cause } = {}) {
    super([message, chain && `chain: ${chain}`, hint && `hint: ${hint}`].filter(Boolean).join("\n"), { cause });
    /** The HTTP status, if there was an answer. */
    this.status = status;
    /** Name of the DOMException that a page would see. */
    this.exception = name;
    this.chain = chain;
    this.hint = hint;
  }
}

/**
 * The HTTP API of one server.
 *
 * @param {string} origin
 * @param {string} token
 * @param {() => string|undefined} fate What became of the server, if it is gone.
 */
export function createApi(origin, token, fate) {
  const api = async (method, path, { path: names = {}, query = {}, body, signal } = {}) => {
    const { status, body: answer, text } = await exchange(method, expand(path, names, query), body, signal);
    if (status >= 200 && status < 300) return answer;
    throw new SofthelloError(answer?.message ?? `${method} ${path}: ${status} ${text}`, { status, ...answer });
  };
  return { api, exchange };

  /** One request, whose answer is not looked at. */
  async function exchange(method, path, body, signal) {
    let response;
    try {
      response = await fetch(origin + path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new SofthelloError(fate() ?? `no answer from softhello at ${origin}`, { cause });
    }
    const text = await response.text();
    return { status: response.status, body: parse(text), text };
  }
}

/** The path with its `{name}`s filled in. */
function expand(path, names, query) {
  const filled = path.replace(/\{(\w+)\}/g, (whole, name) => {
    if (names[name] === undefined) throw new TypeError(`${path} needs ${whole}`);
    return encodeURIComponent(names[name]);
  });
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  return asked.length
    ? `${filled}?${new URLSearchParams(asked.map(([name, value]) => [name, String(value)]))}`
    : filled;
}

function parse(text) {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined; // the caller shows the text
  }
}
