"""Processes that outlive the one that starts them, and are never taken for one another.

A pid is given again to another process, sooner or later, and each machine and container gives its own.
So a process is known by its pid *and* a token of where and when it started: on Linux the boot's id, the
container's table of pids, and the clock tick of the start, which no change of the system clock moves;
elsewhere the machine's name and the time of its creation.
"""

import contextlib
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_TABLE = Path("/proc/self/ns/pid")  # a link to the table's name
_KERNEL_COUNTS = Path("/proc/vmstat")
_DEATH_SECONDS = 5.0  # what a killed process may take to be gone
_PARENT_SECONDS = 0.5  # between two looks whether the parent lives
_DEAD = ("Z", "X", "x")  # zombie, dead


def start_token(pid: int) -> str | None:
    """A text that distinguishes this process from others with the same pid; None if no such process lives."""
    if _BOOT_ID.exists():
        return _linux_token(pid)
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{_here()}:{process.create_time():.2f}"
    except psutil.Error:
        return None


def _linux_token(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the program's name may hold spaces
    state, start_tick = fields[0], fields[19]
    return None if state in _DEAD else f"{_here()}:{start_tick}"


@cache
def _here() -> str:
    """The place of this process: the same for all processes that it can see since the machine started."""
    if not _BOOT_ID.exists():
        return platform.node()
    boot = _BOOT_ID.read_text(encoding="ascii").strip()
    try:
        return f"{boot}/{_PID_TABLE.readlink()}"
    except OSError:
        return boot


def is_elsewhere(token: str | None) -> bool:
    """Whether the process of this token cannot be seen from here, alive or not.

    It belongs to another machine or container, or to the time before this machine was switched on.
    """
    place, colon, _ = (token or "").rpartition(":")
    return bool(colon) and place != _here()


def is_alive(pid: int | None, token: str | None) -> bool:
    """Whether the process of this pid and this token lives."""
    return pid is not None and token is not None and start_token(pid) == token


def spawn(
    command: Sequence[str], log: Path, folder: Path, surroundings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, so that it outlives this process and its terminal.

    It works in ``folder``, has ``surroundings`` added to its environment, and writes to ``log``.

    Raises:
        OSError: there is no such program, or no room for it.
    """
    environment = {**os.environ, **surroundings, "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )


def children_at(pid: int, moment: float) -> int:
    """The number of living processes that ``pid`` had started by ``moment`` (UTC seconds)."""
    try:
        return sum(
            child.create_time() <= moment and start_token(child.pid) is not None
            for child in psutil.Process(pid).children()
        )
    except psutil.NoSuchProcess:
        return 0


def end_with_parent(parent: int | None = None) -> None:
    """End this process at once when the one that started it ends, however that ends.

    ``parent`` is the pid of that process, for a process that may call this only after its parent's end.
    """
    watched = (parent or os.getppid(),)
    threading.Thread(target=_watch_parent, args=watched, name="parent", daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)


def usable_cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_group(pid: int | None, token: str | None) -> bool:
    """Kill the process and all that it started, and wait until they are gone; False if it does not live.

    The calling process never ends itself: a command that runs a job in the foreground may run another one.
    """
    if pid is None or pid == os.getpid() or not is_alive(pid, token):
        return False
    try:
        process = psutil.Process(pid)
        process.suspend()  # so that it starts no others meanwhile
        family = [process, *process.children(recursive=True)]  # those in sessions of their own too
    except psutil.NoSuchProcess:
        return False  # it ended by itself in between
    tokens = {member.pid: start_token(member.pid) for member in family}
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg") and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    limit = time.monotonic() + _DEATH_SECONDS
    while any(is_alive(*member) for member in tokens.items()) and time.monotonic() < limit:
        time.sleep(0.01)
    return True


def out_of_memory_kills() -> int:
    """The number of processes that the system has killed for lack of memory; 0 if it does not say."""
    try:
        lines = _KERNEL_COUNTS.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
