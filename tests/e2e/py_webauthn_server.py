"""A relying party on py_webauthn. README.md describes the dialect it speaks."""

import argparse
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import webauthn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn import helpers
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

Json = dict[str, Any]


class Refused(Exception):
    """What a relying party must check beside its library."""


@dataclass
class Passkey:
    public_key: bytes
    sign_count: int


@dataclass
class User:
    handle: bytes = field(default_factory=helpers.generate_user_handle)
    passkeys: dict[bytes, Passkey] = field(default_factory=dict)
    challenge: bytes | None = None
    algorithm: COSEAlgorithmIdentifier | None = None

    def take_challenge(self) -> bytes:
        challenge, self.challenge = self.challenge, None
        if challenge is None:
            raise Refused("no ceremony is under way")
        return challenge

    def descriptors(self) -> list[PublicKeyCredentialDescriptor]:
        return [PublicKeyCredentialDescriptor(id=passkey) for passkey in self.passkeys]


class RelyingParty:
    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.rp_id = urlsplit(origin).hostname or ""
        self.users: dict[str, User] = {}

    def register_options(self, name: str, body: Json) -> Json:
        user = self.users.setdefault(name, User())
        user.algorithm = COSEAlgorithmIdentifier(body.get("alg", -7))
        options = webauthn.generate_registration_options(
            rp_id=self.rp_id,
            rp_name="py_webauthn",
            user_id=user.handle,
            user_name=name,
            attestation=AttestationConveyancePreference(body.get("attestation", "none")),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=user.descriptors() if body.get("excludeCredentials") else [],
            supported_pub_key_algs=[user.algorithm],
        )
        user.challenge = options.challenge
        return helpers.options_to_json_dict(options)

    def register_verify(self, name: str, body: Json) -> Json:
        user, credential = self.user(name), body["credential"]
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=user.take_challenge(),
            expected_rp_id=self.rp_id,
            expected_origin=self.origin,
            require_user_verification=True,
            supported_pub_key_algs=[user.algorithm] if user.algorithm else [],
        )
        check_public_key_member(credential, verified.credential_public_key)
        user.passkeys[verified.credential_id] = Passkey(verified.credential_public_key, verified.sign_count)
        return {
            "credentialId": helpers.bytes_to_base64url(verified.credential_id),
            "format": verified.fmt,
            "aaguid": verified.aaguid,
            "signCount": verified.sign_count,
            "userVerified": verified.user_verified,
            "deviceType": verified.credential_device_type,
            "backedUp": verified.credential_backed_up,
        }

    def login_options(self, name: str, body: Json) -> Json:
        user = self.user(name)
        options = webauthn.generate_authentication_options(
            rp_id=self.rp_id,
            allow_credentials=user.descriptors() if body.get("allowCredentials", True) else [],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        user.challenge = options.challenge
        return helpers.options_to_json_dict(options)

    def login_verify(self, name: str, body: Json) -> Json:
        user, credential = self.user(name), body["credential"]
        passkey = user.passkeys.get(helpers.base64url_to_bytes(credential["rawId"]))
        if passkey is None:
            raise Refused("this credential is not registered for this user")
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=user.take_challenge(),
            expected_rp_id=self.rp_id,
            expected_origin=self.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        if helpers.base64url_to_bytes(credential["response"]["userHandle"]) != user.handle:
            raise Refused("the user handle is another user's")
        passkey.sign_count = verified.new_sign_count
        return {
            "credentialId": helpers.bytes_to_base64url(verified.credential_id),
            "signCount": verified.new_sign_count,
            "userVerified": verified.user_verified,
            "deviceType": verified.credential_device_type,
            "backedUp": verified.credential_backed_up,
        }

    def user(self, name: str) -> User:
        if name not in self.users:
            raise Refused(f"unknown user {name}")
        return self.users[name]


def check_public_key_member(credential: Json, cose_key: bytes) -> None:
    """`publicKey` (SubjectPublicKeyInfo) must be the key in the authenticator data, which is all the library reads."""
    key = helpers.decoded_public_key_to_cryptography(helpers.decode_credential_public_key(cose_key))
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if credential["response"].get("publicKey") != helpers.bytes_to_base64url(spki):
        raise Refused("publicKey is not the key in the authenticator data")


class Handler(BaseHTTPRequestHandler):
    relying_party: RelyingParty

    def do_POST(self) -> None:
        routes = {
            "/register/options": self.relying_party.register_options,
            "/register/verify": self.relying_party.register_verify,
            "/login/options": self.relying_party.login_options,
            "/login/verify": self.relying_party.login_verify,
        }
        route = routes.get(self.path)
        if route is None:
            self.answer(404, {"error": f"no such path {self.path}"})
            return
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(200, route(body["user"], body))
        except (WebAuthnException, Refused) as error:
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            self.answer(400, {"error": f"{error}{cause}"})
        except (KeyError, TypeError, ValueError) as error:
            self.answer(400, {"error": f"malformed request: {error!r}"})

    def answer(self, status: int, document: Json) -> None:
        payload = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the driver reports."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origin", help="the origin to expect (default http://localhost:PORT)")
    origin: str | None = parser.parse_args().origin

    server = HTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    Handler.relying_party = RelyingParty(origin or f"http://localhost:{port}")
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
