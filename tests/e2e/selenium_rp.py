"""The relying party of the Selenium suite, on py_webauthn, with a page that has fields and buttons."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import webauthn
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from harness import Json
from py_webauthn_server import Passkey, User

PAGE_TIMEOUT = 1500  # ms, in the options: what a ceremony that nobody confirms may take


class RelyingParty:
    """What it demands comes from the fields of its page."""

    def __init__(self) -> None:
        self.forget()

    def __enter__(self) -> "RelyingParty":
        handler = type("Handler", (PageHandler,), {"rp": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://localhost:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def forget(self) -> None:
        self.users: dict[str, User] = {}
        self.registrations: dict[str, Json] = {}
        self.aaguids: dict[str, str] = {}
        self.challenge = b""  # of a sign-in; there is one browser at a time

    def enrol(self, name: str, credential_id: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
        """Takes a credential for registered; the user's handle."""
        point = key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        user = self.users.setdefault(name, User())
        user.passkeys[credential_id] = Passkey(webauthn.helpers.encode_cbor(cose), 0)
        return user.handle

    def register_options(self, body: Json) -> Json:
        user = self.users.setdefault(body["user"], User())
        options = webauthn.generate_registration_options(
            rp_id="localhost",
            rp_name="Selenium",
            user_id=user.handle,
            user_name=body["user"],
            timeout=PAGE_TIMEOUT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement(body["residentKey"]),
                user_verification=UserVerificationRequirement(body["userVerification"]),
            ),
            exclude_credentials=user.descriptors(),
        )
        user.challenge = options.challenge
        return options_to_json_dict(options)

    def register(self, body: Json) -> str:
        user = self.users[body["user"]]
        verified = webauthn.verify_registration_response(
            credential=body["credential"],
            expected_challenge=user.take_challenge(),
            expected_rp_id="localhost",
            expected_origin=self.origin,
            require_user_verification=body["userVerification"] == "required",
        )
        user.passkeys[verified.credential_id] = Passkey(verified.credential_public_key, verified.sign_count)
        self.registrations[body["user"]] = body["credential"]
        self.aaguids[body["user"]] = verified.aaguid
        return "registered"

    def sign_in_options(self, body: Json) -> Json:
        known = self.users[body["user"]].passkeys if body["user"] else []
        options = webauthn.generate_authentication_options(
            rp_id="localhost",
            timeout=PAGE_TIMEOUT,
            allow_credentials=[PublicKeyCredentialDescriptor(id=passkey) for passkey in known],
            user_verification=UserVerificationRequirement(body["userVerification"]),
        )
        self.challenge = options.challenge
        return options_to_json_dict(options)

    def sign_in(self, body: Json) -> str:
        credential_id = base64url_to_bytes(body["credential"]["rawId"])
        [name] = [name for name, user in self.users.items() if credential_id in user.passkeys]
        passkey = self.users[name].passkeys[credential_id]
        verified = webauthn.verify_authentication_response(
            credential=body["credential"],
            expected_challenge=self.challenge,
            expected_rp_id="localhost",
            expected_origin=self.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=body["userVerification"] == "required",
        )
        self.challenge = b""
        passkey.sign_count = verified.new_sign_count
        handle = body["credential"]["response"].get("userHandle")
        if not body["user"] and base64url_to_bytes(handle or "") != self.users[name].handle:
            return f"the user handle is {handle}"
        return f"signed in as {name}"


class PageHandler(BaseHTTPRequestHandler):
    rp: RelyingParty

    def do_GET(self) -> None:
        self.answer(200, "text/html; charset=utf-8", PAGE)

    def do_POST(self) -> None:
        route = {
            "/register/options": self.rp.register_options,
            "/register": self.rp.register,
            "/sign-in/options": self.rp.sign_in_options,
            "/sign-in": self.rp.sign_in,
        }[self.path]
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(200, "application/json", json.dumps(route(body)))
        except (WebAuthnException, KeyError, ValueError) as error:
            self.answer(400, "application/json", json.dumps(f"refused: {error!r}"))

    def answer(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the driver reports."""


PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Sign in</title>
<link rel="icon" href="data:,">
<label>User <input id="user"></label>
<label>Resident key <input id="residentKey"></label>
<label>User verification <input id="userVerification"></label>
<button id="register">Register</button>
<button id="sign-in">Sign in</button>
<output id="status"></output>
<script>
async function post(path, body) {
  const fields = Object.fromEntries([...document.querySelectorAll("input")].map(({ id, value }) => [id, value]));
  const headers = { "content-type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify({ ...fields, ...body }) });
  return response.json();
}
async function register() {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await post("/register/options"));
  return post("/register", { credential: await navigator.credentials.create({ publicKey }) });
}
async function signIn() {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post("/sign-in/options"));
  return post("/sign-in", { credential: await navigator.credentials.get({ publicKey }) });
}
function fill(fields) {
  for (const [id, value] of Object.entries(fields)) document.getElementById(id).value = value;
  document.getElementById("status").textContent = "";
}
for (const [id, ceremony] of Object.entries({ register, "sign-in": signIn })) {
  document.getElementById(id).onclick = async () => {
    const status = document.getElementById("status");
    status.textContent = await ceremony().catch((error) => error.name);
  };
}
</script>
"""
