"""A job: one training, import, scoring or arm of an experiment with a name, its devices and a state.

    queued -> starting -> running -> finished
                 |  ^        |-----> failed      it gave a reason
                 |  '--------|                   one of its processes was lost: all of them start again
                 |-----------|-----> lost        no heartbeat: killed, or the machine was switched off
                 '-> stopping -----> stopped     on request; a queued job is stopped at once

``stopped``, ``failed`` and ``lost`` jobs can be resumed: they go back to ``queued``. So does a finished
training that is extended. A ``lost`` job whose process lives and beats again is ``running`` again.
"""

from dataclasses import dataclass

TRAIN, IMPORT, SCORE, ARM = "train", "import", "score", "arm"  # kinds of jobs
ACTIVE = ("starting", "running", "stopping")  # these hold their device
RESUMABLE = ("stopped", "failed", "lost")
ENDED = ("stopped", "finished", "failed", "lost")

RESUME = "Resume goes on from the last checkpoint."  # of a training; the other kinds have their own words
NEW_RUN = "A resume would most likely fail again: start a new run."


@dataclass(frozen=True)
class Run:
    """One job: its row in the database, with the heartbeat and the progress that its folder holds.

    Times are seconds since 1970, UTC. ``config`` is JSON text that only the job's kind understands.
    ``device`` is ``cpu`` or ``cuda:0``, several joined by ``+`` (one process on each), or empty for a job
    that waits for no device. ``pid`` is the process that was started first, and that starts the others;
    ``process_started`` distinguishes it from a later process with the same ``pid``.
    """

    id: str
    name: str
    phase: str  # of a training; empty for other kinds
    device: str
    state: str
    config: str
    position: int  # in the queue; lower starts earlier
    created: float
    started: float | None = None  # the first start; a resume does not change it
    ended: float | None = None
    pid: int | None = None
    process_started: str | None = None
    claimed: float | None = None  # the latest start
    stop_requested: float | None = None
    message: str = ""  # why it ended, and what to do, in a few sentences
    resume_helps: bool = True  # whether a resume is what to do after a failure
    title: str = ""  # the name that users gave it; ``name`` until then
    note: str = ""
    form: str | None = None  # the form that created it; each form creates one job
    kind: str = TRAIN
    resume_words: str = RESUME  # what a resume does
    heartbeat: float | None = None  # the latest
    done: int = 0  # steps done: epochs, records or ECGs
    total: int = 0  # steps planned; 0 until the first report
    seconds_left: float | None = None

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", self.name)

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each process, by rank; empty for a job that waits for no device."""
        return devices_of(self.device)

    def meets(self, device: str) -> bool:
        """Whether the job needs one of the devices in ``device``; without devices, whether that is empty."""
        return not set(self.devices).isdisjoint(devices_of(device)) if self.device else not device

    @property
    def active(self) -> bool:
        """Whether the job holds its device."""
        return self.state in ACTIVE

    @property
    def ended_for_now(self) -> bool:
        """Whether nothing more happens until a user asks for it."""
        return self.state in ENDED

    @property
    def resumable(self) -> bool:
        """Whether the job can go on from where it ended."""
        return self.state in RESUMABLE

    @property
    def share(self) -> float:
        """The share of the planned steps that is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


def devices_of(device: str) -> tuple[str, ...]:
    """``cuda:0+cuda:1`` as ``("cuda:0", "cuda:1")``."""
    return tuple(device.split("+")) if device else ()
