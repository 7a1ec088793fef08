"""What only a real process can show: a full disk, the lock, the sync, the demo."""

import os
import pty
import re
import secrets
import select
import signal
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from json import dumps
from pathlib import Path

from ceremonies import HELLO_AAGUID
from harness import TIMEOUT, Failure, Json, Softhello, environment, expect, expect_equal, run, tool

ORIGIN = "https://rp.example.org"
ROOM = 32 << 10  # bytes that a file may still grow by before the disk is full
SEGMENT = 512 << 10  # bytes by which sled's file grows
MOST_REGISTRATIONS = 1000  # until the disk has to be full
STORE_FILES = {"sled": "/db", "redb": ".redb"}  # how the path of an engine's file ends
LOCK_WAIT = 2.0  # seconds that a second process waits for the first


def full_disk(softhello: Softhello) -> None:
    """Registers until no file may grow any more: a clear error, and nothing that was acknowledged is lost."""
    acknowledged = [register(softhello)]
    # sled takes a whole segment when it opens, so the first limit stops it there and the second one in a commit.
    acknowledged += fill(softhello, limit=biggest_file(softhello) + ROOM)
    expect_listed(softhello, acknowledged)
    acknowledged.append(register(softhello))
    acknowledged += fill(softhello, limit=-(-biggest_file(softhello) // SEGMENT) * SEGMENT)
    expect_listed(softhello, acknowledged)

    request = {"challenge": challenge(), "rpId": "rp.example.org", "userVerification": "required"}
    for credential in (acknowledged[0], acknowledged[-1]):
        assertion = softhello.run("get", "--origin", ORIGIN, "--credential", credential, stdin=request).json()
        expect_equal("the credential that signed in", assertion["id"], credential)
    expect_listed(softhello, [*acknowledged, register(softhello)])


def fill(softhello: Softhello, limit: int) -> list[str]:
    """The credentials that were acknowledged before a registration failed as it should."""
    acknowledged: list[str] = []
    while len(acknowledged) < MOST_REGISTRATIONS:
        attempt = softhello.create(ORIGIN, creation_options(), file_limit=limit)
        if attempt.code != 0:
            attempt.expect_error(3)
            return acknowledged
        acknowledged.append(attempt.json()["id"])
    raise Failure(f"no file reached {limit} bytes in {MOST_REGISTRATIONS} registrations")


def biggest_file(softhello: Softhello) -> int:
    return max(file.stat().st_size for file in softhello.data.rglob("*") if file.is_file())


def expect_listed(softhello: Softhello, credentials: list[str]) -> None:
    listing = dumps(softhello.run("passkeys", "list", "--json").json())
    lost = [credential for credential in credentials if dumps(credential) not in listing]
    expect(not lost, f"{len(lost)} of {len(credentials)} acknowledged credentials are not listed: {lost[:3]}")


def lock(softhello: Softhello) -> None:
    """A second process waits, then names the first; once the first is gone, the next one works."""
    register(softhello)
    with busy_process(softhello) as pid:
        second = softhello.run("passkeys", "list")
        second.expect_error(3, str(pid), "softhello", "create")
        expect(
            LOCK_WAIT - 0.1 <= second.seconds <= LOCK_WAIT + 3,
            f"expected it to wait for {LOCK_WAIT:.0f} s\n{second}",
        )
    softhello.run("passkeys", "list", "--json").expect_code(0)


@contextmanager
def busy_process(softhello: Softhello) -> Iterator[int]:
    """The pid of a registration that waits at its terminal for the user."""
    options = softhello.data.parent / "options.json"
    options.write_text(dumps(creation_options()))
    command = softhello.command("--user", "ask", "create", "--origin", ORIGIN, "--options", str(options))
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.execve(command[0], command, environment())
        finally:
            os._exit(127)
    shown = ""
    try:
        expect(bool(select.select([terminal], [], [], TIMEOUT)[0]), "it never asked the user")
        with suppress(OSError):  # how a terminal says that nobody is left on it
            shown = os.read(terminal, 4096).decode(errors="replace")
        expect(not has_ended(pid), f"it ended instead of asking the user\n$ {' '.join(command)}\n{shown}")
        yield pid
    finally:
        if not has_ended(pid):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def has_ended(pid: int) -> bool:
    """Without reaping it, so that the pid stays ours."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def synced_before_answer(softhello: Softhello) -> None:
    """The store's file is synced between its last write and the answer: the answer survives a power cut."""
    register(softhello)
    trace = softhello.data.parent / "strace.txt"
    calls = "write,writev,pwrite64,pwritev,pwritev2,ftruncate,fsync,fdatasync,sync_file_range"
    traced = [tool("strace"), "-f", "-y", "-s", "16", "-o", str(trace), "-e", f"trace={calls}"]
    command = softhello.command("create", "--origin", ORIGIN)
    run(traced + command, stdin=creation_options()).json()

    history = parse_strace(trace)
    answer = next((call for call in history if call.descriptor == 1), None)
    if answer is None:
        raise Failure(f"no write to standard output in {trace.name}")
    suffix = STORE_FILES[softhello.store]
    before = [call for call in history if call.path.endswith(suffix) and call.started < answer.started]
    writes = [call for call in before if "write" in call.name]
    expect(bool(writes), f"no write to a file *{suffix} before the answer")
    written = max(call.ended for call in writes)
    syncs = [call for call in before if call.name in ("fsync", "fdatasync") and call.result == 0]
    expect(
        any(written < sync.started and sync.ended < answer.started for sync in syncs),
        "no fsync or fdatasync between the last write and the answer\n"
        + "\n".join(f"{call.started:5} {call.name} {call.path} = {call.result}" for call in [*before[-8:], answer]),
    )


@dataclass
class Call:
    name: str
    descriptor: int
    path: str
    started: int  # line of the trace
    ended: int
    result: int


def parse_strace(trace: Path) -> list[Call]:
    """Every call on a descriptor, in the order of their starts; an interrupted one has its own line for the end."""
    history: list[Call] = []
    pending: dict[str, Call] = {}
    for number, line in enumerate(trace.read_text(errors="replace").splitlines()):
        process, _, rest = line.partition(" ")
        rest = rest.lstrip()
        result = re.search(r"\) += (-?\d+)", rest)
        if begun := re.match(r"(\w+)\((\d+)<([^>]*)>", rest):
            call = Call(begun[1], int(begun[2]), begun[3], number, number, int(result[1]) if result else -1)
            history.append(call)
            if rest.endswith("<unfinished ...>"):
                pending[process] = call
        elif rest.startswith("<... ") and process in pending:
            call = pending.pop(process)
            call.ended, call.result = number, int(result[1]) if result else -1
    return history


def demo_twice(softhello: Softhello) -> None:
    for _ in range(2):
        shown = run([str(softhello.binary), "demo"]).expect_code(0)
        expect(HELLO_AAGUID in shown.stdout, f"expected the AAGUID {HELLO_AAGUID}\n{shown}")


def register(softhello: Softhello) -> str:
    return str(softhello.create(ORIGIN, creation_options()).json()["id"])


def creation_options() -> Json:
    """A new user each time."""
    name = f"user-{time.monotonic_ns()}@example.org"
    return {
        "rp": {"id": "rp.example.org", "name": "Example"},
        "user": {"id": challenge(), "name": name, "displayName": name},
        "challenge": challenge(),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
    }


def challenge() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
