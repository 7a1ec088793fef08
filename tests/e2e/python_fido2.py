"""python-fido2's client over UDP: what it can do to an authenticator, it does to this one."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from fido2.client import ClientError, DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap1 import Ctap1
from fido2.ctap2 import Ctap2
from fido2.ctap2.bio import CaptureError, FPBioEnrollment
from fido2.ctap2.blob import LargeBlobs
from fido2.ctap2.config import Config
from fido2.ctap2.credman import CredentialManagement
from fido2.ctap2.extensions import HmacSecretExtension, LargeBlobExtension
from fido2.ctap2.pin import ClientPin, PinProtocolV1, PinProtocolV2
from fido2.server import Fido2Server
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import AttestationConveyancePreference

import udp
from harness import HERE, SETUP_HINT, Failure, Report, expect, expect_equal
from running import Running

ORIGIN = "https://example.com"
RP = {"id": "example.com", "name": "Example RP"}
USER = {"id": b"ada", "name": "ada@example.com", "displayName": "Ada"}
PIN = "20 Jan 26"
SUITE = HERE / ".venv" / "src"
PROTOCOLS = {protocol.VERSION: protocol for protocol in (PinProtocolV1, PinProtocolV2)}


class Interaction(UserInteraction):
    """A person who knows the PIN and lets the fingerprint be taken."""

    def __init__(self, pin: str | None = None) -> None:
        self.pin = pin

    def request_pin(self, permissions, rp_id):  # noqa: ARG002
        return self.pin

    def request_uv(self, permissions, rp_id):  # noqa: ARG002
        return True


def section(report: Report, binary: Path) -> None:
    report.section("python-fido2, over UDP")
    checks: list[tuple[str, str, Callable[[Running], None]]] = [
        ("registers and signs in", "security-key", registers),
        ("registers and signs in", "security-key-2.0", registers),
        ("registers and signs in", "u2f-key", registers_by_u2f),
        ("sets, changes and loses the PIN, protocol 1", "security-key", lambda key: pins(key, 1)),
        ("sets, changes and loses the PIN, protocol 2", "security-key", lambda key: pins(key, 2)),
        ("sets, changes and loses the PIN, protocol 1", "security-key-2.0", lambda key: pins(key, 1)),
        ("manages credentials", "security-key", credential_management),
        ("keeps large blobs", "security-key", large_blobs),
        ("enrols fingerprints", "security-key", bio_enrollment),
        ("configures", "security-key", config),
        ("evaluates prf through hmac-secret", "security-key", prf),
        ("evaluates prf through hmac-secret", "security-key-2.0", prf),
        ("waits for its user", "security-key", user),
        ("two clients at once", "security-key", two_clients),
    ]
    for name, profile, check in checks:
        with report.case(f"{name}, {profile}"), Running(
            binary, "hid", "udp", "--listen", "127.0.0.1:0", profile=profile
        ) as key:
            check(key)
    for profile in ("security-key", "security-key-2.0"):
        with report.case(f"its own device suite, {profile}") as case:
            case.name += f": {suite(binary, profile)}"


def client(device: CtapDevice, pin: str | None = None, extensions: list | None = None) -> Fido2Client:
    return Fido2Client(
        device,
        client_data_collector=DefaultClientDataCollector(ORIGIN),
        user_interaction=Interaction(pin),
        **({} if extensions is None else {"extensions": extensions}),
    )


def server() -> Fido2Server:
    return Fido2Server(RP, attestation=AttestationConveyancePreference.DIRECT)


def register(device: CtapDevice, pin: str | None = None, extensions=None, inputs=None, **selection):
    """A registration that the server verified, its attestation included."""
    rp = server()
    selection = {"user_verification": "discouraged", **selection}
    options, state = rp.register_begin(selection.pop("user", USER), **selection)
    public_key = {**options["publicKey"], "extensions": inputs or {}}
    response = client(device, pin, extensions).make_credential(public_key)
    return rp.register_complete(state, response), response


def sign_in(device: CtapDevice, credentials, pin: str | None = None, extensions=None, inputs=None, **selection):
    rp = server()
    options, state = rp.authenticate_begin(credentials, **{"user_verification": "discouraged", **selection})
    public_key = {**options["publicKey"], "extensions": inputs or {}}
    response = client(device, pin, extensions).get_assertion(public_key).get_response(0)
    rp.authenticate_complete(state, credentials, response)
    return response


@contextmanager
def refused(*errors: CtapError.ERR):
    try:
        yield
    except CtapError as error:
        expect(error.code in errors, f"expected {errors}, got {error}")
    except ClientError as error:
        cause = error.cause if isinstance(error.cause, CtapError) else None
        expect(cause is not None and cause.code in errors, f"expected {errors}, got {error!r}")
    else:
        raise Failure(f"expected {errors}, and it was done")


def registers(key: Running) -> None:
    device = udp.connect(key.address)
    data, response = register(device)
    expect_equal("format", response.response.attestation_object.fmt, "packed")
    expect(not data.is_user_verified(), "nothing verifies yet")
    credential = data.credential_data
    # The client asks without presence first, which counts too.
    counts = [sign_in(device, [credential]).response.authenticator_data.counter for _ in range(2)]
    expect(0 < counts[0] < counts[1], f"counters: {counts}")
    with refused(CtapError.ERR.CREDENTIAL_EXCLUDED):
        register_again(device, credential)
    ClientPin(Ctap2(device)).set_pin(PIN)
    data, _ = register(device, PIN, resident_key_requirement="required", user_verification="required")
    expect(data.is_user_verified(), "the PIN verifies")
    passkey = data.credential_data
    response = sign_in(device, [passkey], PIN, user_verification="required")
    expect(response.response.authenticator_data.is_user_verified(), "the PIN verifies")
    options, _ = server().authenticate_begin(user_verification="required")
    found = client(device, PIN).get_assertion(options["publicKey"]).get_response(0)
    expect_equal("user handle of the passkey", found.response.user_handle, USER["id"])
    listed = key.tell("--json", "passkeys", "list").json()
    expect_equal("passkeys", [passkey["id"] for passkey in listed], [websafe_encode(passkey.credential_id)])


def register_again(device: CtapDevice, credential) -> None:
    options, _ = server().register_begin(USER, credentials=[credential], user_verification="discouraged")
    client(device).make_credential(options["publicKey"])


def registers_by_u2f(key: Running) -> None:
    device = udp.connect(key.address)
    expect_equal("version", Ctap1(device).get_version(), "U2F_V2")
    data, response = register(device)
    expect_equal("format", response.response.attestation_object.fmt, "fido-u2f")
    sign_in(device, [data.credential_data])
    with refused(CtapError.ERR.CREDENTIAL_EXCLUDED):
        try:
            register_again(device, data.credential_data)
        except ClientError as error:
            expect_equal("refusal", error.code, ClientError.ERR.DEVICE_INELIGIBLE)
            raise CtapError(CtapError.ERR.CREDENTIAL_EXCLUDED) from error


def pins(key: Running, version: int) -> None:
    device = udp.connect(key.address)
    pin = ClientPin(Ctap2(device), PROTOCOLS[version]())
    with refused(CtapError.ERR.PIN_POLICY_VIOLATION):
        set_unchecked(pin, "1é3")
    pin.set_pin(PIN)
    with refused(CtapError.ERR.PIN_AUTH_INVALID):
        pin.set_pin(PIN)
    pin.change_pin(PIN, "ünïcödé")
    with refused(CtapError.ERR.PIN_INVALID):
        pin.change_pin(PIN, "0000")
    expect_equal("retries after a wrong PIN", pin.get_pin_retries()[0], 7)
    pin.change_pin("ünïcödé", PIN)
    expect_equal("retries after the right PIN", pin.get_pin_retries()[0], 8)

    def token(guess: str) -> None:
        pin.get_pin_token(guess, ClientPin.PERMISSION.MAKE_CREDENTIAL, RP["id"])

    for _ in range(2):
        with refused(CtapError.ERR.PIN_INVALID):
            token("wrong")
    with refused(CtapError.ERR.PIN_AUTH_BLOCKED):
        token("wrong")
    with refused(CtapError.ERR.PIN_AUTH_BLOCKED):
        token(PIN)
    expect_equal("retries behind the block", pin.get_pin_retries()[0], 5)
    key.tell("power-cycle")
    device = udp.connect(key.address)
    pin = ClientPin(Ctap2(device), PROTOCOLS[version]())
    token(PIN)
    expect_equal("retries after the power cycle", pin.get_pin_retries()[0], 8)

    for attempt in range(8):
        if attempt in (3, 6):
            udp.power_cycle(key.address)
            device = udp.connect(key.address)
            pin = ClientPin(Ctap2(device), PROTOCOLS[version]())
        with refused(CtapError.ERR.PIN_INVALID, CtapError.ERR.PIN_AUTH_BLOCKED, CtapError.ERR.PIN_BLOCKED):
            token("wrong")
    expect_equal("retries at the end", pin.get_pin_retries()[0], 0)
    key.tell("power-cycle")
    ctap = Ctap2(udp.connect(key.address))
    pin = ClientPin(ctap, PROTOCOLS[version]())
    with refused(CtapError.ERR.PIN_BLOCKED):
        token(PIN)
    ctap.reset()
    expect_equal("clientPin after the reset", ctap.get_info().options["clientPin"], False)


def set_unchecked(pin: ClientPin, text: str) -> None:
    """setPIN with a PIN that the client would not send."""
    key_agreement, secret = pin._get_shared_secret()
    new_pin_enc = pin.protocol.encrypt(secret, text.encode().ljust(64, b"\0"))
    param = pin.protocol.authenticate(secret, new_pin_enc)
    pin.ctap.client_pin(
        pin.protocol.VERSION,
        ClientPin.CMD.SET_PIN,
        key_agreement=key_agreement,
        new_pin_enc=new_pin_enc,
        pin_uv_param=param,
    )


def token_for(ctap: Ctap2, permission: ClientPin.PERMISSION) -> tuple:
    pin = ClientPin(ctap)
    return pin.protocol, pin.get_pin_token(PIN, permission)


def credential_management(key: Running) -> None:
    device = udp.connect(key.address)
    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(PIN)
    for name in (b"ada", b"grace"):
        user = {"id": name, "name": name.decode()}
        register(device, PIN, user=user, resident_key_requirement="required", user_verification="required")
    credman = CredentialManagement(ctap, *token_for(ctap, ClientPin.PERMISSION.CREDENTIAL_MGMT))
    result = CredentialManagement.RESULT
    metadata = credman.get_metadata()
    expect_equal("existing credentials", metadata[result.EXISTING_CRED_COUNT], 2)
    room = metadata[result.MAX_REMAINING_COUNT]
    expect_equal("remaining in getInfo", ctap.get_info().remaining_disc_creds, room)
    rps = credman.enumerate_rps()
    expect_equal("RP IDs", [rp[result.RP]["id"] for rp in rps], [RP["id"]])
    found = credman.enumerate_creds(rps[0][result.RP_ID_HASH])
    users = {credential[result.USER]["id"]: credential[result.CREDENTIAL_ID] for credential in found}
    expect_equal("users", set(users), {b"ada", b"grace"})
    credman.update_user_info(users[b"ada"], {"id": b"ada", "name": "countess", "displayName": "Ada"})
    names = {passkey["user"]["name"] for passkey in key.tell("--json", "passkeys", "list").json()}
    expect_equal("names", names, {"countess", "grace"})
    credman.delete_cred(users[b"grace"])
    expect_equal("existing credentials", credman.get_metadata()[result.EXISTING_CRED_COUNT], 1)
    credman = CredentialManagement(ctap, *token_for(ctap, ClientPin.PERMISSION.LARGE_BLOB_WRITE))
    with refused(CtapError.ERR.PIN_AUTH_INVALID):
        credman.get_metadata()


def large_blobs(key: Running) -> None:
    device = udp.connect(key.address)
    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(PIN)
    data, response = register(
        device, PIN, [LargeBlobExtension()], {"largeBlob": {"support": "required"}},
        resident_key_requirement="required", user_verification="required",
    )  # fmt: skip
    expect(response.client_extension_results.large_blob.supported, "largeBlob is supported")
    credentials = [data.credential_data]
    for blob in (b"first", os.urandom(2000)):
        written = sign_in(
            device, credentials, PIN, [LargeBlobExtension()], {"largeBlob": {"write": websafe_encode(blob)}},
            user_verification="required",
        )  # fmt: skip
        expect(written.client_extension_results.large_blob.written, "the blob is written")
        read = sign_in(
            device, credentials, PIN, [LargeBlobExtension()], {"largeBlob": {"read": True}},
            user_verification="required",
        )  # fmt: skip
        expect_equal("the blob", read.client_extension_results.large_blob.blob, blob)
    blobs = LargeBlobs(ctap, *token_for(ctap, ClientPin.PERMISSION.LARGE_BLOB_WRITE))
    foreign = os.urandom(32)
    blobs.put_blob(foreign, b"foreign")
    expect_equal("elements", len(blobs.read_blob_array()), 2)
    expect_equal("the foreign blob", blobs.get_blob(foreign), b"foreign")
    with refused(CtapError.ERR.LARGE_BLOB_STORAGE_FULL):
        blobs.put_blob(foreign, os.urandom(5000))
    blobs.delete_blob(foreign)
    expect_equal("elements", len(blobs.read_blob_array()), 1)


def bio_enrollment(key: Running) -> None:
    device = udp.connect(key.address)
    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(PIN)

    def sensor() -> FPBioEnrollment:
        return FPBioEnrollment(ctap, *token_for(ctap, ClientPin.PERMISSION.BIO_ENROLL))

    expect_equal("bioEnroll", ctap.get_info().options["bioEnroll"], False)
    enrolment = sensor().enroll()
    key.tell("user", "wrong-pin")
    try:
        enrolment.capture()
        raise Failure("a bad sample was taken for a good one")
    except CaptureError:
        pass
    key.tell("user", "approve")
    template = None
    while template is None:
        template = enrolment.capture()
    sensor().set_name(template, "right thumb")
    expect_equal("enrolments", sensor().enumerate_enrollments(), {template: "right thumb"})
    expect_equal("uv", ctap.get_info().options["uv"], True)
    # The PIN that this person knows is wrong: the finger is enough.
    data, _ = register(device, "not the PIN", user_verification="required")
    expect(data.is_user_verified(), "the finger verifies")
    key.tell("user", "wrong-pin")
    retries = ClientPin(ctap).get_uv_retries()
    with refused(CtapError.ERR.UV_INVALID):
        register(device, PIN, user_verification="required")
    expect_equal("uvRetries", ClientPin(ctap).get_uv_retries(), retries - 1)
    key.tell("user", "approve")
    sensor().remove_enrollment(template)
    expect_equal("uv", ctap.get_info().options["uv"], False)
    with refused(CtapError.ERR.INVALID_OPTION):
        sensor().remove_enrollment(template)


def config(key: Running) -> None:
    device = udp.connect(key.address)
    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(PIN)

    def settings() -> Config:
        return Config(ctap, *token_for(ctap, ClientPin.PERMISSION.AUTHENTICATOR_CFG))

    settings().toggle_always_uv()
    info = ctap.get_info()
    expect_equal("alwaysUv", info.options["alwaysUv"], True)
    expect("U2F_V2" not in info.versions, "U2F is off while alwaysUv is on")
    with refused(CtapError.ERR.PUAT_REQUIRED):
        ctap.get_assertion(RP["id"], sha256(b""))
    settings().toggle_always_uv()
    settings().enable_enterprise_attestation()
    expect_equal("ep", ctap.get_info().options["ep"], True)
    settings().set_min_pin_length(min_pin_length=6, rp_ids=[RP["id"]])
    data, _ = register(device, PIN, inputs={"minPinLength": True}, user_verification="required")
    expect_equal("minPinLength", data.extensions, {"minPinLength": 6})
    settings().set_min_pin_length(force_change_pin=True)
    info = ctap.get_info()
    expect_equal("forcePINChange", (info.force_pin_change, info.min_pin_length), (True, 6))
    with refused(CtapError.ERR.PIN_POLICY_VIOLATION):
        settings()
    with refused(CtapError.ERR.PIN_POLICY_VIOLATION):
        ClientPin(ctap).change_pin(PIN, "12345")
    ClientPin(ctap).change_pin(PIN, "654321")
    expect_equal("forcePINChange", ctap.get_info().force_pin_change, False)


def prf(key: Running) -> None:
    device = udp.connect(key.address)
    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(PIN)
    first, second, other = (os.urandom(length) for length in (32, 7, 32))
    both = {"first": websafe_encode(first), "second": websafe_encode(second)}
    data, response = register(
        device, PIN, [HmacSecretExtension()], {"prf": {"eval": both}},
        resident_key_requirement="required", user_verification="required",
    )  # fmt: skip
    results = response.client_extension_results["prf"]
    expect(results["enabled"], "prf is enabled")
    credentials = [data.credential_data]

    def evaluate(inputs: dict) -> dict:
        signed = sign_in(
            device, credentials, PIN, [HmacSecretExtension()], {"prf": inputs}, user_verification="required"
        )
        return signed.client_extension_results["prf"]["results"]

    at_both = evaluate({"eval": both})
    if "hmac-secret-mc" in ctap.info.extensions:
        expect_equal("results at creation", results["results"], at_both)
    expect(at_both["first"] != at_both["second"], "two inputs have two results")
    swapped = {"first": both["second"], "second": both["first"]}
    expect_equal("swapped", evaluate({"eval": swapped})["first"], at_both["second"])
    by_credential = {websafe_encode(credentials[0].credential_id): {"first": both["first"]}}
    results = evaluate({"eval": {"first": websafe_encode(other)}, "evalByCredential": by_credential})
    expect_equal("evalByCredential before eval", results["first"], at_both["first"])


def user(key: Running) -> None:
    device = udp.connect(key.address)
    key.tell("user", "decline")
    with refused(CtapError.ERR.OPERATION_DENIED):
        register(device)
    key.tell("user", "timeout")
    for answer, want in (("approve", None), ("decline", CtapError.ERR.OPERATION_DENIED)):
        waiting = threading.Event()
        speaker = threading.Thread(target=lambda: (waiting.wait(10), key.tell("user", answer)))
        speaker.start()
        ctap = Ctap2(device)

        def select() -> None:
            ctap.selection(on_keepalive=lambda _: waiting.set())

        if want is None:
            select()
        else:
            with refused(want):
                select()
        speaker.join()
        expect(waiting.is_set(), "it told that it waits")
        key.tell("user", "timeout")
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    started = time.monotonic()
    with refused(CtapError.ERR.KEEPALIVE_CANCEL):
        Ctap2(device).selection(event=cancel)
    expect(time.monotonic() - started < 5, "a cancel ends the wait")


def two_clients(key: Running) -> None:
    """While one waits for its user the other is told that the device is busy, and tries again until it is served."""
    first, second = udp.connect(key.address), udp.connect(key.address)
    key.tell("user", "timeout")
    waiting = threading.Event()
    with ThreadPoolExecutor() as clients:
        selected = clients.submit(lambda: Ctap2(first).selection(on_keepalive=lambda _: waiting.set()))
        expect(waiting.wait(10), "the first one waits")
        asked = clients.submit(lambda: Ctap2(second).get_info())
        time.sleep(0.5)
        expect(not asked.done() and not selected.done(), "both wait")
        key.tell("user", "approve")
        selected.result(10)
        expect("FIDO_2_3" in asked.result(10).versions, "the second one is served")


def suite(binary: Path, profile: str) -> str:
    """python-fido2's own device suite; gives its summary."""
    from importlib.metadata import version

    folder = SUITE / f"fido2-{version('fido2')}" / "tests" / "device"
    expect(folder.is_dir(), f"python-fido2's suite is missing: {SETUP_HINT}")
    with Running(binary, "hid", "udp", "--listen", "127.0.0.1:0", profile=profile) as key:
        command = [sys.executable, str(HERE / "fido2_suite.py"), str(folder), key.address]
        finished = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = finished.stdout.rstrip().splitlines() or ["it said nothing"]
    shown = "\n".join(lines[-40:] + finished.stderr.rstrip().splitlines()[-10:])
    expect(finished.returncode == 0, f"$ {' '.join(command)}\n{shown}")
    return lines[-1].strip("= ").split(" in ")[0]
