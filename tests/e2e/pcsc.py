"""python-fido2's smart-card client through pcscd and its virtual reader.

vpcd listens on every address of the machine and pcscd has one socket for all of it, so both run, with the clients, in
a process of its own (`python pcsc.py BINARY`) that has its own network and its own /run.
"""

import argparse
import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, SETUP_HINT, TIMEOUT, Failure, Report, expect, expect_equal, tool
from running import READY, Running

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER_PORT = 35963
FORMS = {"short": (False, True), "extended": (True, True), "short, without 9100": (False, False)}


def section(report: Report, binary: Path) -> None:
    """Runs the cases in their own namespaces and reports what came of them."""
    report.section("python-fido2's CtapPcscDevice, through pcscd and vpcd")
    cases: list[dict] = []
    with report.case("a process with its own network and /run") as case:
        expect(shutil.which("pcscd") is not None and DRIVER.is_file(), f"pcscd or vpcd is missing: {SETUP_HINT}")
        isolated, refused = isolation()
        inner = [sys.executable, str(HERE / "pcsc.py"), *([] if isolated else ["--shared"]), str(binary)]
        command = [*isolated, *inner]
        if refused:
            case.name = f"without a network of its own: {refused}"
        finished = subprocess.run(command, capture_output=True, text=True, timeout=300)
        for line in finished.stdout.splitlines():
            cases.append(json.loads(line))
        expect(finished.returncode == 0 and bool(cases), f"$ {' '.join(command)}\n{finished.stderr[-3000:]}")
    for case in cases:
        with report.case(case["name"], seconds=case["seconds"]):
            expect(not case["details"], "\n".join(case["details"]))


def isolation() -> tuple[list[str], str]:
    """What gives a process its own network and /run; nothing, and why, on a machine that does not."""
    unshare = [tool("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare.insert(1, "--map-root-user")
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True)
    if tried.returncode == 0:
        return unshare, ""
    refused = tried.stderr.strip()
    expect(os.geteuid() == 0, f"this machine gives no namespaces of one's own, and pcscd needs root: {refused}")
    return [], refused


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--shared", action="store_true", help="use the machine's own network and /run")
    arguments = parser.parse_args()
    binary: Path = arguments.binary.absolute()
    if not arguments.shared:
        loopback_up()
        own_run()
    report = JsonReport()
    with pcscd():
        for form, (extended, polls) in FORMS.items():
            for profile in ("security-key", "security-key-2.0"):
                with report.case(f"registers and signs in, {form}, {profile}"), card(binary, profile) as (key, device):
                    device.use_ext_apdu, device.use_nfcctap_getresponse = extended, polls
                    ceremonies(key, device)
        checks: list[tuple[str, Callable]] = [
            ("waits with 9100 for its user", waits),
            ("keeps large blobs", large_blobs),
        ]
        for name, check in checks:
            with report.case(f"{name}, security-key"), card(binary, "security-key") as (key, device):
                check(key, device)
        with report.case("registers and signs in, U2F, u2f-key"), card(binary, "u2f-key") as (key, device):
            u2f(device)
        with report.case("a card that is taken out and put in again"):
            for _ in range(2):
                with card(binary, "security-key") as (_, device):
                    expect_equal("version", device.version, 2)
    return 0


class JsonReport(Report):
    """One JSON document a case."""

    def show(self, name: str, seconds: float, details: list[str]) -> None:
        print(json.dumps({"name": name, "seconds": seconds, "details": details}), flush=True)


def loopback_up() -> None:
    """`ip link set lo up`, without the program."""
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def own_run() -> None:
    MS_REC, MS_PRIVATE = 0x4000, 1 << 18
    libc = ctypes.CDLL(None, use_errno=True)
    for mount in ((None, b"/", None, MS_REC | MS_PRIVATE, None), (b"tmpfs", b"/run", b"tmpfs", 0, None)):
        if libc.mount(*mount) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), mount[1])


