"""A program on a terminal of its own, and a person who reads what it asks and types."""

import os
import pty
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from harness import TIMEOUT, Failure, environment, expect


class Terminal:
    """From `with` to the end of the block; the terminal is the program's controlling one."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.shown = ""
        self.read = 0  # how much of it the person has read

    def __enter__(self) -> "Terminal":
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(self.command[0], self.command, environment())
            finally:
                os._exit(127)
        return self

    def __exit__(self, *_: object) -> None:
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def has_ended(self) -> bool:
        """Without reaping it, so that the pid stays ours."""
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True

    def wait_for(self, text: str) -> None:
        """Until this has been shown, behind what was waited for before."""
        until = time.monotonic() + TIMEOUT
        while (found := self.shown.find(text, self.read)) < 0:
            expect(self._look(until), f"it never showed {text!r}\n{self}")
        self.read = found + len(text)

    def type(self, line: str) -> None:
        os.write(self.terminal, f"{line}\n".encode())

    def answer(self, question: str, line: str) -> None:
        self.wait_for(question)
        self.type(line)

    def finish(self) -> int:
        """The exit code."""
        until = time.monotonic() + TIMEOUT
        while self._look(until):
            pass
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _look(self, until: float) -> bool:
        """Reads what was shown since; false at the end."""
        if not select.select([self.terminal], [], [], max(0.0, until - time.monotonic()))[0]:
            raise Failure(f"still running after {TIMEOUT:.0f} s\n{self}")
        try:
            more = os.read(self.terminal, 4096)
        except OSError:  # how a terminal says that nobody is left on it
            more = b""
        self.shown += more.decode(errors="replace").replace("\r\n", "\n")
        return bool(more)

    def __str__(self) -> str:
        return f"$ {' '.join(self.command)}\n{self.shown.rstrip()}"
