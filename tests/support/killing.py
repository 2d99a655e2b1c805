"""Processes that are forked in order to be killed, and their lines on a pipe until then."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from ecgapp.config import PROJECT

Tell = Callable[[str], None]


def report_of(script: str, folder: Path) -> dict:
    """The output of a script in this folder, which runs in a process of its own because it forks."""
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, Path(__file__).parent / script, folder]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Victim:
    """``body(tell)`` in a forked process; its lines on the pipe are known even if it is killed at once."""

    def __init__(self, body: Callable[[Tell], None]) -> None:
        self.told: list[str] = []
        self._rest = b""
        self._pipe, end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(_status(body, end))
        os.close(end)

    def listen(self, seconds: float, until: Callable[[str], bool] = lambda line: False) -> bool:
        """Collect its lines, for at most so long; whether ``until`` was true of a line."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            if not select.select([self._pipe], [], [], left)[0]:
                return False
            fresh = self._read()
            if any(until(line) for line in fresh):
                return True
            if not fresh and self._rest == b"":
                return False  # it has ended
        return False

    def kill(self) -> int:
        """Send SIGKILL and wait; -9 if it was killed, by us or by itself, else its exit status."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        while self._read():
            pass
        os.close(self._pipe)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> list[str]:
        """The complete lines so far; none at the end."""
        while part := os.read(self._pipe, 65536):
            *lines, self._rest = (self._rest + part).split(b"\n")
            if lines:
                fresh = [line.decode() for line in lines]
                self.told += fresh
                return fresh
        return []


def _status(body: Callable[[Tell], None], end: int) -> int:
    try:
        body(lambda line: (os.write(end, f"{line}\n".encode()), None)[1])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
