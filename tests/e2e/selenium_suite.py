"""Selenium with virtual authenticators: a suite for chromedriver, run as it is with `softhello webdriver` between.

`selenium_suite.py URL` runs the suite alone against any WebDriver with a Chromium behind it.
"""

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from selenium import webdriver
from selenium.common.exceptions import InvalidArgumentException, WebDriverException
from selenium.webdriver import ChromeOptions
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import Credential, Protocol, Transport, VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from harness import Failure, Json, Report, environment, expect, expect_equal, tool
from selenium_rp import RelyingParty

CHROMIUM = "/usr/bin/chromium"
READY = 30.0  # seconds
RESIDENT_LIMIT_OF_CHROMIUM = 3


def section(report: Report, binary: Path) -> None:
    report.section("Selenium with chromedriver alone")
    with ExitStack() as running:
        rp = driver_url = None
        with report.case("chromedriver and the page start"):
            rp = running.enter_context(RelyingParty())
            driver_url = running.enter_context(chromedriver())
        if rp is None or driver_url is None:
            return
        run_suite(report, driver_url, rp)
        report.section("Selenium through softhello webdriver: the URL is all that changed")
        with proxied(report, binary, driver_url) as proxy:
            if proxy:
                run_suite(report, proxy.url, rp)
        report.section("Selenium through softhello webdriver: what Chromium's own authenticator cannot do")
        with proxied(report, binary, driver_url) as proxy:
            if proxy:
                run_beyond(report, proxy, rp)
        for profile, aaguid in PROFILES.items():
            with proxied(report, binary, driver_url, "--profile", profile) as proxy:
                if proxy:
                    with report.case("its AAGUID reaches the relying party"):
                        other_profile(proxy.url, rp, aaguid)


def run_suite(report: Report, url: str, rp: RelyingParty) -> None:
    for test in SUITE:
        with report.case(titled(test)), browser(url, rp) as driver:
            test(driver, rp)


def run_beyond(report: Report, proxy: "Proxy", rp: RelyingParty) -> None:
    for test in BEYOND:
        with report.case(titled(test)), browser(proxy.url, rp) as driver:
            test(driver, rp, Api(proxy.inspector))


def titled(test: Callable[..., None]) -> str:
    return str(test.__doc__).rstrip(".")


# The suite: nothing below knows what is behind the URL.


def browser_options() -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    return options


@contextmanager
def browser(url: str, rp: RelyingParty) -> Iterator[webdriver.Remote]:
    rp.forget()
    driver = webdriver.Remote(command_executor=url, options=browser_options())
    try:
        driver.get(rp.origin)
        yield driver
    finally:
        driver.quit()


def passkey_options() -> VirtualAuthenticatorOptions:
    return VirtualAuthenticatorOptions(
        protocol=Protocol.CTAP2,
        transport=Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
    )


def press(driver: webdriver.Remote, button: str, user: str, **options: str) -> str:
    """What the page says after the button was pressed."""
    fields = {"user": user, "residentKey": "required", "userVerification": "required", **options}
    driver.execute_script("fill(arguments[0])", fields)
    driver.find_element(By.ID, button).click()
    status = driver.find_element(By.ID, "status")
    WebDriverWait(driver, 20, poll_frequency=0.02).until(lambda _: status.text)
    return status.text


