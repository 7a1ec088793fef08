"""A softhello that goes on: `hid udp`, `hid pty`, `card vpcd`."""

import select
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Failure, Finished, Softhello, environment, expect

READY = 20.0  # seconds


class Running:
    """From `with` to the end of the block, with a data directory of its own."""

    def __init__(self, binary: Path, *arguments: str, profile: str = "security-key") -> None:
        self.directory = TemporaryDirectory(prefix="softhello-")
        self.softhello = Softhello(binary, Path(self.directory.name) / "data")
        self.profile = profile
        self.arguments = ["--profile", profile, *arguments]
        self.address = ""

    def __enter__(self) -> "Running":
        command = self.softhello.command(*self.arguments)
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], READY)
        self.address = self.process.stdout.readline().strip() if ready else ""
        if not self.address:
            self.process.kill()
            _, stderr = self.process.communicate()
            raise Failure(f"not ready after {READY:.0f} s\n$ {' '.join(command)}\n{stderr.rstrip()}")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            _, stderr = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, stderr = self.process.communicate()
            stderr = f"it did not end on SIGTERM\n{stderr}"
        self.directory.cleanup()
        expect(self.process.returncode == 130, f"it ended with {self.process.returncode}\n{stderr.rstrip()}")

    def tell(self, *arguments: str) -> Finished:
        """Another invocation in the same data directory, which the one that runs carries out."""
        return self.softhello.run(*arguments).expect_code(0)
