"""The use of processor and memory by a process, for the run's curves."""

import psutil

from ecgapp.jobs import metric_names

_MEBIBYTE = 2**20


class Usage:
    """Processor and memory of the process ``pid`` with its children; shares are of the whole machine."""

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid
        self._family: dict[int, psutil.Process] = {}
        self._cores = psutil.cpu_count() or 1

    def sample(self) -> dict[str, float]:
        """Processor share since the last call in percent (0 at first), and memory in MiB."""
        percent = memory = 0.0
        me = psutil.Process(self._pid)
        family = {process.pid: process for process in (me, *me.children(recursive=True))}
        self._family = {pid: self._family.get(pid, process) for pid, process in family.items()}
        for process in self._family.values():
            try:
                percent += process.cpu_percent()
                memory += process.memory_info().rss
            except psutil.NoSuchProcess:  # a child that has just ended takes nothing
                continue
        return {metric_names.CPU_PERCENT: percent / self._cores, metric_names.MEMORY: memory / _MEBIBYTE}