def fresh_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pkcs8(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


ABSENT = object()


def raises(kind: type[Exception], call: Callable[..., object], *arguments: object) -> str:
    try:
        call(*arguments)
    except kind as error:
        return str(error)
    raise Failure(f"expected {kind.__name__}")


def resident(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A resident credential registers and signs in."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    credential = one(driver.get_credentials())
    expect_equal("resident", credential.is_resident_credential, True)
    expect_equal("RP ID", credential.rp_id, "localhost")
    expect_equal("id", decoded(credential.id), next(iter(rp.users["ada"].passkeys)))
    expect_equal("user handle", decoded(credential.user_handle or ""), rp.users["ada"].handle)
    expect_equal("sign-in without a user name", press(driver, "sign-in", ""), "signed in as ada")
    expect_equal("sign-in with a user name", press(driver, "sign-in", "ada"), "signed in as ada")
    expect(one(driver.get_credentials()).sign_count > credential.sign_count, "the counter did not move")


def non_resident(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A non-resident credential on the default options."""
    driver.add_virtual_authenticator(VirtualAuthenticatorOptions())
    weak = {"residentKey": "discouraged", "userVerification": "discouraged"}
    expect_equal("registration", press(driver, "register", "grace", **weak), "registered")
    expect_equal("resident", one(driver.get_credentials()).is_resident_credential, False)
    expect_equal("sign-in", press(driver, "sign-in", "grace", **weak), "signed in as grace")
    expect_equal("sign-in without a user name", press(driver, "sign-in", "", **weak), "NotAllowedError")
    weak["residentKey"] = "required"
    expect_equal("no resident key", press(driver, "register", "hopper", **weak), "NotAllowedError")


def u2f(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A U2F key."""
    driver.add_virtual_authenticator(VirtualAuthenticatorOptions(protocol=Protocol.U2F))
    weak = {"residentKey": "discouraged", "userVerification": "discouraged"}
    expect_equal("registration", press(driver, "register", "ada", **weak), "registered")
    expect_equal("sign-in", press(driver, "sign-in", "ada", **weak), "signed in as ada")
    expect_equal("resident", one(driver.get_credentials()).is_resident_credential, False)


def added_resident(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A resident credential that was added signs in."""
    driver.add_virtual_authenticator(passkey_options())
    key = fresh_key()
    handle = rp.enrol("alan", b"alan's passkey", key)
    driver.add_credential(Credential.create_resident_credential(b"alan's passkey", "localhost", handle, pkcs8(key), 41))
    expect_equal("sign-in without a user name", press(driver, "sign-in", ""), "signed in as alan")
    credential = one(driver.get_credentials())
    expect_equal("private key", decoded(credential.private_key), pkcs8(key))
    expect_equal("user handle", decoded(credential.user_handle or ""), handle)
    expect_equal("counter", (credential.sign_count, rp.users["alan"].passkeys[b"alan's passkey"].sign_count), (42, 42))


def added_non_resident(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A non-resident credential that was added signs in."""
    driver.add_virtual_authenticator(VirtualAuthenticatorOptions())
    key = fresh_key()
    rp.enrol("edsger", b"\x00\x01\x02\xff", key)
    driver.add_credential(Credential.create_non_resident_credential(b"\x00\x01\x02\xff", "localhost", pkcs8(key), 0))
    weak = {"userVerification": "discouraged"}
    expect_equal("sign-in", press(driver, "sign-in", "edsger", **weak), "signed in as edsger")
    expect_equal("sign-in without a user name", press(driver, "sign-in", "", **weak), "NotAllowedError")


def moved(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """What get_credentials gives can be added elsewhere."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    credential = one(driver.get_credentials())
    driver.remove_virtual_authenticator()
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("credentials of the new one", len(driver.get_credentials()), 0)
    driver.add_credential(credential)
    expect_equal("sign-in", press(driver, "sign-in", ""), "signed in as ada")


def removed(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """Credentials are removed, one and all."""
    driver.add_virtual_authenticator(passkey_options())
    for user in ("ada", "grace", "alan"):
        expect_equal(f"registration of {user}", press(driver, "register", user), "registered")
    expect_equal("credentials", len(driver.get_credentials()), 3)
    driver.remove_credential(bytearray(next(iter(rp.users["ada"].passkeys))))
    driver.remove_credential(bytes_to_base64url(next(iter(rp.users["grace"].passkeys))))
    expect_equal("sign-in without a user name", press(driver, "sign-in", ""), "signed in as alan")
    expect_equal("sign-in with what was removed", press(driver, "sign-in", "ada"), "NotAllowedError")
    driver.remove_all_credentials()
    expect_equal("credentials", len(driver.get_credentials()), 0)
    expect_equal("sign-in with nothing", press(driver, "sign-in", ""), "NotAllowedError")


def user_verified(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """set_user_verified decides."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    driver.set_user_verified(False)
    expect_equal("sign-in, not verified", press(driver, "sign-in", "ada"), "NotAllowedError")
    expect_equal("registration, not verified", press(driver, "register", "grace"), "NotAllowedError")
    driver.set_user_verified(True)
    expect_equal("sign-in, verified", press(driver, "sign-in", "ada"), "signed in as ada")


def not_consenting(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A user who does not consent."""
    options = passkey_options()
    options.is_user_consenting = False
    driver.add_virtual_authenticator(options)
    expect_equal("registration", press(driver, "register", "ada"), "NotAllowedError")


def excluded(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """A second registration is refused."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    expect_equal("again", press(driver, "register", "ada"), "InvalidStateError")
    expect_equal("credentials", len(driver.get_credentials()), 1)


def transports(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """The transport is what the page sees."""
    weak = {"residentKey": "discouraged", "userVerification": "discouraged"}
    for transport in (Transport.USB, Transport.NFC, Transport.BLE, Transport.INTERNAL):
        driver.add_virtual_authenticator(VirtualAuthenticatorOptions(transport=transport))
        user = f"ada-{transport}"
        expect_equal(f"registration by {transport}", press(driver, "register", user, **weak), "registered")
        registration = rp.registrations[user]
        expect_equal("transports", registration["response"]["transports"], [transport])
        attachment = "platform" if transport == Transport.INTERNAL else "cross-platform"
        expect_equal("attachment", registration["authenticatorAttachment"], attachment)
        driver.remove_virtual_authenticator()


def is_uvpaa(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """isUVPAA follows the authenticator."""
    ask = "return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()"
    for want, options in (
        (True, passkey_options()),
        (False, VirtualAuthenticatorOptions()),
        (False, VirtualAuthenticatorOptions(transport=Transport.INTERNAL)),
    ):
        driver.add_virtual_authenticator(options)
        expect_equal(f"isUVPAA of {options.to_dict()}", driver.execute_script(ask), want)
        driver.remove_virtual_authenticator()
    expect_equal("isUVPAA of nothing", driver.execute_script(ask), False)


def navigation(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """The authenticator outlives the page."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    driver.get("about:blank")
    driver.get(f"{rp.origin}/again")
    expect_equal("credentials", len(driver.get_credentials()), 1)
    expect_equal("sign-in", press(driver, "sign-in", ""), "signed in as ada")


def mistakes(driver: webdriver.Remote, rp: RelyingParty) -> None:
    """Mistakes are the errors that chromedriver makes of them."""
    key = pkcs8(fresh_key())

    def refused(command: str, **body: object) -> None:
        body = {"authenticatorId": driver.virtual_authenticator_id} | body
        present = {name: value for name, value in body.items() if value is not ABSENT}
        raises(InvalidArgumentException, driver.execute, command, present)

    def add_refused(**changed: object) -> None:
        whole: Json = Credential.create_resident_credential(b"id", "localhost", b"user", key, 0).to_dict()
        refused("addCredential", **whole | changed)

    driver.add_virtual_authenticator(VirtualAuthenticatorOptions())
    add_refused()  # it has no resident keys
    refused("removeCredential", credentialId="bm9uZQ")
    driver.remove_virtual_authenticator()
    driver.add_virtual_authenticator(passkey_options())
    for name in ("credentialId", "isResidentCredential", "rpId", "privateKey", "userHandle", "signCount"):
        add_refused(**{name: ABSENT})
    for name in ("credentialId", "privateKey", "userHandle", "isResidentCredential"):
        add_refused(**{name: "!"})
    for number in (-1, 2**32, 1.5, "1"):
        add_refused(signCount=number)
    add_refused(userHandle="QUFB" * 22)  # 66 bytes
    add_refused(authenticatorId="none")
    refused("setUserVerified", isUserVerified="yes")
    refused("addVirtualAuthenticator", **passkey_options().to_dict())  # a second internal one
    for wrong in (
        {"protocol": "ctap9"}, {"protocol": ABSENT}, {"transport": "pigeon"}, {"transport": ABSENT},
        {"hasResidentKey": "yes"}, {"extensions": "prf"}, {"extensions": ["credBlob"]},
    ):  # fmt: skip
        refused("addVirtualAuthenticator", **{"protocol": "ctap2", "transport": "usb"} | wrong)
    body = {"protocol": "ctap2", "transport": "usb", "extensions": ["time-travel"]}
    said = raises(WebDriverException, driver.execute, "addVirtualAuthenticator", body)
    expect("unsupported operation" in said, said)
    gone = driver.virtual_authenticator_id
    driver.remove_virtual_authenticator()
    for command in ("removeVirtualAuthenticator", "getCredentials", "removeAllCredentials"):
        refused(command, authenticatorId=gone)


SUITE: list[Callable[[webdriver.Remote, RelyingParty], None]] = [
    resident, non_resident, u2f, added_resident, added_non_resident, moved, removed, user_verified, not_consenting,
    excluded, transports, is_uvpaa, navigation, mistakes,
]  # fmt: skip


def one(credentials: list[Credential]) -> Credential:
    expect_equal("number of credentials", len(credentials), 1)
    return credentials[0]


def decoded(text: str) -> bytes:
    """Selenium's properties keep the padding."""
    return base64url_to_bytes(text.rstrip("="))


# What Chromium's own authenticator cannot do.

UV_ATTEMPTS = 25  # CTAP 2.3 §6.5.2.3: the most that an authenticator may have
HELLO_AAGUID = "6028b017-b1d4-4c02-b4b3-afcdafc96bb2"
PROFILES = {
    "synced-passkey": "9c70e2a2-4461-4b6d-b2a7-5a4d2f0c8a11",
    "security-key": "b5397571-f314-4571-9173-3155e0baf341",
}


def many(driver: webdriver.Remote, rp: RelyingParty, api: "Api") -> None:
    """More resident credentials than Chromium's three."""
    driver.add_virtual_authenticator(passkey_options())
    users = [f"user-{number}" for number in range(3 * RESIDENT_LIMIT_OF_CHROMIUM)]
    for user in users:
        expect_equal(f"registration of {user}", press(driver, "register", user), "registered")
    expect_equal("credentials", len(driver.get_credentials()), len(users))
    for user in users:
        expect_equal("sign-in", press(driver, "sign-in", user), f"signed in as {user}")


def aaguid(driver: webdriver.Remote, rp: RelyingParty, api: "Api") -> None:
    """ctap2 and internal are Windows Hello."""
    driver.add_virtual_authenticator(passkey_options())
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    expect_equal("AAGUID", rp.aaguids["ada"], HELLO_AAGUID)


def user_script(driver: webdriver.Remote, rp: RelyingParty, api: "Api") -> None:
    """The user declines once, and the trace says so."""
    driver.add_virtual_authenticator(passkey_options())
    device = driver.virtual_authenticator_id
    api.call("PUT", f"/api/devices/{device}/user", {"does": "approve", "next": ["decline", "wrong-pin"]})
    for want in ("NotAllowedError", "NotAllowedError", "registered"):
        expect_equal("registration", press(driver, "register", "ada"), want)
    outcomes = [trace["outcome"] for trace in api.call("GET", f"/api/traces?device={device}")]
    expect_equal("outcomes", outcomes, ["ok", "NotAllowedError", "NotAllowedError"])


def conflict(driver: webdriver.Remote, rp: RelyingParty, api: "Api") -> None:
    """A passkey that cannot be deleted."""
    driver.add_virtual_authenticator(passkey_options())
    device = driver.virtual_authenticator_id
    account = f"/api/devices/{device}/accounts/default"
    api.call("POST", f"{account}/whfb", {"upn": "ada@contoso.example"})
    kinds = [passkey["kind"] for passkey in api.call("GET", f"{account}/passkeys")]
    expect_equal("kinds", kinds, ["whfb"])


def pin_lockout(driver: webdriver.Remote, rp: RelyingParty, api: "Api") -> None:
    """Wrong fingers and PINs lock a key until it is plugged in again."""
    driver.add_virtual_authenticator(
        VirtualAuthenticatorOptions(has_resident_key=True, has_user_verification=True, is_user_verified=True)
    )
    device = driver.virtual_authenticator_id
    api.call("PUT", f"/api/devices/{device}/accounts/default/pin", {"pin": "2468"})
    expect_equal("registration", press(driver, "register", "ada"), "registered")
    api.call("PUT", f"/api/devices/{device}/user", {"does": "wrong-pin"})
    for attempt in range(UV_ATTEMPTS):  # the PIN, which is asked for then, is locked after three
        expect_equal(f"attempt {attempt}", press(driver, "sign-in", "ada"), "NotAllowedError")
    api.call("PUT", f"/api/devices/{device}/user", {"does": "approve"})
    expect_equal("sign-in of a locked key", press(driver, "sign-in", "ada"), "NotAllowedError")
    chain = api.call("GET", f"/api/traces?device={device}&limit=1")[0]["error"]["chain"]
    expect("CTAP2_ERR_PIN_AUTH_BLOCKED" in chain, f"the chain is {chain}")
    api.call("POST", f"/api/devices/{device}/power-cycle")
    expect_equal("sign-in after a power cycle", press(driver, "sign-in", "ada"), "signed in as ada")


BEYOND: list[Callable[[webdriver.Remote, RelyingParty, "Api"], None]] = [
    many, aaguid, user_script, conflict, pin_lockout,
]  # fmt: skip


def other_profile(url: str, rp: RelyingParty, want: str) -> None:
    with browser(url, rp) as driver:
        driver.add_virtual_authenticator(passkey_options())
        expect_equal("registration", press(driver, "register", "ada"), "registered")
        expect_equal("AAGUID", rp.aaguids["ada"], want)


class Api:
    """The HTTP API of the proxy; a virtual authenticator is a device there."""

    def __init__(self, inspector: str) -> None:
        self.server, self.token = inspector.split("/#token=")

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.server + path, data, headers, method=method), timeout=READY) as response:
                return json.loads(response.read() or "null")
        except HTTPError as error:
            raise Failure(f"{method} {path}: {error.code} {error.read().decode()}") from error


# What runs.


@contextmanager
def chromedriver() -> Iterator[str]:
    """Its URL."""
    command = [tool("chromedriver"), "--port=0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "started successfully on port" in line:
                port = int("".join(filter(str.isdigit, line)))
                break
        else:
            raise Failure("chromedriver did not start")
        Thread(target=process.stdout.read, daemon=True).start()
        with urlopen(f"http://127.0.0.1:{port}/status", timeout=READY):
            yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


@dataclass(frozen=True)
class Proxy:
    url: str
    inspector: str


@contextmanager
def proxied(report: Report, binary: Path, driver: str, *arguments: str) -> Iterator[Proxy | None]:
    """None if it does not start, which the report then says."""
    command = [str(binary), "--json", "webdriver", "--listen", "127.0.0.1:0", "--driver", driver, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        proxy = None
        with report.case(f"softhello webdriver {' '.join(arguments)}".rstrip() + " starts"):
            assert process.stdout is not None and process.stderr is not None
            ready, _, _ = select.select([process.stdout], [], [], READY)
            line = process.stdout.readline() if ready else ""
            if '"address"' not in line:
                process.kill()
                raise Failure(f"$ {' '.join(command)}\n{line}{process.stderr.read().rstrip()}")
            first = json.loads(line)
            proxy = Proxy(f"http://{first['address']}", first["inspector"])
        yield proxy
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    report = Report()
    with RelyingParty() as rp:
        run_suite(report, sys.argv[1], rp)
    return report.summary()


if __name__ == "__main__":
    sys.exit(main())
