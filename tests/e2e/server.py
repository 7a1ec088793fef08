"""`softhello serve` as a process: SIGKILL under load, more clients than it takes, Ctrl-C."""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import Failure, Json, Report, environment, expect, expect_equal

TOKEN = "e2e"
KILLS = 50 if os.environ.get("SOFTHELLO_SOAK") == "1" else 5
WRITERS = 8
CONNECTIONS = 64  # the limit that is given
CROWD = 600  # clients that come all the same
RUNNING = {"server.json", "control.sock", "browser.sock"}  # files that go with a server
MOST_MEMORY = 96 << 20  # bytes that a server with that limit keeps, whatever comes: docs/server.md


class Served:
    """A running server."""

    def __init__(self, binary: Path, data: Path, *arguments: str) -> None:
        command = [str(binary), "serve", "--listen", "127.0.0.1:0", "--json", "--data", str(data), *arguments]
        env = {**environment(), "SOFTHELLO_TOKEN": TOKEN}
        self.data = data
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"no server: {self.process.communicate()[1]}")
        self.ready: Json = json.loads(line)
        self.port = int(self.ready["address"].rsplit(":", 1)[1])

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("localhost", self.port, timeout=30)

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        text = json.dumps(body) if body is not None else None
        connection.request(method, path, text, {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else {}

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) << 10

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def served(binary: Path, *arguments: str) -> Iterator[Served]:
    with TemporaryDirectory(prefix="softhello-") as data:
        server = Served(binary, Path(data) / "data", *arguments)
        try:
            yield server
        finally:
            server.process.kill()
            server.process.wait()


def section(report: Report, binary: Path) -> None:
    report.section("softhello serve")
    with report.case("SIGKILL under load") as case:
        case.name += f": {kill_under_load(binary)}"
    with report.case(f"{CROWD} clients where {CONNECTIONS} fit") as case:
        case.name += f": {crowd(binary)}"
    with report.case("Ctrl-C ends it as it should"):
        interrupted(binary)
    with report.case("the command line reaches what runs"):
        command_line(binary)
    with report.case("native messaging: the server that runs answers the browser itself"):
        browsers(binary)
    with report.case("native messaging: a host where none runs is one"):
        lonely_host(binary)


def creation() -> Json:
    user = urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
    return {
        "origin": "https://rp.example.org",
        "options": {
            "rp": {"name": "RP"},
            "user": {"id": user, "name": user, "displayName": user},
            "challenge": "AAECAwQFBgcICQoLDA0ODw",
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        },
    }


def kill_under_load(binary: Path) -> str:
    """Passkeys are made over several connections until the server is killed, again and again in the same directory."""
    acknowledged: list[str] = []
    with TemporaryDirectory(prefix="softhello-") as folder:
        data = Path(folder) / "data"
        for _ in range(KILLS):
            server = Served(binary, data)
            writers = [threading.Thread(target=write, args=(server, acknowledged)) for _ in range(WRITERS)]
            for writer in writers:
                writer.start()
            time.sleep(0.2 + secrets.randbelow(300) / 1000)
            server.process.kill()
            server.process.wait()
            for writer in writers:
                writer.join()
        server = Served(binary, data)
        try:
            status, listed = server.ask(server.connect(), "GET", "/api/devices/default/accounts/default/passkeys")
            expect_equal("the status of the list", status, 200)
        finally:
            server.end(signal.SIGTERM)
        ids = {passkey["id"] for passkey in listed}
        lost = [one for one in acknowledged if one not in ids]
        expect(not lost, f"{len(lost)} of {len(acknowledged)} acknowledged passkeys are lost")
        expect(len(acknowledged) > 10 * KILLS, f"only {len(acknowledged)} passkeys were made in {KILLS} runs")
    return f"{KILLS} times, {len(acknowledged)} acknowledged passkeys, none lost"


def write(server: Served, acknowledged: list[str]) -> None:
    connection = server.connect()
    try:
        while True:
            status, made = server.ask(connection, "POST", "/api/devices/default/create", creation())
            expect_equal("the status of a creation", status, 200)
            acknowledged.append(made["id"])
    except (OSError, http.client.HTTPException, ValueError):
        return  # killed


def crowd(binary: Path) -> str:
    """More clients than it takes, half of which say nothing: others are told 503, and its memory stays within its bound."""
    with served(binary, "--store", "memory", "--max-connections", str(CONNECTIONS)) as server:
        before = server.memory()
        clients = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(CROWD)]
        request = f"GET /healthz HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode()
        told: dict[bytes, int] = {}
        for client in clients[::2]:
            try:
                client.sendall(request)
                client.settimeout(10)
                answer = client.recv(12)
            except OSError:
                answer = b""
            told[answer[9:]] = told.get(answer[9:], 0) + 1
        most = server.memory()
        expect(told.get(b"503", 0) > 0, f"nobody was told 503: {told}")
        expect(told.get(b"200", 0) <= CONNECTIONS, f"more were served than fit: {told}")
        expect(most < MOST_MEMORY, f"{most >> 20} MiB after {before >> 20} MiB")
        for client in clients:
            client.close()
        begin = time.monotonic()
        while True:
            connection = server.connect()
            if server.ask(connection, "GET", "/api/devices")[0] == 200:
                break
            expect(time.monotonic() - begin < 20, "nobody is served any more")
            time.sleep(0.1)
    return f"{told.get(b'503', 0)} were told 503, {most >> 20} MiB"


