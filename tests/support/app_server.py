"""The app as its user starts it: ``streamlit run``, on a free port and with a home folder of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from run_processes import end_all

from ecgapp.config import PROJECT, Settings
from ecgapp.jobs import RunStore

PATIENCE = 60.0  # seconds; only keeps a broken start from hanging


@dataclass(frozen=True, eq=False)
class AppServer:
    """A running app, and all that it wrote to its console."""

    url: str
    settings: Settings
    process: "subprocess.Popen[bytes]"
    log: Path

    def console(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kill the server, as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def served(home: Path) -> Iterator[AppServer]:
    """Start the app; at the end kill it, and every training that it started."""
    port, log = _free_port(), home / f"console-{time.monotonic_ns()}.log"
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    environment = os.environ | {"ECGAPP_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as console:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=console, stderr=console)
    app = AppServer(f"http://localhost:{port}", Settings(home), process, log)
    try:
        _wait_until_healthy(app)
        yield app
    finally:
        app.kill()
        end_all(RunStore(app.settings.runs))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(app: AppServer) -> None:
    limit = time.monotonic() + PATIENCE
    while not _is_healthy(app.url):
        assert app.process.poll() is None, f"The app ended at once:\n{app.console()}"
        assert time.monotonic() < limit, "The app did not answer."
        time.sleep(0.05)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
