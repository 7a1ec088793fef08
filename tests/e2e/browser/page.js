// What the tests ask a page of the relying party to do. It calls `navigator.credentials` only, and knows nothing of what
// answers there. `early` is what it found before any test could act.

const rp = {
  early: typeof window.PublicKeyCredential,

  /** Starts an action; `poll` tells how it ended. WebDriver cannot wait in two tabs at once. */
  start(name, argument) {
    const key = `run-${++started}`;
    let asks;
    const asking = new Promise((resolve) => (asks = resolve));
    const ended = actions[name]({ ...argument, asks }).then(
      (value) => outcomes.set(key, { value }),
      (error) => outcomes.set(key, { error: described(error) }),
    );
    running.set(key, { ended, begun: Promise.race([asking, ended]) });
    return key;
  },

  /** `{value}`, or `{error: {name, code, message, isDomException}}`, or null while it goes on. */
  poll(key) {
    return outcomes.get(key) ?? null;
  },

  /** Waits until an action has asked the browser. */
  async begun(key) {
    await running.get(key).begun;
  },

  /** Waits for an action: the `{value}` or `{error}` that `poll` gives then. */
  async finish(key) {
    await running.get(key).ended;
    return rp.poll(key);
  },
};
window.rp = rp;

let started = 0;
const running = new Map();
const outcomes = new Map();

const actions = {
  async register({ user, exclude = false, algorithm = -7, timeout, extensions, abort, asks }) {
    const options = await post("/register/options", { user, alg: algorithm, excludeCredentials: exclude });
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    // A view into a bigger buffer: what is beside it must not be sent.
    publicKey.challenge = within(publicKey.challenge);
    const pending = navigator.credentials.create(withExtras({ publicKey, timeout, extensions, abort }));
    asks();
    const credential = await pending;
    const verified = await post("/register/verify", { user, credential: credential.toJSON() });
    return { verified, wrong: wrongInRegistration(credential), ...shown(credential) };
  },

  async signIn({ user, discoverable = false, timeout, extensions, abort, mediation, asks }) {
    const options = await post("/login/options", { user, allowCredentials: !discoverable });
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const pending = navigator.credentials.get({
      mediation,
      ...withExtras({ publicKey, timeout, extensions, abort }),
    });
    asks();
    const credential = await pending;
    const verified = await post("/login/verify", { user, credential: credential.toJSON() });
    return { verified, wrong: wrongInAuthentication(credential), ...shown(credential) };
  },

  async isUvpaa() {
    return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  },

  async capabilities() {
    return {
      ...(await PublicKeyCredential.getClientCapabilities()),
      isConditionalMediationAvailable: await PublicKeyCredential.isConditionalMediationAvailable(),
    };
  },

  async signal({ method, options }) {
    return { resolved: (await PublicKeyCredential[method](options)) === undefined };
  },

  /** Credentials of other kinds are not ours. */
  async otherKinds() {
    return { nothing: await navigator.credentials.get({}) };
  },

  /** Calls with members missing or of other types. */
  async malformed({ what, publicKey }) {
    await navigator.credentials[what]({ publicKey });
  },

  /** Bare ceremonies, without the relying party's server. */
  async createAt({ rpId, userId = [1] }) {
    const credential = await navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: "bare" },
        user: { id: new Uint8Array(userId), name: "ada", displayName: "Ada" },
        challenge: new Uint8Array(32),
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      },
    });
    return credential.toJSON();
  },

  async getAt({ rpId }) {
    const credential = await navigator.credentials.get({ publicKey: { rpId, challenge: new Uint8Array(32) } });
    return credential.toJSON();
  },
};

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  const document = await answer.json();
  if (!answer.ok) throw new Error(`${path}: the relying party refused: ${document.error}`);
  return document;
}

function withExtras({ publicKey, timeout, extensions, abort }) {
  if (timeout !== undefined) publicKey.timeout = timeout;
  if (extensions) publicKey.extensions = { ...publicKey.extensions, ...inputs(extensions) };
  if (!abort) return { publicKey };
  const controller = new AbortController();
  const stop = () => (abort.reason === undefined ? controller.abort() : controller.abort(abort.reason));
  if (abort.before) stop();
  else setTimeout(stop, abort.after);
  return { publicKey, signal: controller.signal };
}

