"""Registering and signing in at a real relying party, as Windows Hello would."""

import base64
import uuid
from dataclasses import dataclass

from harness import Json, Server, Softhello, expect, expect_equal

HELLO_AAGUID = "6028b017-b1d4-4c02-b4b3-afcdafc96bb2"
CREATED_FLAGS = 0x45  # AT, UV, UP
SIGNED_FLAGS = 0x05  # UV, UP
FORMATS = {"none": "none", "direct": "packed"}  # attestation conveyance → format of a software Hello

CREDENTIAL_MEMBERS = {"id", "rawId", "type", "response", "authenticatorAttachment", "clientExtensionResults"}
ATTESTATION_MEMBERS = {
    "clientDataJSON", "attestationObject", "authenticatorData", "publicKey", "publicKeyAlgorithm", "transports",
}  # fmt: skip
ASSERTION_MEMBERS = {"clientDataJSON", "authenticatorData", "signature", "userHandle"}


@dataclass(frozen=True)
class AuthenticatorData:
    flags: int
    count: int
    attested: bytes

    @classmethod
    def parse(cls, text: str) -> "AuthenticatorData":
        octets = decode(text)
        return cls(octets[32], int.from_bytes(octets[33:37], "big"), octets[37:])


def full_round(server: Server, softhello: Softhello, algorithm: int, attestation: str) -> None:
    """A registration, two sign-ins, and a second registration that must be refused; each in a process of its own."""
    user = f"ada-{algorithm}-{attestation}@example.org"
    credential_id = register(server, softhello, user, algorithm, attestation)
    first = sign_in(server, softhello, user, credential_id, count=1, allow_credentials=True)
    sign_in(server, softhello, user, credential_id, count=2, allow_credentials=False)
    refuses_replay(server, user, first)
    refuses_second_registration(server, softhello, user, algorithm, attestation)


def register(server: Server, softhello: Softhello, user: str, algorithm: int, attestation: str) -> str:
    """The new credential's id."""
    options = server.post("/register/options", {"user": user, "alg": algorithm, "attestation": attestation})
    credential = softhello.create(server.origin, options).json()
    expect_registration_members(credential, options, algorithm)

    data = AuthenticatorData.parse(credential["response"]["authenticatorData"])
    expect_equal("flags at creation", hex(data.flags), hex(CREATED_FLAGS))
    expect_equal("counter at creation", data.count, 0)
    expect_equal("AAGUID in the bytes", str(uuid.UUID(bytes=data.attested[:16])), HELLO_AAGUID)
    expect_equal("length of the credential id", int.from_bytes(data.attested[16:18], "big"), 32)
    expect_equal("credential id in the bytes", data.attested[18:50], decode(credential["rawId"]))

    verified = server.post("/register/verify", {"user": user, "credential": credential})
    expect_equal("what the relying party saw", verified, {
        "credentialId": credential["id"],
        "format": FORMATS[attestation],
        "aaguid": HELLO_AAGUID,
        "signCount": 0,
        "userVerified": True,
        "deviceType": "single_device",
        "backedUp": False,
    })  # fmt: skip
    return str(credential["id"])


def sign_in(
    server: Server, softhello: Softhello, user: str, credential_id: str, count: int, allow_credentials: bool
) -> Json:
    """The assertion, accepted."""
    options = server.post("/login/options", {"user": user, "allowCredentials": allow_credentials})
    assertion = softhello.get(server.origin, options).json()
    expect_members("the assertion", assertion, CREDENTIAL_MEMBERS)
    expect_members("the assertion's response", assertion["response"], ASSERTION_MEMBERS)

    data = AuthenticatorData.parse(assertion["response"]["authenticatorData"])
    expect_equal("flags at sign-in", hex(data.flags), hex(SIGNED_FLAGS))
    expect_equal("bytes after the counter", data.attested, b"")

    verified = server.post("/login/verify", {"user": user, "credential": assertion})
    expect_equal("what the relying party saw", verified, {
        "credentialId": credential_id,
        "signCount": count,
        "userVerified": True,
        "deviceType": "single_device",
        "backedUp": False,
    })  # fmt: skip
    return assertion


def refuses_replay(server: Server, user: str, assertion: Json) -> None:
    """The control: a relying party that accepts anything would prove nothing."""
    server.post("/login/options", {"user": user})
    status, answer = server.exchange("/login/verify", {"user": user, "credential": assertion})
    expect(status == 400, f"the relying party accepted an assertion twice: {answer}")


def refuses_second_registration(
    server: Server, softhello: Softhello, user: str, algorithm: int, attestation: str
) -> None:
    body = {"user": user, "alg": algorithm, "attestation": attestation, "excludeCredentials": True}
    options = server.post("/register/options", body)
    expect(bool(options["excludeCredentials"]), "the options exclude nothing")
    softhello.create(server.origin, options).expect_error(1, "InvalidStateError")


def expect_registration_members(credential: Json, options: Json, algorithm: int) -> None:
    expect_members("the registration", credential, CREDENTIAL_MEMBERS)
    response = credential["response"]
    expect_members("the registration's response", response, ATTESTATION_MEMBERS)
    expect_equal("publicKeyAlgorithm", response["publicKeyAlgorithm"], algorithm)
    expect_equal("authenticatorAttachment", credential["authenticatorAttachment"], "platform")
    expect("internal" in response["transports"], f"transports lack 'internal': {response['transports']}")
    # An output for each extension that was asked for, and for no other.
    asked = {"credProps"} & (options.get("extensions") or {}).keys()
    expect_equal("extension outputs", set(credential["clientExtensionResults"]), asked)


def expect_members(what: str, got: Json, want: set[str]) -> None:
    missing = want - got.keys()
    expect(not missing, f"{what} lacks {', '.join(sorted(missing))}")


def decode(text: str) -> bytes:
    """base64url as WebAuthn writes it, without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
