"""Runs the `softhello` binary against relying parties, clients and a machine, all real. README.md says what is where."""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

import browsers
import libfido2
import npm_package
import pcsc
import python_fido2
import questions
import selenium_suite
import server
from ceremonies import full_round
from harness import HERE, SETUP_HINT, Failure, Report, Server, Softhello, expect, tool
from machine import counters_have_no_gaps, demo_twice, full_disk, kill, lock, synced_before_answer

HTTPS_ORIGIN = "https://rp.example.org"
ALGORITHMS = {"ES256": -7, "RS256": -257}
ATTESTATIONS = ("none", "direct")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=Path, help="the softhello binary")
    binary: Path = parser.parse_args().binary.absolute()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with us

    report = Report()
    with report.case("the binary is there"):
        expect(binary.is_file(), f"{binary} does not exist: run `just e2e`, which builds it")
    if not report.failed:
        relying_party(report, binary, "py_webauthn", py_webauthn)
        relying_party(report, binary, "@simplewebauthn/server", simplewebauthn)
        machine(report, binary)
        python_fido2.section(report, binary)
        pcsc.section(report, binary)
        libfido2.section(report, binary)
        questions.section(report, binary)
        server.section(report, binary)
        browsers.section(report, binary)
        npm_package.section(report, binary)
        selenium_suite.section(report, binary)
    return report.summary()


def py_webauthn() -> tuple[str, list[str]]:
    try:
        found = version("webauthn")
    except PackageNotFoundError:
        raise Failure(f"py_webauthn is missing: {SETUP_HINT}") from None
    return found, [sys.executable, str(HERE / "py_webauthn_server.py")]


def simplewebauthn() -> tuple[str, list[str]]:
    package = HERE / "node_modules" / "@simplewebauthn" / "server" / "package.json"
    expect(package.is_file(), f"@simplewebauthn/server is missing: {SETUP_HINT}")
    found: str = json.loads(package.read_text())["version"]
    return found, [tool("node"), str(HERE / "simplewebauthn_server.mjs")]


def relying_party(report: Report, binary: Path, name: str, find: Callable[[], tuple[str, list[str]]]) -> None:
    """Every algorithm and attestation at an https origin, and one round at the origin that developers use."""
    report.section(name)
    with ExitStack() as servers:
        local = secure = None
        with report.case("the servers start") as case:
            found, command = find()
            case.name += f", version {found}"
            secure = servers.enter_context(Server(command, HTTPS_ORIGIN))
            local = servers.enter_context(Server(command, None))
        if secure is None or local is None:
            return
        rounds = [(secure, alg, attestation) for alg in ALGORITHMS for attestation in ATTESTATIONS]
        for server, alg, attestation in [*rounds, (local, "ES256", "none")]:
            shown = "http://localhost" if server is local else server.origin
            with report.case(f"{alg}  {attestation:6}  {shown}"), TemporaryDirectory(prefix="softhello-") as data:
                full_round(server, Softhello(binary, Path(data) / "data"), ALGORITHMS[alg], attestation)


def machine(report: Report, binary: Path) -> None:
    report.section("machine")
    checks: list[tuple[str, str, Callable[[Softhello], str | None]]] = [
        ("a full disk loses nothing", "sled", full_disk),
        ("a full disk loses nothing", "redb", full_disk),
        ("killed", "sled", kill),
        ("killed", "redb", kill),
        ("counters have no gaps", "sled", counters_have_no_gaps),
        ("counters have no gaps", "redb", counters_have_no_gaps),
        ("a second process waits, then names the first", "sled", lock),
        ("the store is synced before the answer", "sled", synced_before_answer),
        ("the store is synced before the answer", "redb", synced_before_answer),
        ("demo runs twice", "", demo_twice),
    ]
    for name, store, check in checks:
        with (
            report.case(f"{name}, {store}" if store else name) as case,
            TemporaryDirectory(prefix="softhello-") as directory,
        ):
            if seen := check(Softhello(binary, Path(directory) / "data", store or "sled")):
                case.name += f", {seen}"


if __name__ == "__main__":
    sys.exit(main())
