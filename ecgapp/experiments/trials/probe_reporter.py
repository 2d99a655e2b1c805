"""A reporter for probes, which ignores all reports."""

from ecgapp.training import EpochReport, StepReport


class ProbeReporter:
    """Ignores what it receives and never asks to stop."""

    def step(self, report: StepReport) -> None:
        """A few steps were done."""

    def epoch(self, report: EpochReport) -> None:
        """An epoch was done."""

    def log(self, text: str) -> None:
        """One sentence for the log."""

    def should_stop(self) -> bool:
        """False: nothing asks to stop."""
        return False

    def progress(self, done: int, total: int) -> None:
        """``done`` of ``total`` trials are done."""
