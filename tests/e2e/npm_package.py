"""@softhello/playwright, in a Playwright suite as a user would have it."""

import base64
import json
import os
import re
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, Failure, Json, Report, Server, environment, expect, expect_equal, tool

PROJECT = HERE / "npm"
PACKAGE = HERE.parent.parent / "crates" / "server" / "npm"
MODULES = HERE / "node_modules"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TIMEOUT = 300.0  # seconds; each test starts a browser


def section(report: Report, binary: Path) -> None:
    report.section("@softhello/playwright")
    with report.case("its types are those of openapi.json"):
        types()
    with ExitStack() as running:
        suite = None
        with report.case("npm installs it from the checkout, without a build"):
            install("--install-links")
            rp = running.enter_context(Server([tool("node"), str(HERE / "simplewebauthn_server.mjs")], None))
            suite = Suite(binary, rp.origin)
        if suite is None:
            return
        with report.case("the suite type-checks, and the package's own types do"):
            tsc("--project", str(PROJECT))
        passing(report, suite)
        with report.case("the report of a failed test has the traces"):
            failing(suite)
        with report.case("what is wrong is said, with a hint"):
            broken(suite)
        with report.case("as a link into the checkout it works too"):
            linked(suite)


def passing(report: Report, suite: "Suite") -> None:
    """A case for each of its tests."""
    results: list[Json] = []
    with report.case("the suite ends, and leaves no process and no file"):
        results = suite.run("passkeys", "context").tests
    for result in results:
        with report.case(result["title"], result["duration"] / 1000):
            expect(result["status"] == "passed", "\n".join(result["errors"]) or result["status"])


def failing(suite: "Suite") -> None:
    tests = {test["title"]: test for test in suite.run("failing").tests}
    expect_equal("tests", {title: test["status"] for title, test in tests.items()}, {
        "an expectation": "failed",
        "no ceremony": "failed",
    })  # fmt: skip
    attached = tests["an expectation"]["attachments"]
    text, traces = attached["softhello"], json.loads(attached["softhello-traces.json"])
    outcomes = [(trace["ceremony"], trace["outcome"]) for trace in traces]
    expect_equal("traces", outcomes, [("create", "ok"), ("get", "NotAllowedError")])
    chain = traces[1]["error"]["chain"]
    for words in (f"chain: {chain}", "hint: ", "page → ", "user decline", "create() at http://localhost:"):
        expect(words in text, f"expected {words!r} in the text\n{text}")
    text = tests["no ceremony"]["attachments"]["softhello"]
    expect("No ceremony reached softhello" in text, text)


def broken(suite: "Suite") -> None:
    tests = {test["title"]: "\n".join(test["errors"]) for test in suite.run("broken").tests}
    for title, words in {
        "no binary": ["there is no program /nowhere/softhello", "SOFTHELLO_BINARY", "cargo build"],
        "a wrong argument": ["--no-such-option", "hint:"],
        "a wrong profile": ["no-such-profile", "hint:"],
        "no browser": ["/bin/false"],
        "a server that is gone": ["has ended (SIGKILL)"],
        "a worker that ends early": ["unexpectedly"],
    }.items():
        for word in words:
            expect(word in tests[title], f"{title}: expected {word!r}\n{tests[title]}")


def linked(suite: "Suite") -> None:
    install("--no-install-links")
    expect((PROJECT / "node_modules" / "@softhello" / "playwright").is_symlink(), "npm made a copy, not a link")
    [test] = suite.run("passkeys", "--grep", "registered and signs in").tests
    expect(test["status"] == "passed", "\n".join(test["errors"]))


class Suite:
    def __init__(self, binary: Path, rp: str) -> None:
        self.binary = binary
        self.rp = rp

    def run(self, *arguments: str) -> "Suite":
        """With temporary files in a folder of its own, which has to be empty afterwards."""
        with TemporaryDirectory(prefix="e2e-npm-") as folder:
            temporary = Path(folder) / "tmp"
            temporary.mkdir()
            report = Path(folder) / "report.json"
            variables = {
                "SOFTHELLO_BINARY": str(self.binary),
                "RP": self.rp,
                "REPORT": str(report),
                "RESULTS": str(Path(folder) / "results"),
                "TMPDIR": str(temporary),
            }
            command = [tool("node"), str(MODULES / "@playwright" / "test" / "cli.js"), "test", *arguments]
            done = subprocess.run(
                command, cwd=PROJECT, env=environment() | variables, capture_output=True, text=True, timeout=TIMEOUT
            )
            expect(report.is_file(), f"Playwright wrote no report\n{done.stdout}\n{done.stderr}")
            self.tests = list(found(json.loads(report.read_text())["suites"]))
            expect(bool(self.tests), f"no test ran\n{done.stdout}\n{done.stderr}")
            left = [path.name for path in temporary.iterdir() if path.name.startswith("softhello")]
            expect(not left, f"left behind: {', '.join(left)}")
            expect(not (alive := processes(folder)), f"still running: {alive}")
        return self


def found(suites: list[Json]) -> list[Json]:
    """Title, status, duration, errors, and attachments as text, of every test."""
    tests = []
    for suite in suites:
        for spec in suite.get("specs", []):
            [result] = spec["tests"][0]["results"]
            tests.append({
                "title": spec["title"],
                "status": result["status"],
                "duration": result["duration"],
                "errors": [COLOURS.sub("", error["message"]) for error in result["errors"]],
                "attachments": {
                    attachment["name"]: base64.b64decode(attachment["body"]).decode()
                    for attachment in result["attachments"]
                    if "body" in attachment
                },
            })  # fmt: skip
        tests += found(suite.get("suites", []))
    return tests


def processes(folder: str) -> list[str]:
    """Command lines that name something in the folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended
        if folder in line and path.parent.name != str(os.getpid()):
            lines.append(line)
    return lines


def types() -> None:
    run([tool("npm"), "run", "--silent", "types:check"], PACKAGE)


def tsc(*arguments: str) -> None:
    run([tool("node"), str(MODULES / "typescript" / "bin" / "tsc"), *arguments], PROJECT)


def install(how: str) -> None:
    """Of what the project names, and nothing from a registry."""
    shutil.rmtree(PROJECT / "node_modules", ignore_errors=True)
    run([tool("npm"), "install", how, "--offline", "--no-audit", "--no-fund"], PROJECT)


def run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise Failure(f"$ {' '.join(command)}\n{done.stdout.rstrip()}\n{done.stderr.rstrip()}")
