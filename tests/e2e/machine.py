"""What only a real process can show: a full disk, SIGKILL, the lock, the sync, the demo."""

import json
import os
import random
import re
import secrets
import signal
import statistics
import subprocess
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceremonies import HELLO_AAGUID
from harness import Failure, Json, Softhello, environment, expect, expect_equal, run, tool
from terminal import Terminal

ORIGIN = "https://rp.example.org"
ROOM = 32 << 10  # bytes that a file may still grow by before the disk is full
SEGMENT = 512 << 10  # bytes by which sled's file grows
MOST_REGISTRATIONS = 1000  # until the disk has to be full
STORE_FILES = {"sled": "/db", "redb": ".redb"}  # how the path of an engine's file ends
LOCK_WAIT = 2.0  # seconds that a second process waits for the first
KILLS = 200 if os.environ.get("SOFTHELLO_SOAK") == "1" else 20  # for each engine


def full_disk(softhello: Softhello) -> None:
    """Registers until no file may grow any more: a clear error, and nothing that was acknowledged is lost."""
    acknowledged = [register(softhello)]
    # sled takes a whole segment when it opens, so the first limit stops it there and the second one in a commit.
    acknowledged += fill(softhello, limit=biggest_file(softhello) + ROOM)
    expect_listed(softhello, acknowledged)
    acknowledged.append(register(softhello))
    acknowledged += fill(softhello, limit=-(-biggest_file(softhello) // SEGMENT) * SEGMENT)
    expect_listed(softhello, acknowledged)

    for credential in (acknowledged[0], acknowledged[-1]):
        sign_in(softhello, credential)
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
    listing = json.dumps(softhello.run("passkeys", "list", "--json").json())
    lost = [credential for credential in credentials if json.dumps(credential) not in listing]
    expect(not lost, f"{len(lost)} of {len(credentials)} acknowledged credentials are not listed: {lost[:3]}")


def kill(softhello: Softhello) -> str:
    """Kills creations and sign-ins at random moments; nothing that was acknowledged is lost or counted twice."""
    counters = {register(softhello): 0}  # of every acknowledged credential the highest acknowledged counter
    durations: dict[str, list[float]] = {"create": [], "get": []}
    for _ in range(5):
        finished = softhello.create(ORIGIN, creation_options())
        counters[str(finished.json()["id"])] = 0
        durations["create"].append(finished.seconds)
        finished = softhello.get(ORIGIN, request_options())
        acknowledge(counters, finished.json())
        durations["get"].append(finished.seconds)
    median = {command: statistics.median(seconds) for command, seconds in durations.items()}

    # What was seen of a process: nothing stored, something stored but no answer, an answer.
    moments = ("before", "within", "acknowledged")
    seen: Counter[str] = Counter()
    for attempt in range(10 * KILLS):
        if seen["kills"] >= KILLS and all(seen[moment] for moment in moments):
            break
        before = stored(softhello)
        command = "create" if attempt % 2 else "get"
        credential = random.choice(list(counters))
        answer, killed = run_and_kill(softhello, command, credential, random.uniform(0, 1.3 * median[command]))
        after = stored(softhello)  # the next command: the store opens
        if answer is not None:
            acknowledge(counters, answer)
        seen["kills"] += killed
        # A process that ended by itself was too fast for this moment; its acknowledgement counts all the same.
        seen["acknowledged" if answer is not None else "before" if before == after else "within"] += 1
    told = f"{seen['kills']} kills: " + ", ".join(f"{seen[moment]} {moment}" for moment in moments)
    expect(seen["kills"] >= KILLS and all(seen[moment] for moment in moments), f"too few: {told}")

    expect_equal("damaged records", softhello.run("store", "check", "--json").json()["damaged"], [])
    expect_listed(softhello, list(counters))
    for credential in counters:
        acknowledge(counters, sign_in(softhello, credential))
    return told


def run_and_kill(softhello: Softhello, command: str, credential: str, delay: float) -> tuple[Json | None, bool]:
    """The acknowledgement, if a whole one came out, and whether the process was still there to be killed."""
    arguments = ["create"] if command == "create" else ["get", f"--credential={credential}"]
    process = subprocess.Popen(
        softhello.command(*arguments, "--origin", ORIGIN),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    options = creation_options() if command == "create" else request_options()
    try:
        stdout, stderr = process.communicate(json.dumps(options), timeout=delay)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
    killed = process.returncode == -signal.SIGKILL
    expect(killed or process.returncode == 0, f"{command} ended with {process.returncode}\n{stderr}")
    try:
        answer: Json = json.loads(stdout)
    except ValueError:
        expect(killed, f"{command} ended well without an answer: {stdout!r}")
        return None, killed
    return answer, killed


def stored(softhello: Softhello) -> dict[str, int]:
    """The counter of every passkey."""
    document: Any = softhello.run("passkeys", "list", "--json").json()
    return {passkey["id"]: passkey["signCount"] for passkey in document}


def acknowledge(counters: dict[str, int], answer: Json) -> None:
    credential = str(answer["id"])
    if "signature" not in answer["response"]:
        counters[credential] = 0
        return
    counter, highest = counter_of(answer), counters.get(credential, 0)
    expect(counter > highest, f"{credential} signed with the counter {counter} after one with {highest}")
    counters[credential] = counter


def counter_of(assertion: Json) -> int:
    encoded = str(assertion["response"]["authenticatorData"])
    data = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    return int.from_bytes(data[33:37], "big")


def counters_have_no_gaps(softhello: Softhello) -> None:
    """Processes that end well leave nothing out, neither with a choice among several nor without."""
    first, newest = register(softhello), register(softhello)
    for count in (1, 2, 3):
        expect_equal("the newest's counter", counter_of(softhello.get(ORIGIN, request_options()).json()), count)
        expect_equal("the chosen one's counter", counter_of(sign_in(softhello, first)), count)
    expect_equal("the counters in the store", stored(softhello), {first: 3, newest: 3})


def sign_in(softhello: Softhello, credential: str) -> Json:
    arguments = ["get", "--origin", ORIGIN, f"--credential={credential}"]  # an id may begin with `-`
    assertion = softhello.run(*arguments, stdin=request_options()).json()
    expect_equal("the credential that signed in", assertion["id"], credential)
    return assertion


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
    options.write_text(json.dumps(creation_options()))
    command = softhello.command("--user", "ask", "create", "--origin", ORIGIN, "--options", str(options))
    with Terminal(command) as terminal:
        terminal.wait_for(": ")
        expect(not terminal.has_ended(), f"it ended instead of asking the user\n{terminal}")
        yield terminal.pid


def synced_before_answer(softhello: Softhello) -> None:
    """The store's file is synced between its last write and the answer: the answer survives a power cut."""
    register(softhello)
    trace = softhello.data.parent / "strace.txt"
    calls = "write,writev,pwrite64,pwritev,pwritev2,ftruncate,fsync,fdatasync,sync_file_range"
    traced = [tool("strace"), "-f", "-y", "-s", "16", "-o", str(trace), "-e", f"trace={calls}"]
    command = softhello.command("create", "--origin", ORIGIN)
    finished = run(traced + command, stdin=creation_options())
    expect(
        finished.code == 0 or not re.search(r"ptrace.*not permitted", finished.stderr, re.IGNORECASE),
        "strace may not trace processes here\n"
        "hint: in a container run it with `--cap-add=SYS_PTRACE` or `--security-opt seccomp=unconfined`; "
        f"elsewhere look at /proc/sys/kernel/yama/ptrace_scope\n{finished}",
    )
    finished.json()

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


def request_options() -> Json:
    return {"challenge": challenge(), "rpId": "rp.example.org", "userVerification": "required"}


def challenge() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
