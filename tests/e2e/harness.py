"""Runs the binary and the servers, and reports."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

Json = dict[str, Any]

HERE = Path(__file__).resolve().parent
VENV_BIN = HERE / ".venv" / "bin"
TIMEOUT = 60.0  # seconds; an RSA key is the slowest thing asked for
SETUP_HINT = "run `just setup`"


class Failure(Exception):
    """An expectation that did not hold, in words for the report."""


def expect(condition: bool, message: str) -> None:
    if not condition:
        raise Failure(message)


def expect_equal(what: str, got: object, want: object) -> None:
    if isinstance(got, dict) and isinstance(want, dict):
        for name in want.keys() | got.keys():
            expect_equal(f"{what}: {name}", got.get(name), want.get(name))
    expect(got == want, f"{what}: expected {want!r}, got {got!r}")


def tool(name: str) -> str:
    """Where a program is; what `just setup` put into the virtual environment comes first."""
    path = shutil.which(name, path=f"{VENV_BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if path is None:
        raise Failure(f"{name} is missing: {SETUP_HINT}")
    return path


@dataclass
class Case:
    name: str  # may become more telling while the case runs


class Report:
    """One line a case, details of failures indented below it, and a summary."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def section(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    @contextmanager
    def case(self, name: str, seconds: float | None = None) -> Iterator["Case"]:
        """`seconds` is how long it took, if that was elsewhere."""
        case = Case(name)
        started = time.monotonic()
        details: list[str] = []
        try:
            yield case
        except Failure as failure:
            details = str(failure).splitlines() or ["failed without a word"]
        except Exception:  # the driver's own faults count as failures, and the other cases still run
            details = traceback.format_exc().splitlines()
        self.passed += not details
        self.failed += bool(details)
        self.show(case.name, time.monotonic() - started if seconds is None else seconds, details)

    def show(self, name: str, seconds: float, details: list[str]) -> None:
        verdict = "FAIL" if details else "ok"
        print(f"  {verdict:4}  {name:<62} {seconds:5.1f} s", flush=True)
        for line in details:
            print(f"          {line}", flush=True)

    def summary(self) -> int:
        """The exit code."""
        print(f"\n{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0


@dataclass(frozen=True)
class Finished:
    """A run of the binary that has ended."""

    command: list[str]
    code: int
    stdout: str
    stderr: str
    seconds: float

    def expect_code(self, code: int) -> "Finished":
        expect(self.code == code, f"expected exit code {code}\n{self}")
        return self

    def expect_error(self, code: int, *words: str) -> "Finished":
        """A failure as users should see it: nothing on standard output, an error, a hint, and `words`."""
        self.expect_code(code)
        expect(not self.stdout, f"a failure must print nothing on standard output\n{self}")
        for word in ("error:", "hint:", *words):
            expect(word in self.stderr, f"expected {word!r} on standard error\n{self}")
        return self

    def json(self) -> Json:
        """Standard output, which has to be one JSON document and nothing else."""
        self.expect_code(0)
        try:
            document: Json = json.loads(self.stdout)
        except ValueError as error:
            raise Failure(f"standard output is not JSON: {error}\n{self}") from error
        return document

    def __str__(self) -> str:
        lines = [f"$ {' '.join(self.command)}", f"exit code {self.code} after {self.seconds:.1f} s"]
        for name, text in (("stdout", self.stdout), ("stderr", self.stderr)):
            shown = text.rstrip().splitlines()
            lines += [f"{name} | {line[:200]}" for line in shown[:20]]
            if len(shown) > 20:
                lines.append(f"{name} | … {len(shown) - 20} more lines")
        return "\n".join(lines)


@dataclass(frozen=True)
class Softhello:
    """The binary with one data directory."""

    binary: Path
    data: Path
    store: str = "sled"

    def with_store(self, store: str) -> "Softhello":
        return replace(self, store=store)

    def command(self, *arguments: str) -> list[str]:
        return [str(self.binary), "--data", str(self.data), "--store", self.store, *arguments]

    def run(self, *arguments: str, stdin: Json | None = None, file_limit: int | None = None) -> Finished:
        return run(self.command(*arguments), stdin=stdin, file_limit=file_limit)

    def create(self, origin: str, options: Json, file_limit: int | None = None) -> Finished:
        return self.run("create", "--origin", origin, stdin=options, file_limit=file_limit)

    def get(self, origin: str, options: Json) -> Finished:
        return self.run("get", "--origin", origin, stdin=options)


def run(command: list[str], stdin: Json | None = None, file_limit: int | None = None) -> Finished:
    """Runs `command` to its end. No file may grow beyond `file_limit` bytes: a write there fails as on a full disk."""

    def limit_files() -> None:
        if file_limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an error from the write, not the end of the process
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, resource.RLIM_INFINITY))

    started = time.monotonic()
    try:
        process = subprocess.run(
            command,
            input="" if stdin is None else json.dumps(stdin),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            env=environment(),
            preexec_fn=limit_files,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"still running after {TIMEOUT:.0f} s\n$ {' '.join(command)}") from error
    return Finished(command, process.returncode, process.stdout, process.stderr, time.monotonic() - started)


def environment() -> dict[str, str]:
    """Ours, without anything that changes what the binary does or where it looks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOFTHELLO_")}
    return kept | {"NO_COLOR": "1"}


class Server:
    """A relying party in a process of its own, from `with` to the end of the block."""

    def __init__(self, command: list[str], origin: str | None) -> None:
        self.command = command + ([] if origin is None else ["--origin", origin])
        self.address = ""
        self.origin = origin or ""

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        ready = re.fullmatch(r"listening on (http://127\.0\.0\.1:(\d+))\n", self.process.stdout.readline())
        if not ready:
            self.process.kill()
            raise Failure(f"the server did not start: {SETUP_HINT}\n{self.process.stderr.read().rstrip()}")
        self.address = ready[1]
        self.origin = self.origin or f"http://localhost:{ready[2]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()

    def post(self, path: str, body: Json) -> Json:
        """The answer; a refusal is a failure in the server's words."""
        status, answer = self.exchange(path, body)
        expect(status == 200, f"{path}: the relying party refused: {answer.get('error')}")
        return answer

    def exchange(self, path: str, body: Json) -> tuple[int, Json]:
        request = Request(self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=TIMEOUT) as response:
                return response.status, json.load(response)
        except HTTPError as error:
            return error.code, json.load(error)
