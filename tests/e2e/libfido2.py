"""Debian's libfido2 tools through the pseudo-terminal, which they take for a device; PINs are typed on another one."""

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Report, expect, expect_equal, tool
from running import Running
from terminal import Terminal

PIN = "2026"
RP_ID = "example.com"


class Tools:
    """The tools on one device, and a folder for what they read and write."""

    def __init__(self, key: Running, folder: Path) -> None:
        self.key = key
        self.device = key.address
        self.folder = folder

    def run(self, program: str, *arguments: str, pin: str | None = None, code: int = 0) -> str:
        """What it showed. `pin` is typed when it is asked for; it must be asked for, and nothing else."""
        answers = [] if pin is None else [(f"Enter PIN for {self.device}", pin)]
        return self.talk(answers, program, *arguments, code=code)

    def talk(self, answers: Sequence[tuple[str, str]], program: str, *arguments: str, code: int = 0) -> str:
        with Terminal([tool(program), *arguments]) as terminal:
            for question, line in answers:
                terminal.answer(question, line)
            got = terminal.finish()
            expect(got == code, f"expected exit code {code}, got {got}\n{terminal}")
            # Behind the last question and the line on which nothing of the answer was shown.
            shown = terminal.shown[terminal.read :]
            return (shown.partition("\n")[2] if answers else shown).strip()

    def token(self, *arguments: str, pin: str | None = None, code: int = 0) -> str:
        return self.run("fido2-token", *arguments, self.device, pin=pin, code=code)

    def set_pin(self, pin: str = PIN) -> None:
        self.talk(
            [("Enter new PIN", pin), ("Enter the same PIN again", pin)], "fido2-token", "-S", self.device
        )

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def write(self, name: str, *lines: str | bytes) -> str:
        text = [line if isinstance(line, str) else b64encode(line).decode() for line in lines]
        (self.folder / name).write_text("\n".join(text) + "\n")
        return self.path(name)

    def read(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()

    def make(self, *options: str, pin: str | None = None, user: str = "ada", kind: str = "es256") -> "Made":
        """fido2-cred -M, then -V."""
        told = self.write("cred.in", os.urandom(32), RP_ID, user, user.encode())
        made = self.path("cred.made")
        self.run("fido2-cred", "-M", *options, "-i", told, "-o", made, self.device, kind, pin=pin)
        verified = self.path("cred.verified")
        checked = [option for option in options if option in ("-h", "-v")]
        self.run("fido2-cred", "-V", *checked, "-i", made, "-o", verified, kind)
        credential, *key = self.read("cred.verified")
        (self.folder / "key.pem").write_text("\n".join(key) + "\n")
        return Made(credential, self.read("cred.made"), kind)

    def assert_(self, made: "Made", *options: str, pin: str | None = None, more: Sequence[bytes] = ()) -> list[str]:
        """fido2-assert -G, then -V; what the first one wrote."""
        named = [] if "-r" in options else [made.id]
        told = self.write("assert.in", os.urandom(32), RP_ID, *named, *more)
        got = self.path("assert.got")
        self.run("fido2-assert", "-G", *options, "-i", told, "-o", got, self.device, pin=pin)
        checked = [option for option in options if option in ("-h", "-p", "-v")]
        self.run("fido2-assert", "-V", *checked, "-i", got, self.path("key.pem"), made.kind)
        return self.read("assert.got")


def encode(text: str) -> str:
    return b64encode(text.encode()).decode()


class Made:
    def __init__(self, id: str, lines: list[str], kind: str) -> None:
        self.id = id
        self.lines = lines
        self.kind = kind


def section(report: Report, binary: Path) -> None:
    report.section("libfido2's tools, through the pseudo-terminal")
    checks: list[tuple[str, str, Callable[[Tools], None]]] = [
        ("fido2-token -I -S -C -R", "security-key", tokens),
        ("fido2-token -I -S -C -R", "security-key-2.0", tokens),
        ("fido2-cred and -assert without a PIN", "security-key", without_pin),
        ("fido2-cred and -assert with a PIN", "security-key", with_pin),
        ("fido2-cred and -assert with a PIN", "security-key-2.0", with_pin),
        ("fido2-cred and -assert by U2F", "u2f-key", by_u2f),
        ("resident keys, -L -r and -D -i", "security-key", resident_keys),
        ("hmac-secret", "security-key", hmac_secret),
        ("large blobs, -S -G -L -D -b", "security-key", large_blobs),
        ("fingerprints, -S -L -D -e", "security-key", fingerprints),
        ("configuration, -S -u -l -f -m", "security-key", configuration),
    ]
    for name, profile, check in checks:
        with (
            report.case(f"{name}, {profile}"),
            TemporaryDirectory(prefix="softhello-") as folder,
            Running(binary, "hid", "pty", "--link", f"{folder}/device", profile=profile) as key,
        ):
            check(Tools(key, Path(folder)))


def tokens(tools: Tools) -> None:
    info = tools.token("-I")
    expect("proto: 0x02" in info and "FIDO_2_0" in info, f"this is not what a key says\n{info}")
    expect("pin retries: 8" in info or "pin retries: undefined" in info, info)
    linked = tools.run("fido2-token", "-I", tools.path("device"))
    expect_equal("by the symbolic link", linked.splitlines()[1:], info.splitlines()[1:])
    tools.set_pin()
    expect("clientPin" in tools.token("-I") and "noclientPin" not in tools.token("-I"), "the PIN is set")

    def change(old: str, new: str, code: int = 0) -> None:
        questions = [("Enter current PIN", old), ("Enter new PIN", new), ("Enter the same PIN again", new)]
        tools.talk(questions, "fido2-token", "-C", tools.device, code=code)

    change("0000", "1111", code=1)
    expect("pin retries: 7" in tools.token("-I"), "a wrong PIN costs a retry")
    change(PIN, "ünïcödé")
    expect("pin retries: 8" in tools.token("-I"), "the right one gives it back")
    tools.key.tell("power-cycle")
    tools.token("-R")
    expect("noclientPin" in tools.token("-I"), "the reset took the PIN")
    tools.key.tell("user", "decline")
    tools.key.tell("power-cycle")
    tools.token("-R", code=1)


def without_pin(tools: Tools) -> None:
    for kind in ("es256", "eddsa", "rs256"):
        made = tools.make(kind=kind)
        tools.assert_(made, "-p", "-t", "up=true")
        tools.assert_(made)
    tools.key.tell("user", "decline")
    told = tools.write("cred.in", os.urandom(32), RP_ID, "ada", b"ada")
    tools.run("fido2-cred", "-M", "-i", told, "-o", tools.path("cred.made"), tools.device, code=1)


def with_pin(tools: Tools) -> None:
    tools.set_pin()
    # The option `uv`, which the tool sends at first, is an error to CTAP 2.0; the PIN is asked for all the same.
    made = tools.make(*([] if "2.0" in tools.key.profile else ["-v"]), pin=PIN)
    tools.assert_(made, "-t", "pin=true", pin=PIN)
    told = tools.write("assert.in", os.urandom(32), RP_ID, made.id)
    got = tools.path("assert.got")
    with_pin = ("-G", "-t", "pin=true", "-i", told, "-o", got, tools.device)
    tools.run("fido2-assert", *with_pin, pin="0000", code=1)
    tools.run("fido2-assert", *with_pin, pin=PIN)
    tools.run("fido2-assert", "-V", "-v", "-i", got, tools.path("key.pem"))
    # Without the PIN there is an assertion, but no verification.
    tools.run("fido2-assert", "-G", "-i", told, "-o", got, tools.device)
    tools.run("fido2-assert", "-V", "-i", got, tools.path("key.pem"))
    tools.run("fido2-assert", "-V", "-v", "-i", got, tools.path("key.pem"), code=1)


def by_u2f(tools: Tools) -> None:
    info = tools.token("-I")
    expect("nocbor, msg" in info, info)
    made = tools.make("-u")
    tools.assert_(made, "-u", "-p")


def resident_keys(tools: Tools) -> None:
    tools.set_pin()
    made = {user: tools.make("-r", "-v", pin=PIN, user=user) for user in ("ada", "grace")}
    rps = tools.token("-L", "-r", pin=PIN)
    expect(RP_ID in rps, rps)
    listed = tools.token("-L", "-r", "-k", RP_ID, pin=PIN)
    for user, passkey in made.items():
        expect(f"{passkey.id} (null) {encode(user)}" in listed, f"{user} is missing\n{listed}")
    metadata = tools.token("-I", "-c", pin=PIN)
    expect_equal("metadata", metadata.splitlines(), ["existing rk(s): 2", "remaining rk(s): 98"])
    shown = tools.token("-I", "-k", RP_ID, "-i", made["ada"].id, pin=PIN)
    expect(shown.startswith(made["ada"].id) and "BEGIN PUBLIC KEY" in shown, shown)
    tools.token("-D", "-i", made["grace"].id, pin=PIN)
    listed = tools.token("-L", "-r", "-k", RP_ID, pin=PIN)
    expect(encode("grace") not in listed, listed)
    # The only one that is left answers by itself.
    last = tools.make("-r", "-v", pin=PIN, user="ada")
    lines = tools.assert_(last, "-r", "-v", pin=PIN)
    expect_equal("user id", b64decode(lines[4]), b"ada")


def hmac_secret(tools: Tools) -> None:
    tools.set_pin()
    made = tools.make("-h", "-v", pin=PIN)
    salts = [os.urandom(32) for _ in range(2)]
    secrets = [tools.assert_(made, "-h", "-v", pin=PIN, more=[salt])[4] for salt in (*salts, salts[0])]
    expect(secrets[0] == secrets[2] and secrets[0] != secrets[1], f"secrets: {secrets}")
    expect_equal("length of the secret", len(b64decode(secrets[0])), 32)


def large_blobs(tools: Tools) -> None:
    tools.set_pin()
    made = tools.make("-r", "-b", "-v", pin=PIN)
    blob, copy = tools.path("blob"), tools.path("copy")
    Path(blob).write_bytes(content := os.urandom(1500))
    tools.token("-S", "-b", "-n", RP_ID, blob, pin=PIN)
    # This version of the tool does not find out whose it is.
    listed = tools.token("-L", "-b", pin=PIN)
    expect(f"00: {1500 + 5 + 16} 1500" in listed, listed)
    tools.token("-G", "-b", "-n", RP_ID, copy, pin=PIN)
    expect_equal("the blob", Path(copy).read_bytes(), content)
    # With its key from an assertion the blob is read without a PIN.
    lines = tools.assert_(made, "-b", "-v", pin=PIN)
    key = tools.path("blob.key")
    Path(key).write_text(lines[-1] + "\n")
    Path(copy).unlink()
    tools.token("-G", "-b", "-k", key, copy)
    expect_equal("the blob by its key", Path(copy).read_bytes(), content)
    tools.token("-D", "-b", "-n", RP_ID, pin=PIN)
    tools.token("-G", "-b", "-k", key, copy + "2", code=1)


def fingerprints(tools: Tools) -> None:
    tools.set_pin()
    shown = tools.token("-S", "-e", pin=PIN)
    listed = tools.token("-L", "-e", pin=PIN)
    expect("00: " in listed, f"{shown}\n{listed}")
    template = listed.split()[1]
    tools.token("-S", "-e", "-i", template, "-n", "thumb", pin=PIN)
    expect("thumb" in tools.token("-L", "-e", pin=PIN), "the name")
    told = tools.write("cred.in", os.urandom(32), RP_ID, "ada", b"ada")
    tools.run("fido2-cred", "-M", "-v", "-i", told, "-o", tools.path("cred.made"), tools.device)
    tools.token("-D", "-e", "-i", template, pin=PIN)
    expect("nouv" in tools.token("-I"), "no fingerprint is left")


def configuration(tools: Tools) -> None:
    tools.set_pin()
    tools.token("-S", "-u", pin=PIN)
    expect(" alwaysUv" in tools.token("-I"), "alwaysUv is on")
    tools.token("-D", "-u", pin=PIN)
    expect("noalwaysUv" in tools.token("-I"), "alwaysUv is off")
    tools.token("-S", "-a", pin=PIN)
    expect("noep" not in tools.token("-I"), "enterprise attestation is on")
    tools.token("-S", "-m", RP_ID, pin=PIN)
    tools.token("-S", "-l", "6", pin=PIN)
    info = tools.token("-I")
    expect("minpinlen: 6" in info and "pin change required: true" in info, info)