def interrupted(binary: Path) -> None:
    with TemporaryDirectory(prefix="softhello-") as folder:
        data = Path(folder) / "data"
        server = Served(binary, data)
        expect((data / "server.json").stat().st_mode & 0o777 == 0o600, "server.json can be read by others")
        expect(TOKEN in server.ready["inspector"] and "#" in server.ready["inspector"], str(server.ready))
        expect_equal("the exit code", server.end(signal.SIGINT), 130)
        left = {file.name for file in data.iterdir()} & RUNNING
        expect(not left, f"left behind: {left}")
        assert server.process.stderr is not None
        expect(TOKEN not in server.process.stderr.read(), "the token is logged")


def command_line(binary: Path) -> None:
    with TemporaryDirectory(prefix="softhello-") as folder:
        data = Path(folder) / "data"
        server = Served(binary, data)

        def softhello(*arguments: str) -> str:
            done = subprocess.run([binary, *arguments, "--data", data], capture_output=True, text=True, timeout=60)
            expect(done.returncode == 0, f"{arguments}: {done.stderr}")
            return done.stdout

        try:
            connection = server.connect()
            status, made = server.ask(connection, "POST", "/api/devices/default/create", creation())
            expect_equal("the status", status, 200)
            expect(made["id"] in softhello("passkeys", "list"), "the command line sees another container")
            softhello("user", "decline")
            status, refused = server.ask(connection, "POST", "/api/devices/default/create", creation())
            expect_equal("what `softhello user decline` does", (status, refused["name"]), (422, "NotAllowedError"))
            softhello("container", "delete")
            status, listed = server.ask(connection, "GET", "/api/devices/default/accounts/default/passkeys")
            expect_equal("what is left", (status, listed), (200, []))
        finally:
            server.end(signal.SIGTERM)


class Host:
    """A native messaging host, as a browser starts and asks it."""

    def __init__(self, binary: Path, data: Path) -> None:
        command = [str(binary), "chrome-extension://e2e/"]
        env = {**environment(), "SOFTHELLO_DATA": str(data)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.last = 0

    def ask(self, **message: object) -> Json:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.last += 1
        text = json.dumps({"id": self.last, **message}).encode()
        self.process.stdin.write(len(text).to_bytes(4, sys.byteorder) + text)
        self.process.stdin.flush()
        length = int.from_bytes(self.process.stdout.read(4), sys.byteorder)
        answer: Json = json.loads(self.process.stdout.read(length))
        expect_equal("the id of the answer", answer["id"], self.last)
        return answer

    def create(self) -> str:
        answer = self.ask(method="POST", path="/api/devices/default/create", body=creation())
        expect_equal("the status of a creation", answer["status"], 200)
        return str(answer["body"]["id"])

    def pipes(self) -> set[str]:
        """Its ends of the browser's pipes."""
        return {os.readlink(f"/proc/{self.process.pid}/fd/{number}") for number in (0, 1)}

    def end(self) -> int:
        """The browser closes its pipe."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=30)


def browsers(binary: Path) -> None:
    with served(binary) as server:
        data = server.data
        first, second = Host(binary, data), Host(binary, data)
        expect_equal("the answer to hello", first.ask(hello=True)["body"]["path"], "/api/devices/default")
        made = {first.create(), second.create()}
        status, listed = server.ask(server.connect(), "GET", "/api/devices/default/accounts/default/passkeys")
        expect_equal("the passkeys", (status, {passkey["id"] for passkey in listed}), (200, made))
        own = {os.readlink(file) for file in Path(f"/proc/{server.process.pid}/fd").iterdir() if file.is_symlink()}
        expect(first.pipes() | second.pipes() <= own, "the server has not taken the browser's pipes")
        expect((data / "browser.sock").stat().st_mode & 0o777 == 0o600, "others can hand pipes over")
        expect_equal("a host whose browser ends", first.end(), 0)
        server.end(signal.SIGTERM)
        # It has its browser's pipes back, and takes the data directory from nobody.
        answer = second.ask(method="POST", path="/api/devices/default/create", body=creation())
        expect_equal("the status without a server", answer["status"], 503)
        again = Served(binary, data)
        try:
            second.create()
            expect_equal("a host whose browser ends", second.end(), 0)
        finally:
            again.end(signal.SIGTERM)


def lonely_host(binary: Path) -> None:
    with TemporaryDirectory(prefix="softhello-") as folder:
        data = Path(folder) / "data"
        host = Host(binary, data)
        made = host.create()
        expect_equal("its files", {file.name for file in data.iterdir()} & RUNNING, RUNNING)
        expect_equal("the exit code", host.end(), 0)
        left = {file.name for file in data.iterdir()} & RUNNING
        expect(not left, f"left behind: {left}")
        again = Host(binary, data)
        answer = again.ask(method="POST", path="/api/devices/default/get", body=sign_in())
        expect_equal("the passkey that signs in", answer["body"]["id"], made)
        # A server that is killed takes nothing along that another one needs.
        again.process.kill()
        again.process.wait()
        third = Host(binary, data)
        third.create()
        expect_equal("the exit code after a crash", third.end(), 0)


def sign_in() -> Json:
    return {"origin": "https://rp.example.org", "options": {"rpId": "rp.example.org", "challenge": "AAECAwQFBgcICQoLDA0ODw"}}
