"""Browsers that softhello is the authenticator of: runs `browser/*.mjs`, whose lines become cases."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from harness import HERE, SETUP_HINT, Failure, Report, environment, expect, tool

LIMIT = 600.0  # seconds for one script, which limits its checks itself
SOAK = ["soak"] if os.environ.get("SOFTHELLO_SOAK") == "1" else []
LINE = re.compile(r"(ok|not ok) (.+) # (\d+\.\d) s")

SCRIPTS = {  # script → what drives it, and what it needs
    "chromium.mjs": ("Chromium by Playwright", ["chromium"]),
    "launch.mjs": ("softhello browser", ["chromium"]),
    "inspector.mjs": ("inspector and demonstration in Chromium", ["chromium"]),
    "chromedriver.mjs": ("Chromium by chromedriver", ["chromium", "chromedriver"]),
    "firefox.mjs": ("Firefox by Marionette", ["firefox-esr"]),
    "webkit.mjs": ("WebKitGTK by its driver", ["WebKitWebDriver", "Xvfb"]),
}


def section(report: Report, binary: Path) -> None:
    for script, (title, programs) in SCRIPTS.items():
        report.section(title)
        with report.case(f"{script} ends well") as case:
            for program in programs:
                tool(program)
            expect((HERE / "node_modules" / "playwright-core").is_dir(), f"playwright-core is missing: {SETUP_HINT}")
            count = 0
            for name, seconds, details in checks(script, binary):
                count += 1
                with report.case(name, seconds):
                    if details:
                        raise Failure("\n".join(details))
            case.name = f"{script} ran {count} checks"
            expect(count > 0, "it checked nothing")


def checks(script: str, binary: Path) -> Iterator[tuple[str, float, list[str]]]:
    """The checks of a script as they end: name, seconds, and what is wrong."""
    process = subprocess.Popen(
        [tool("node"), str(HERE / "browser" / script), str(binary), *SOAK],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    stderr: list[str] = []
    reader = threading.Thread(target=lambda: stderr.extend(process.stderr or []), daemon=True)
    reader.start()
    timer = threading.Timer(LIMIT, process.terminate)
    timer.start()
    try:
        name, seconds, details = "", 0.0, []
        failed = False
        for line in process.stdout:
            match = LINE.fullmatch(line.rstrip())
            if not match:
                details.append(line.rstrip().removeprefix("  "))
                continue
            if name:
                yield name, seconds, details
            name, seconds, details = match[2], float(match[3]), []
            failed |= match[1] != "ok"
        if name:
            yield name, seconds, details
        code = process.wait()
        reader.join(1)
        expect(code == (1 if failed else 0), f"it ended with {code}\n{''.join(stderr[-20:]).rstrip()}")
    finally:
        timer.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait()
