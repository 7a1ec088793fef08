// The JSON forms of WebAuthn Level 3 §5.1.8 to §5.1.10, for browsers that do not have them yet.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0)).buffer;
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const descriptors = (list) => (list ?? []).map((descriptor) => ({ ...descriptor, id: bytes(descriptor.id) }));

export function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), user: { ...json.user, id: bytes(json.user.id) }, excludeCredentials: descriptors(json.excludeCredentials) };
}

export function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), allowCredentials: descriptors(json.allowCredentials) };
}

export function toJSON(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const common = { clientDataJSON: text(response.clientDataJSON) };
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: response.attestationObject ? registration(response, common) : assertion(response, common),
  };
}

function registration(response, common) {
  const key = response.getPublicKey();
  return {
    ...common,
    attestationObject: text(response.attestationObject),
    authenticatorData: text(response.getAuthenticatorData()),
    transports: response.getTransports(),
    publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
    ...(key ? { publicKey: text(key) } : {}),
  };
}

function assertion(response, common) {
  return {
    ...common,
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
  };
}
