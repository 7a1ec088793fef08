"""`--user ask`: a person at a terminal, before an authenticator of this process and of one that goes on."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Json, Report, Softhello, expect, expect_equal
from machine import ORIGIN, creation_options
from running import Running
from terminal import Terminal

PIN = "2468"


def section(report: Report, binary: Path) -> None:
    report.section("a person at a terminal")
    with report.case("Windows Hello asks for its PIN"), TemporaryDirectory(prefix="softhello-") as folder:
        hello(Softhello(binary, Path(folder) / "data"), Path(folder))
    with report.case("a security key has its PIN asked for by the platform"), TemporaryDirectory(
        prefix="softhello-"
    ) as folder:
        security_key(Softhello(binary, Path(folder) / "data"), Path(folder))
    with (
        report.case("the authenticator of another process asks here"),
        TemporaryDirectory(prefix="softhello-") as folder,
        Running(binary, "hid", "udp", "--listen", "127.0.0.1:0", "--user", "timeout") as key,
    ):
        elsewhere(key, Path(folder))


def create(softhello: Softhello, folder: Path, *arguments: str, options: Json | None = None) -> Terminal:
    path = folder / "options.json"
    path.write_text(json.dumps(options or creation_options()))
    told = ("--user", "ask", *arguments, "create", "--origin", ORIGIN, "--options", str(path))
    return Terminal(softhello.command(*told))


def passkeys(softhello: Softhello, *arguments: str) -> int:
    return len(softhello.run("--json", *arguments, "passkeys", "list").json())


def hello(softhello: Softhello, folder: Path) -> None:
    with create(softhello, folder) as terminal:
        terminal.answer("PIN for rp.example.org", "000000")
        terminal.answer("PIN for rp.example.org", "123456")
        expect_equal("exit code", terminal.finish(), 0)
        expect("123456" not in terminal.shown, f"the PIN was shown\n{terminal}")
    with create(softhello, folder) as terminal:
        terminal.answer("PIN for rp.example.org", "")
        expect_equal("exit code", terminal.finish(), 1)
    expect_equal("passkeys", passkeys(softhello), 1)


def security_key(softhello: Softhello, folder: Path) -> None:
    key = ("--profile", "security-key")
    with Terminal(softhello.command(*key, "pin", "set")) as terminal:
        terminal.answer("New PIN: ", PIN)
        terminal.answer("Again: ", PIN)
        expect_equal("exit code", terminal.finish(), 0)
    with create(softhello, folder, *key) as terminal:
        terminal.answer("PIN for rp.example.org (7 attempts left after this", "wrong")
        terminal.answer("PIN for rp.example.org (6 attempts left after this", PIN)
        terminal.answer("Continue for rp.example.org? [Y/n]", "y")
        expect_equal("exit code", terminal.finish(), 0)
    with create(softhello, folder, *key) as terminal:
        terminal.answer("PIN for rp.example.org (7 attempts left after this", PIN)
        terminal.answer("Continue for rp.example.org? [Y/n]", "n")
        expect_equal("exit code", terminal.finish(), 1)
        expect("the user declined" in terminal.shown, str(terminal))
    expect_equal("passkeys", passkeys(softhello, *key), 1)


def elsewhere(key: Running, folder: Path) -> None:
    with Terminal(key.softhello.command("pin", "set")) as terminal:
        terminal.answer("New PIN: ", PIN)
        terminal.answer("Again: ", PIN)
        expect_equal("exit code", terminal.finish(), 0)
    with create(key.softhello, folder) as terminal:
        terminal.answer("PIN for rp.example.org (7 attempts left after this", PIN)
        terminal.answer("Continue for rp.example.org? [Y/n]", "")
        expect_equal("exit code", terminal.finish(), 0)
    # Ctrl-C ends the one that asks, and not the one that goes on.
    with create(key.softhello, folder) as terminal:
        terminal.wait_for("PIN for rp.example.org")
        terminal.type("\x03")
        expect_equal("exit code", terminal.finish(), 130)
    expect_equal("passkeys", passkeys(key.softhello), 1)