@contextmanager
def pcscd():
    """pcscd with one virtual reader."""
    with TemporaryDirectory(prefix="softhello-") as folder:
        Path(folder, "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{READER_PORT:#06X}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {READER_PORT:#06X}\n"
        )
        log = Path(folder, "log")
        with log.open("w") as out:
            process = subprocess.Popen(
                [tool("pcscd"), "--foreground", "--config", folder], stdout=out, stderr=subprocess.STDOUT
            )
        try:
            until = time.monotonic() + READY
            while not listens():
                gone = process.poll() is not None or time.monotonic() > until
                expect(not gone, f"pcscd did not start\n{log.read_text()}")
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def listens() -> bool:
    """Whether the reader waits for its card. It would take a connection for one."""
    wanted = f"{READER_PORT:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(f":{wanted}") and row[3] == "0A" for row in rows)


@contextmanager
def card(binary: Path, profile: str):
    """A softhello in the reader, and the client's device."""
    from fido2.pcsc import CtapPcscDevice
    from smartcard.System import readers

    with Running(binary, "card", "vpcd", "--connect", f"127.0.0.1:{READER_PORT}", profile=profile) as key:
        until = time.monotonic() + READY
        while True:
            try:
                device = CtapPcscDevice(readers()[0].createConnection(), "softhello")
                break
            except Exception as error:  # noqa: BLE001  pcscd looks for a card now and then
                expect(time.monotonic() < until, f"no card came up: {error!r}")
                time.sleep(0.1)
        try:
            yield key, device
        finally:
            device.close()


def ceremonies(key: Running, device) -> None:
    import python_fido2 as client
    from fido2.ctap import CtapError
    from fido2.ctap2 import Ctap2
    from fido2.ctap2.pin import ClientPin

    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(client.PIN)
    # A user whose names make the request longer than one short APDU.
    user = {"id": b"a" * 64, "name": "a" * 64, "displayName": "a" * 64}
    data, response = client.register(
        device, client.PIN, user=user, resident_key_requirement="required", user_verification="required"
    )
    expect_equal("format", response.response.attestation_object.fmt, "packed")
    # The statement with its certificate is longer than one short APDU, too.
    expect(len(response.response.attestation_object) > 500, "a long answer")
    signed = client.sign_in(device, [data.credential_data], client.PIN, user_verification="required")
    expect(signed.response.authenticator_data.is_user_verified(), "the PIN verifies")
    key.tell("user", "decline")
    with client.refused(CtapError.ERR.OPERATION_DENIED):
        client.register(device, client.PIN, user_verification="required")


def waits(key: Running, device) -> None:
    import python_fido2 as client
    from fido2.ctap import CtapError
    from fido2.ctap2 import Ctap2

    key.tell("user", "timeout")
    waiting = threading.Event()
    speaker = threading.Thread(target=lambda: (waiting.wait(TIMEOUT), key.tell("user", "approve")))
    speaker.start()
    Ctap2(device).selection(on_keepalive=lambda _: waiting.set())
    speaker.join()
    expect(waiting.is_set(), "it told that it waits")
    key.tell("user", "timeout")
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    with client.refused(CtapError.ERR.KEEPALIVE_CANCEL):
        Ctap2(device).selection(event=cancel)


def large_blobs(key: Running, device) -> None:  # noqa: ARG001
    import python_fido2 as client
    from fido2.ctap2 import Ctap2
    from fido2.ctap2.blob import LargeBlobs
    from fido2.ctap2.pin import ClientPin

    ctap = Ctap2(device)
    ClientPin(ctap).set_pin(client.PIN)
    blobs = LargeBlobs(ctap, *client.token_for(ctap, ClientPin.PERMISSION.LARGE_BLOB_WRITE))
    content = os.urandom(3000)
    blobs.put_blob(bytes(32), content)
    expect_equal("the blob", blobs.get_blob(bytes(32)), content)


def u2f(device) -> None:
    from fido2.ctap1 import Ctap1

    expect_equal("version", device.version, 1)
    ctap1 = Ctap1(device)
    expect_equal("U2F version", ctap1.get_version(), "U2F_V2")
    challenge, application = os.urandom(32), os.urandom(32)
    registration = ctap1.register(challenge, application)
    registration.verify(application, challenge)
    challenge = os.urandom(32)
    signature = ctap1.authenticate(challenge, application, registration.key_handle)
    signature.verify(application, challenge, registration.public_key)


if __name__ == "__main__":
    sys.exit(main())
