"""A run: one training with a name, its devices and a state.

    queued -> starting -> running -> finished
                 |  ^        |-----> failed      it said why
                 |  '--------|                   one of its processes was lost: all of them start again
                 |-----------|-----> lost        it went silent: killed, or the machine was switched off
                 '-> stopping -----> stopped     on request; a queued run is stopped at once

``stopped``, ``failed`` and ``lost`` runs can be resumed: they go back to ``queued``. So does a finished
run that is extended. A ``lost`` run whose process lives, and says so, is ``running`` again.
"""

from dataclasses import dataclass

STATES = ("queued", "starting", "running", "stopping", "stopped", "finished", "failed", "lost")
ACTIVE = ("starting", "running", "stopping")  # these hold their device
RESUMABLE = ("stopped", "failed", "lost")
ENDED = ("stopped", "finished", "failed", "lost")

HEARTBEAT_SECONDS = 2.0  # how often a process says that it lives
STALE_SECONDS = 7.0  # a process silent for so long is lost; with who looks every 2 s, shown within 10 s
START_SECONDS = 60.0  # as long as it starts, and lives: while a library is loaded from a slow disk no thread
# of Python's can speak, and reading its hundreds of megabytes takes half a minute. One that was killed is
# seen to be gone, starting or not, within STALE_SECONDS.
GRACE_SECONDS = 60.0  # a process asked to stop is killed after this

RESUME = "Resume goes on from the last checkpoint."  # one of these two ends what is said of a run that ended
NEW_RUN = "A resume would most likely fail again: start a new run."


@dataclass(frozen=True)
class Run:
    """One row of the run database. Times are seconds since 1970, UTC.

    ``config`` is JSON text that only the process of the run understands. ``device`` is ``cpu`` or
    ``cuda:0``, or several joined by ``+``: one process on each. ``pid`` is the process that was
    started first, and that starts the others; ``process_started`` tells it from a later one that
    was given the same ``pid``.
    """

    id: str
    name: str
    phase: str
    device: str
    state: str
    config: str
    position: int  # in the queue; lower starts earlier
    created: float
    started: float | None = None  # the first start; a resume does not move it
    ended: float | None = None
    pid: int | None = None
    process_started: str | None = None
    heartbeat: float | None = None
    stop_requested: float | None = None
    message: str = ""  # why it ended, and what to do, in a few sentences
    resume_helps: bool = True  # of one that ended before its time: whether that is what to do
    epoch: int = 0  # epochs done
    epochs: int = 0  # epochs planned; 0 until the first report
    seconds_left: float | None = None
    title: str = ""  # what people call it; its name until they say otherwise
    note: str = ""
    form: str | None = None  # which form asked for it; each makes one run

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each process, by rank."""
        return devices_of(self.device)

    def meets(self, device: str) -> bool:
        """Whether the run needs one of the devices in ``device``."""
        return not set(self.devices).isdisjoint(devices_of(device))

    @property
    def active(self) -> bool:
        """Whether the run holds its device."""
        return self.state in ACTIVE

    @property
    def ended_for_now(self) -> bool:
        """Whether nothing more happens unless someone asks for it."""
        return self.state in ENDED

    @property
    def resumable(self) -> bool:
        """Whether the run can go on from its last checkpoint."""
        return self.state in RESUMABLE

    @property
    def progress(self) -> float:
        """The share of the planned epochs that is done, 0 to 1."""
        return min(1.0, self.epoch / self.epochs) if self.epochs else 0.0


def devices_of(device: str) -> tuple[str, ...]:
    """``cuda:0+cuda:1`` as ``("cuda:0", "cuda:1")``."""
    return tuple(device.split("+"))
