"""The folder of one experiment: its config, a folder for each arm, and the collected tables.

experiment.json               the config, the digests and the code version
arms/KEY/trial-01.json        one trial (and trial-01.safetensors, its arrays)
arms/KEY/result.json          digests of all trials; written last: the arm has finished
arms/KEY/product/             files for other arms, e.g. a pretrained model
arms/KEY/work/                checkpoints of the trial under way
estimate.json                 the seconds that each arm was expected to take, if that was measured
report/                       tables as CSV, report.md, results.json
"""

import hashlib
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecgapp import __version__
from ecgapp.errors import ConfigError, ExperimentError, StorageError
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.trial_result import trial_path
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of, write_atomically

EXPERIMENT = "experiment.json"
RESULT = "result.json"
ESTIMATE = "estimate.json"
_NAME = re.compile(r"[a-z0-9_]+-[a-z]+-[0-9a-f]{12}", re.ASCII)
_DAMAGED = "The experiment's folder is damaged. Delete the experiment and start it again."


@dataclass(frozen=True)
class ExperimentRecord:
    """An experiment's config, with the digests of config and data that its results belong to."""

    config: ExperimentConfig
    config_digest: str
    data_digest: str
    code_version: str = __version__

    @property
    def id(self) -> str:
        """The experiment's name in files: the same config and data give the same one."""
        identity = hashlib.sha256(f"{self.config_digest} {self.data_digest}".encode()).hexdigest()
        return f"{self.config.protocol}-{self.config.size}-{identity[:12]}"


@dataclass(frozen=True)
class ArmResult:
    """The mark of a finished arm: what it belongs to, and the sha256 of each trial's file."""

    arm: str
    config_digest: str
    data_digest: str
    code_version: str
    trials_sha256: tuple[str, ...]


@dataclass(frozen=True)
class TimeEstimate:
    """The seconds that each arm was expected to take on ``device``, measured before the start."""

    device: str
    seconds: dict[str, float]  # by the arm's key


@dataclass(frozen=True)
class ExperimentFolder:
    """The folder of one experiment at ``path``."""

    path: Path

    def write_record(self, record: ExperimentRecord) -> None:
        """Write the config; a folder that has one keeps it if it is the same experiment's.

        Raises:
            ExperimentError: the folder holds another experiment.
            StorageError: the folder cannot be read or written.
        """
        if (self.path / EXPERIMENT).is_file():
            if self.record().id != record.id:
                raise ExperimentError(
                    "The folder holds another experiment, or its data have changed. Choose another folder."
                )
            return
        try:
            write_atomically(self.path / EXPERIMENT, documents.dump(record).encode())
        except OSError as error:
            raise StorageError("The experiment's folder cannot be written. Check the disk.") from error

    def record(self) -> ExperimentRecord:
        """The experiment's config and digests.

        Raises:
            StorageError: they are missing or damaged.
        """
        try:
            return documents.load(ExperimentRecord, (self.path / EXPERIMENT).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise StorageError(_DAMAGED) from error

    def arm(self, key: str) -> Path:
        """The folder of the arm ``key``."""
        return self.path / "arms" / key

    def product(self, key: str) -> Path:
        """The folder of the files that the arm ``key`` makes for others."""
        return self.arm(key) / "product"

    def work(self, key: str) -> Path:
        """The folder of the arm's checkpoints while a trial is under way."""
        return self.arm(key) / "work"

    def is_finished(self, key: str) -> bool:
        """Whether the arm ``key`` has finished."""
        return (self.arm(key) / RESULT).is_file()

    def trials_done(self, key: str, n_trials: int) -> int:
        """The number of the arm's trials that have ended."""
        return sum(trial_path(self.arm(key), number).is_file() for number in range(n_trials))

    def finish(self, key: str, n_trials: int) -> None:
        """Mark the arm as finished, and remove its checkpoints.

        Raises:
            OSError: the folder cannot be written.
        """
        record, digests = self.record(), self._trial_digests(key, n_trials)
        result = ArmResult(key, record.config_digest, record.data_digest, __version__, digests)
        write_atomically(self.arm(key) / RESULT, documents.dump(result).encode())
        shutil.rmtree(self.work(key), ignore_errors=True)

    def result(self, key: str) -> ArmResult | None:
        """The mark of the finished arm ``key``, or None.

        Raises:
            StorageError: it is damaged.
        """
        if not self.is_finished(key):
            return None
        try:
            return documents.load(ArmResult, (self.arm(key) / RESULT).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise StorageError(_DAMAGED) from error

    def check_trials(self, key: str, n_trials: int) -> None:
        """Compare the trials of the arm ``key`` with the mark of its end; nothing if it has not finished.

        Raises:
            StorageError: a trial is missing, or is not the one that the arm ended with.
        """
        result = self.result(key)
        try:
            if result is not None and result.trials_sha256 != self._trial_digests(key, n_trials):
                raise StorageError(_DAMAGED)
        except OSError as error:
            raise StorageError(_DAMAGED) from error

    def write_estimate(self, estimate: TimeEstimate) -> None:
        """Keep the estimate for the time left; a full disk loses it."""
        with suppress(OSError):
            write_atomically(self.path / ESTIMATE, documents.dump(estimate).encode())

    def estimate(self) -> TimeEstimate | None:
        """The estimate that was made before the start, or None."""
        try:
            return documents.load(TimeEstimate, (self.path / ESTIMATE).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError):
            return None

    def _trial_digests(self, key: str, n_trials: int) -> tuple[str, ...]:
        return tuple(sha256_of(trial_path(self.arm(key), number)) for number in range(n_trials))


def installed_experiments(home: Path) -> tuple[ExperimentFolder, ...]:
    """The experiments below ``home``, sorted by name."""
    folders = (path for path in home.glob("*") if _NAME.fullmatch(path.name))
    return tuple(ExperimentFolder(path) for path in sorted(folders) if (path / EXPERIMENT).is_file())