/** Texts stand for bytes in what the tests send. */
function inputs({ prf, largeBlob, credBlob, ...others }) {
  const buffer = (text) => within(new TextEncoder().encode(text));
  const made = others;
  if (prf) made.prf = prf.eval ? { eval: mapped(prf.eval, buffer) } : prf;
  if (largeBlob) made.largeBlob = largeBlob.write === undefined ? largeBlob : { write: buffer(largeBlob.write) };
  if (credBlob) made.credBlob = buffer(credBlob);
  return made;
}

function shown(credential) {
  const { prf, largeBlob, ...others } = credential.getClientExtensionResults();
  const results = others;
  if (prf) results.prf = { ...prf, ...(prf.results && { results: mapped(prf.results, base64url) }) };
  if (largeBlob)
    results.largeBlob = { ...largeBlob, ...(largeBlob.blob && { blob: new TextDecoder().decode(largeBlob.blob) }) };
  return { json: credential.toJSON(), results, attachment: credential.authenticatorAttachment };
}

function wrongInRegistration(credential) {
  const { response } = credential;
  const json = credential.toJSON();
  return failed({
    ...commonFacts(credential, json),
    "instanceof AuthenticatorAttestationResponse": response instanceof AuthenticatorAttestationResponse,
    attestationObject: same(response.attestationObject, json.response.attestationObject),
    "getAuthenticatorData()": same(response.getAuthenticatorData(), json.response.authenticatorData),
    "getPublicKey()": same(response.getPublicKey(), json.response.publicKey),
    "getPublicKeyAlgorithm()": response.getPublicKeyAlgorithm() === json.response.publicKeyAlgorithm,
    "getTransports()":
      String(response.getTransports()) === String(json.response.transports) && response.getTransports().length > 0,
  });
}

function wrongInAuthentication(credential) {
  const { response } = credential;
  const json = credential.toJSON();
  return failed({
    ...commonFacts(credential, json),
    "instanceof AuthenticatorAssertionResponse": response instanceof AuthenticatorAssertionResponse,
    authenticatorData: same(response.authenticatorData, json.response.authenticatorData),
    signature: same(response.signature, json.response.signature),
    userHandle: same(response.userHandle, json.response.userHandle),
  });
}

function commonFacts(credential, json) {
  return {
    "instanceof PublicKeyCredential": credential instanceof PublicKeyCredential,
    "instanceof Credential": credential instanceof Credential,
    "instanceof AuthenticatorResponse": credential.response instanceof AuthenticatorResponse,
    "Object.prototype.toString": String(credential) === "[object PublicKeyCredential]",
    type: credential.type === "public-key",
    rawId: same(credential.rawId, credential.id) && json.id === credential.id && json.rawId === credential.id,
    clientDataJSON: same(credential.response.clientDataJSON, json.response.clientDataJSON),
    "one object each time": credential.rawId === credential.rawId && credential.response === credential.response,
    "JSON.stringify()": JSON.stringify(credential) === JSON.stringify(json),
    "origin in clientDataJSON":
      JSON.parse(new TextDecoder().decode(credential.response.clientDataJSON)).origin === origin,
  };
}

function failed(facts) {
  return Object.keys(facts).filter((name) => !facts[name]);
}

function same(buffer, encoded) {
  return buffer instanceof ArrayBuffer && buffer.byteLength > 0 && base64url(buffer) === encoded;
}

function within(bytes) {
  const octets = new Uint8Array(bytes);
  const bigger = new Uint8Array(octets.length + 5).fill(0xee);
  bigger.set(octets, 3);
  return new DataView(bigger.buffer, 3, octets.length);
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

function base64url(buffer) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function described(error) {
  if (!(error instanceof Error)) return { name: "not an error", message: String(error), value: error };
  return {
    name: error.name,
    code: error.code,
    message: error.message,
    isDomException: error instanceof DOMException,
  };
}
