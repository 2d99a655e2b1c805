"""The app on a free port, in a process of its own, with a home that is thrown away."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ecgapp.config import PROJECT

PATIENCE = 60.0  # seconds until the server must answer
MEGABYTE = 1e6  # bytes


@dataclass(frozen=True, eq=False)
class Served:
    """A running app."""

    url: str
    process: subprocess.Popen[bytes]

    def megabytes(self) -> float:
        """Resident memory of the server's process."""
        return psutil.Process(self.process.pid).memory_info().rss / MEGABYTE


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Start the app with ``home`` as its ECGAPP_HOME; stop it at the end."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    environment = os.environ | {"ECGAPP_HOME": str(home)}
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
    app = Served(f"http://localhost:{port}", process)
    try:
        _wait_for(app)
        yield app
    finally:
        process.terminate()
        process.wait(PATIENCE)


def install(weights: Path, home: Path) -> None:
    """Let the app in ``home`` use the models of ``weights`` in place of the shipped ones."""
    shutil.copytree(weights, home / "weights")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(app: Served) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and app.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("The app did not start.")
