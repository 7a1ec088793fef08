// Passkeys of softhello for pages of Firefox and WebKit, and wherever the extension cannot be: a classic script, to run
// in every frame before the page's own scripts. It speaks through one function and never through the network, so no
// Content-Security-Policy stops it.
//
// The function: window.__softhello(requestJSON) → Promise<responseJSON>, exposed by whoever drives the browser.
//   request   {"id": 1, "method": "POST", "path": "/api/devices/default/create", "body": {…}}, or
//             {"id": 1, "cancel": true}
//   response  {"status": 200, "body": {…}}, as over native messaging; of a cancellation nothing is read
// An id is unique among all pages, so one table of what is under way serves a whole browser.
//
// Settings, each optional, in window.__softhelloConfig before this script runs:
//   binding   another name of the function ("__softhello")
//   path      of the device ("/api/devices/default")
//
// Conditional mediation: get({mediation: "conditional"}) waits, as while no user picks a passkey, for an assignment
//   window.__softhelloConditional = {credential: "base64url id"}   this passkey is picked
//   window.__softhelloConditional = {}                             the newest that fits is picked
// or for its AbortSignal. One assignment serves one get(), pending already or still to come; null takes it back.
//
// What a script cannot do: it does not see permissions policies, fetches no related origins, knows no conditional create
// (it is a plain one, and getClientCapabilities() says so), and toString() shows that its functions are not the
// browser's.

