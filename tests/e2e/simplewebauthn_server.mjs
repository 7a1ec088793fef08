// A relying party on @simplewebauthn/server. README.md describes the dialect it speaks.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";

/** Everything the server knows: name → { handle, passkeys: id → WebAuthnCredential, challenge, algorithm }. */
const users = new Map();
const relyingParty = { origin: "", id: "" };

async function registerOptions(name, { alg = -7, attestation = "none", excludeCredentials = false }) {
  if (!users.has(name)) users.set(name, { handle: randomBytes(32), passkeys: new Map() });
  const user = users.get(name);
  const options = await generateRegistrationOptions({
    rpName: "@simplewebauthn/server",
    rpID: relyingParty.id,
    userID: new Uint8Array(user.handle),
    userName: name,
    attestationType: attestation,
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    excludeCredentials: excludeCredentials ? descriptors(user) : [],
    supportedAlgorithmIDs: [alg],
  });
  user.algorithm = alg;
  user.challenge = options.challenge;
  return options;
}

async function registerVerify(name, { credential }) {
  const user = known(name);
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response: credential,
    expectedChallenge: takeChallenge(user),
    expectedOrigin: relyingParty.origin,
    expectedRPID: relyingParty.id,
    requireUserVerification: true,
    supportedAlgorithmIDs: [user.algorithm],
  });
  if (!verified) throw new Error("the attestation signature does not verify");
  user.passkeys.set(registrationInfo.credential.id, registrationInfo.credential);
  return {
    credentialId: registrationInfo.credential.id,
    format: registrationInfo.fmt,
    aaguid: registrationInfo.aaguid,
    signCount: registrationInfo.credential.counter,
    userVerified: registrationInfo.userVerified,
    deviceType: deviceType(registrationInfo),
    backedUp: registrationInfo.credentialBackedUp,
  };
}

async function loginOptions(name, { allowCredentials = true }) {
  const user = known(name);
  const options = await generateAuthenticationOptions({
    rpID: relyingParty.id,
    allowCredentials: allowCredentials ? descriptors(user) : [],
    userVerification: "required",
  });
  user.challenge = options.challenge;
  return options;
}

async function loginVerify(name, { credential }) {
  const user = known(name);
  const passkey = user.passkeys.get(credential.id);
  if (!passkey) throw new Error("this credential is not registered for this user");
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: credential,
    expectedChallenge: takeChallenge(user),
    expectedOrigin: relyingParty.origin,
    expectedRPID: relyingParty.id,
    credential: passkey,
    requireUserVerification: true,
  });
  if (!verified) throw new Error("the assertion signature does not verify");
  if (credential.response.userHandle !== user.handle.toString("base64url")) {
    throw new Error("the user handle is another user's");
  }
  passkey.counter = authenticationInfo.newCounter;
  return {
    credentialId: authenticationInfo.credentialID,
    signCount: authenticationInfo.newCounter,
    userVerified: authenticationInfo.userVerified,
    deviceType: deviceType(authenticationInfo),
    backedUp: authenticationInfo.credentialBackedUp,
  };
}

function known(name) {
  const user = users.get(name);
  if (!user) throw new Error(`unknown user ${name}`);
  return user;
}

function takeChallenge(user) {
  const { challenge } = user;
  if (!challenge) throw new Error("no ceremony is under way");
  user.challenge = undefined;
  return challenge;
}

function descriptors(user) {
  return [...user.passkeys.values()].map(({ id, transports }) => ({ id, transports }));
}

/** The two libraries write the same fact as `singleDevice` and `single_device`. */
function deviceType({ credentialDeviceType }) {
  return { singleDevice: "single_device", multiDevice: "multi_device" }[credentialDeviceType];
}

const routes = {
  "/register/options": registerOptions,
  "/register/verify": registerVerify,
  "/login/options": loginOptions,
  "/login/verify": loginVerify,
};

/** For browsers: the page, and nothing else may run there or be reached from it. */
const files = {
  "/": { path: "browser/page.html", type: "text/html; charset=utf-8" },
  "/page.js": { path: "browser/page.js", type: "text/javascript; charset=utf-8" },
};
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";

async function serve({ path, type }, response) {
  const content = await readFile(new URL(path, import.meta.url));
  response.writeHead(200, { "content-type": type, "content-security-policy": POLICY }).end(content);
}

async function handle(request) {
  const route = request.method === "POST" && routes[request.url];
  if (!route) return [404, { error: `no such path ${request.url}` }];
  try {
    const chunks = await request.toArray();
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    return [200, await route(body.user, body)];
  } catch (error) {
    return [400, { error: error.message }]; // the library throws plain errors
  }
}

const server = createServer(async (request, response) => {
  const file = request.method === "GET" && files[request.url];
  if (file) return await serve(file, response);
  const [status, document] = await handle(request);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
});

const { values } = parseArgs({ options: { origin: { type: "string" } } });
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  relyingParty.origin = values.origin ?? `http://localhost:${port}`;
  relyingParty.id = new URL(relyingParty.origin).hostname;
  console.log(`listening on http://127.0.0.1:${port}`);
});