(() => {
  "use strict";

  const INJECTED = Symbol.for("softhello.injected");
  // No browser has credentials in an insecure context either.
  if (!window.isSecureContext || window[INJECTED]) return;
  Object.defineProperty(window, INJECTED, { value: true });

  const { binding = "__softhello", path = "/api/devices/default" } = window.__softhelloConfig ?? {};
  // The page's tests may replace these with clocks of their own.
  const { setTimeout, clearTimeout } = window;

  const DEFAULT_TIMEOUT = 300_000; // ms, WebAuthn L3 §5.1.3 and §5.1.4: what to take where the page says nothing
  const GRACE = 1_000; // ms; the server's own time-out says more, so it may come first
  const UVPAA_TIMEOUT = 5_000; // ms
  const LONGEST_TIMER = 2 ** 31 - 1; // ms; more is 0 for setTimeout

  // ---- navigator.credentials

  const container = {
    async create(options = {}) {
      if (options.publicKey === undefined) return await original.create.call(this, options);
      const publicKey = creationOptions(options.publicKey);
      return await ceremony("create", { options: publicKey }, publicKey.timeout, options.signal, registration);
    },

    async get(options = {}) {
      if (options.publicKey === undefined) return await original.get.call(this, options);
      const publicKey = requestOptions(options.publicKey);
      if (options.mediation !== "conditional") {
        return await ceremony("get", { options: publicKey }, publicKey.timeout, options.signal, authentication);
      }
      const { credential } = await choice(options.signal);
      delete publicKey.timeout; // WebAuthn L3 §5.1.4 step 5: a conditional request has none
      return await ceremony("get", { options: publicKey, credential }, undefined, options.signal, authentication);
    },
  };

  /** What the browser has for other kinds of credentials; where it has none, what Credential Management says then. */
  const original = {
    async create() {
      throw new DOMException("only public-key credentials can be created", "NotSupportedError");
    },
    async get() {
      return null;
    },
  };

  const statics = {
    async isUserVerifyingPlatformAuthenticatorAvailable() {
      try {
        const { status, body } = await ask("GET", "/uvpaa", undefined, UVPAA_TIMEOUT);
        return status === 200 && body?.isUvpaa === true;
      } catch {
        return false;
      }
    },

    async isConditionalMediationAvailable() {
      return true;
    },

    async getClientCapabilities() {
      const isUvpaa = await statics.isUserVerifyingPlatformAuthenticatorAvailable();
      return {
        conditionalCreate: false,
        conditionalGet: true,
        "extension:appid": true,
        "extension:appidExclude": true,
        "extension:credBlob": true,
        "extension:credProps": true,
        "extension:credProtect": true,
        "extension:getCredBlob": true,
        "extension:largeBlob": true,
        "extension:minPinLength": true,
        "extension:prf": true,
        hybridTransport: false,
        passkeyPlatformAuthenticator: isUvpaa,
        relatedOrigins: false,
        signalAllAcceptedCredentials: true,
        signalCurrentUserDetails: true,
        signalUnknownCredential: true,
        userVerifyingPlatformAuthenticator: isUvpaa,
      };
    },

    async signalUnknownCredential(options) {
      const { rpId, credentialId } = options;
      await sendSignal("unknownCredential", {
        rpId: text(rpId, "rpId"),
        credentialId: base64url(credentialId, "credentialId"),
      });
    },

    async signalAllAcceptedCredentials(options) {
      const { rpId, userId, allAcceptedCredentialIds } = options;
      await sendSignal("allAcceptedCredentials", {
        rpId: text(rpId, "rpId"),
        userId: base64url(userId, "userId"),
        allAcceptedCredentialIds: [...allAcceptedCredentialIds].map((one) =>
          base64url(one, "allAcceptedCredentialIds"),
        ),
      });
    },

    async signalCurrentUserDetails(options) {
      const { rpId, userId, name, displayName } = options;
      await sendSignal("currentUserDetails", {
        rpId: text(rpId, "rpId"),
        userId: base64url(userId, "userId"),
        name: text(name, "name"),
        displayName: text(displayName, "displayName"),
      });
    },
  };

  /** Taken only where the browser has none: its own knows more members than we do. */
  const parsers = {
    parseCreationOptionsFromJSON(json) {
      return {
        ...json,
        challenge: decode(json.challenge),
        user: { ...json.user, id: decode(json.user.id) },
        ...parsedLists(json),
      };
    },

    parseRequestOptionsFromJSON(json) {
      return { ...json, challenge: decode(json.challenge), ...parsedLists(json) };
    },
  };

  function parsedLists({ excludeCredentials, allowCredentials, extensions }) {
    const parsed = {};
    if (excludeCredentials) parsed.excludeCredentials = excludeCredentials.map(parsedDescriptor);
    if (allowCredentials) parsed.allowCredentials = allowCredentials.map(parsedDescriptor);
    if (extensions) parsed.extensions = parsedExtensions(extensions);
    return parsed;
  }

  function parsedDescriptor(descriptor) {
    return { ...descriptor, id: decode(descriptor.id) };
  }

  function parsedExtensions({ prf, largeBlob, credBlob, ...others }) {
    const values = ({ first, second }) =>
      second === undefined ? { first: decode(first) } : { first: decode(first), second: decode(second) };
    const parsed = others;
    if (prf) {
      parsed.prf = {};
      if (prf.eval) parsed.prf.eval = values(prf.eval);
      if (prf.evalByCredential) {
        const entries = Object.entries(prf.evalByCredential).map(([credential, inputs]) => [
          credential,
          values(inputs),
        ]);
        parsed.prf.evalByCredential = Object.fromEntries(entries);
      }
    }
    if (largeBlob)
      parsed.largeBlob = largeBlob.write === undefined ? largeBlob : { ...largeBlob, write: decode(largeBlob.write) };
    if (credBlob !== undefined) parsed.credBlob = decode(credBlob);
    return parsed;
  }

  // ---- ceremonies

  async function ceremony(name, body, timeout = DEFAULT_TIMEOUT, signal, result) {
    const answer = await ask("POST", `/${name}`, { ...caller(), ...body }, timeout + GRACE, signal);
    if (answer.status !== 200) throw exception(answer);
    try {
      return result(answer.body);
    } catch (error) {
      throw new DOMException(
        `softhello answered with something that is no credential: ${error.message}`,
        "UnknownError",
      );
    }
  }

  /** Resolves to `{status, body}`, of which nothing is checked; rejects when time is up, or with `signal`'s reason. */
  async function ask(method, suffix, body, limit, signal) {
    signal?.throwIfAborted();
    const id = nextId++;
    return await new Promise((resolve, reject) => {
      const stop = (reason) => {
        call({ id, cancel: true }).catch(() => {}); // whether it is heard changes nothing for the page
        end(reject, reason);
      };
      const end = (settle, value) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        settle(value);
      };
      const aborted = () => stop(signal.reason);
      const timer = setTimeout(
        () => stop(new DOMException("The operation timed out.", "NotAllowedError")),
        Math.min(limit, LONGEST_TIMER),
      );
      signal?.addEventListener("abort", aborted);
      call({ id, method, path: path + suffix, body }).then(
        (answer) => end(resolve, answer),
        (error) => end(reject, new DOMException(`softhello cannot be asked: ${error.message}`, "UnknownError")),
      );
    });
  }

  let nextId = crypto.getRandomValues(new Uint32Array(1))[0] * 2 ** 20;

  async function call(request) {
    const answer = JSON.parse(await window[binding](JSON.stringify(request)));
    if (typeof answer?.status !== "number" && !request.cancel) throw new TypeError("its answer has no status");
    return answer;
  }

  function exception({ status, body }) {
    const message =
      typeof body?.message === "string" ? body.message : `softhello answered with status ${status} and no reason`;
    const name = typeof body?.name === "string" && body.name !== "" ? body.name : "UnknownError";
    if (name === "TypeError") return new TypeError(message);
    return new DOMException(message, name);
  }

  /** Where the page is, from which the server makes the client data. */
  function caller() {
    const ancestors = [];
    for (let frame = window; frame !== frame.parent;) {
      frame = frame.parent;
      try {
        ancestors.push(frame.origin);
      } catch {
        ancestors.push(undefined); // a foreign origin, which only the browser can name
      }
    }
    const crossOrigin = ancestors.some((origin) => origin !== window.origin);
    if (!crossOrigin) return { origin: window.origin };
    const named = location.ancestorOrigins;
    return { origin: window.origin, crossOrigin, topOrigin: ancestors.at(-1) ?? named?.[named.length - 1] };
  }

  async function sendSignal(method, options) {
    const answer = await ask("POST", "/signal", { origin: window.origin, method, options }, DEFAULT_TIMEOUT);
    // WebAuthn L3 §5.1.10: a page learns of wrong arguments, and nothing of what became of its signal.
    if (answer.body?.name === "SecurityError" || answer.body?.name === "TypeError") throw exception(answer);
  }

  // ---- the scripted choice of conditional mediation

  let picked = window.__softhelloConditional ?? null;
  const pickers = new Set();

  Object.defineProperty(window, "__softhelloConditional", {
    configurable: true,
    get: () => picked,
    set(value) {
      picked = value ?? null;
      const [first] = pickers;
      if (picked && first) first();
    },
  });

  async function choice(signal) {
    signal?.throwIfAborted();
    if (!picked) {
      await new Promise((resolve, reject) => {
        const end = (settle, value) => {
          pickers.delete(pick);
          signal?.removeEventListener("abort", aborted);
          settle(value);
        };
        const pick = () => end(resolve);
        const aborted = () => end(reject, signal.reason);
        pickers.add(pick);
        signal?.addEventListener("abort", aborted);
      });
    }
    const chosen = picked;
    picked = null;
    return chosen;
  }

  // ---- options: WebAuthn L3 §5.4 and §5.5, with base64url for every BufferSource

  function creationOptions(options) {
    const { rp, user, authenticatorSelection: selection } = options;
    return {
      rp: { id: optional(String, rp?.id), name: text(rp?.name, "rp.name") },
      user: {
        id: encode(bytes(user?.id, "user.id")),
        name: text(user?.name, "user.name"),
        displayName: text(user?.displayName, "user.displayName"),
      },
      challenge: encode(bytes(options.challenge, "challenge")),
      pubKeyCredParams: list(options.pubKeyCredParams, "pubKeyCredParams", ({ type, alg }) => ({
        type: text(type, "pubKeyCredParams.type"),
        alg: Number(alg),
      })),
      excludeCredentials: optional(descriptors, options.excludeCredentials),
      authenticatorSelection: optional(plain, selection),
      attestation: optional(String, options.attestation),
      attestationFormats: optional(strings, options.attestationFormats),
      ...common(options),
    };
  }

  function requestOptions(options) {
    return {
      challenge: encode(bytes(options.challenge, "challenge")),
      rpId: optional(String, options.rpId),
      allowCredentials: optional(descriptors, options.allowCredentials),
      userVerification: optional(String, options.userVerification),
      ...common(options),
    };
  }

  function common({ timeout, hints, extensions }) {
    return {
      timeout: optional((value) => Math.max(0, Math.trunc(Number(value)) || 0), timeout),
      hints: optional(strings, hints),
      extensions: optional(plain, extensions),
    };
  }

  function descriptors(sequence) {
    return list(sequence, "a list of credentials", ({ id, type, transports }) => ({
      id: encode(bytes(id, "the id of a credential")),
      type: text(type, "the type of a credential"),
      transports: optional(strings, transports),
    }));
  }

  function optional(convert, value) {
    return value === undefined ? undefined : convert(value);
  }

  function list(sequence, what, convert) {
    if (typeof sequence?.[Symbol.iterator] !== "function") throw new TypeError(`${what} is no sequence`);
    return Array.from(sequence, convert);
  }

  function strings(sequence) {
    return Array.from(sequence, String);
  }

  function text(value, what) {
    if (value === undefined) throw new TypeError(`${what} is required`);
    return String(value);
  }

  function base64url(value, what) {
    if (!/^[\w-]+$/.test(text(value, what))) throw new TypeError(`${what} is not base64url`);
    return value;
  }

  /** Any value as JSON has it, and buffers of any kind as base64url. */
  function plain(value) {
    if (isBuffer(value)) return encode(bytes(value));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
  }

  function isBuffer(value) {
    // Not instanceof: a buffer may come from another frame.
    return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";
  }

  function bytes(value, what) {
    if (!isBuffer(value)) throw new TypeError(`${what} is neither an ArrayBuffer nor a view of one`);
    return ArrayBuffer.isView(value)
      ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(value);
  }

  function encode(octets) {
    let binary = "";
    for (const octet of octets) binary += String.fromCharCode(octet);
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  function decode(encoded) {
    if (typeof encoded !== "string" || !/^[\w-]*$/.test(encoded)) {
      throw new DOMException("not base64url without padding", "EncodingError");
    }
    return Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0))
      .buffer;
  }

  // ---- results: objects of the browser's interfaces, whose state is kept here

  const states = new WeakMap();

  function registration(json) {
    const { response } = json;
    return credential(json, {
      interface: "AuthenticatorAttestationResponse",
      attestationObject: decode(response.attestationObject),
      authenticatorData: decode(response.authenticatorData),
      publicKey: response.publicKey === undefined ? null : decode(response.publicKey),
      publicKeyAlgorithm: Number(response.publicKeyAlgorithm),
      transports: strings(response.transports ?? []),
    });
  }

  function authentication(json) {
    const { response } = json;
    return credential(json, {
      interface: "AuthenticatorAssertionResponse",
      authenticatorData: decode(response.authenticatorData),
      signature: decode(response.signature),
      userHandle: response.userHandle === undefined ? null : decode(response.userHandle),
    });
  }

  function credential(json, response) {
    return instance("PublicKeyCredential", {
      id: base64url(json.id, "id"),
      type: "public-key",
      rawId: decode(json.rawId),
      authenticatorAttachment: json.authenticatorAttachment ?? null,
      response: instance(response.interface, {
        ...response,
        clientDataJSON: decode(json.response.clientDataJSON),
      }),
      json,
    });
  }

  function instance(name, state) {
    const object = Object.create(window[name].prototype);
    states.set(object, state);
    return object;
  }

  function extensionResults({ prf, largeBlob, getCredBlob, ...others }) {
    const results = structuredClone(others);
    if (prf) {
      results.prf = { ...prf };
      if (prf.results) {
        results.prf.results = Object.fromEntries(
          Object.entries(prf.results).map(([input, output]) => [input, decode(output)]),
        );
      }
    }
    if (largeBlob)
      results.largeBlob =
        largeBlob.blob === undefined ? { ...largeBlob } : { ...largeBlob, blob: decode(largeBlob.blob) };
    if (getCredBlob !== undefined)
      results.getCredBlob = typeof getCredBlob === "string" ? decode(getCredBlob) : getCredBlob;
    return results;
  }

  /** The interfaces by name, parents first: attributes, and methods with what they make of an object's state. */
  const interfaces = {
    Credential: { attributes: ["id", "type"] },
    CredentialsContainer: {},
    AuthenticatorResponse: { attributes: ["clientDataJSON"] },
    PublicKeyCredential: {
      parent: "Credential",
      attributes: ["rawId", "response", "authenticatorAttachment"],
      methods: {
        getClientExtensionResults: ({ json }) => extensionResults(json.clientExtensionResults ?? {}),
        toJSON: ({ json }) => structuredClone(json),
      },
    },
    AuthenticatorAttestationResponse: {
      parent: "AuthenticatorResponse",
      attributes: ["attestationObject"],
      methods: {
        getTransports: ({ transports }) => [...transports],
        getAuthenticatorData: ({ authenticatorData }) => authenticatorData.slice(0),
        getPublicKey: ({ publicKey }) => publicKey && publicKey.slice(0),
        getPublicKeyAlgorithm: ({ publicKeyAlgorithm }) => publicKeyAlgorithm,
      },
    },
    AuthenticatorAssertionResponse: {
      parent: "AuthenticatorResponse",
      attributes: ["authenticatorData", "signature", "userHandle"],
    },
  };

  install();

  function install() {
    for (const [name, { parent, attributes = [], methods = {} }] of Object.entries(interfaces)) {
      const { prototype } = (window[name] ??= makeInterface(name, window[parent]));
      for (const attribute of attributes) extend(prototype, attribute, (state) => state[attribute], "get");
      for (const [method, result] of Object.entries(methods)) extend(prototype, method, result, "value");
    }

    const { prototype } = CredentialsContainer;
    if (prototype.create) Object.assign(original, { create: prototype.create, get: prototype.get });
    define(prototype, container);
    if (!navigator.credentials) {
      define(prototype, { async store() {}, async preventSilentAccess() {} });
      const credentials = Object.create(prototype);
      Object.defineProperty(Navigator.prototype, "credentials", {
        configurable: true,
        enumerable: true,
        get: () => credentials,
      });
    }

    define(PublicKeyCredential, statics);
    for (const [name, parser] of Object.entries(parsers)) {
      if (!PublicKeyCredential[name]) define(PublicKeyCredential, { [name]: parser });
    }
  }

  function makeInterface(name, parent = Object) {
    const made = {
      [name]: class extends parent {
        constructor() {
          throw new TypeError("Illegal constructor");
        }
      },
    }[name];
    Object.defineProperty(made.prototype, Symbol.toStringTag, { configurable: true, value: name });
    Object.defineProperty(window, name, { configurable: true, writable: true, value: made });
    return made;
  }

  /** Lets a member of the browser's prototype, which knows the browser's own objects only, know ours too. */
  function extend(prototype, name, result, kind) {
    const native = Object.getOwnPropertyDescriptor(prototype, name)?.[kind];
    const read = (object) => {
      if (states.has(object)) return result(states.get(object));
      if (!native) throw new TypeError("Illegal invocation");
      return native.call(object);
    };
    const member = {
      get: {
        get [name]() {
          return read(this);
        },
      },
      value: {
        [name]() {
          return read(this);
        },
      },
    }[kind];
    const descriptor = Object.getOwnPropertyDescriptor(member, name);
    Object.defineProperty(prototype, name, { ...descriptor, enumerable: true, configurable: true });
  }

  function define(object, members) {
    for (const [name, value] of Object.entries(members)) {
      Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
    }
  }
})();
