"""A network on the windows of many records, in batches that fit the device, shared by all processes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from ecgapp.models import Network
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows, WindowList, all_windows
from ecgapp.training.devices import autocast
from ecgapp.training.out_of_memory import memory_named_alike
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.reporting import Stopped

_BATCH = 256  # windows


def _never() -> bool:
    return False


@dataclass(frozen=True, eq=False)
class Inference:
    """A network in eval mode, where it runs, in which precision, and with whom it shares the work.

    ``should_stop`` is asked between batches; of several processes the leader's counts.
    """

    network: Network
    device: torch.device
    precision: torch.dtype
    processes: ProcessGroup = ALONE
    should_stop: Callable[[], bool] = _never

    def logits(self, records: RecordSet, rows: Rows) -> tuple[FloatArray, Rows]:
        """A classifier's logits of all windows of these records, (n_windows, n_labels), and whose each is.

        Raises:
            Stopped: it was asked for.
        """
        return self._shared(records, rows, lambda _, answers: answers)

    def errors(self, records: RecordSet, rows: Rows) -> tuple[FloatArray, Rows]:
        """An autoencoder's mean squared error per sample of each window, (n_windows,), and whose it is.

        Raises:
            Stopped: it was asked for.
        """
        return self._shared(records, rows, lambda clean, answers: (answers - clean).square().mean((1, 2)))

    def _shared(
        self, records: RecordSet, rows: Rows, figure: Callable[[Tensor, Tensor], Tensor]
    ) -> tuple[FloatArray, Rows]:
        """Each process answers for its part of the records; all of them get all figures."""
        windows = all_windows(records, rows[self.processes.part(len(rows))])
        answers, mine = self.answers(records, windows), []
        for _ in range(max(self.processes.all_gather(-(-len(windows) // _BATCH)))):
            if self.processes.broadcast_int(self.should_stop()):
                raise Stopped
            mine += [figure(*batch) for batch in islice(answers, 1)]
        values = torch.cat(mine).numpy() if mine else None
        parts = self.processes.all_gather((values, windows.owners))
        figures = [figures for figures, _ in parts if figures is not None]
        return np.concatenate(figures), np.concatenate([owners for _, owners in parts])

    @torch.no_grad()
    def answers(self, records: RecordSet, windows: WindowList) -> Iterator[tuple[Tensor, Tensor]]:
        """Windows and the network's answers, batch by batch, on the CPU.

        Where the device has too little memory for a batch, the network sees it in parts.

        Raises:
            torch.OutOfMemoryError: it has too little for a single window.
        """
        size = _BATCH
        for batch in windows.batches(_BATCH):
            while (answered := self._in_parts(records, batch, size)) is None:
                size //= 2
            yield answered

    def _in_parts(self, records: RecordSet, batch: WindowList, size: int) -> tuple[Tensor, Tensor] | None:
        """The batch and the answers to it, seen ``size`` windows at a time; None where they are too many."""
        windows, answers = [], []
        try:
            for part in batch.batches(size):
                seen, answer = self._answer(records, part)
                windows.append(seen)
                answers.append(answer)
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            return None
        return _joined(windows), _joined(answers)

    @memory_named_alike()
    def _answer(self, records: RecordSet, part: WindowList) -> tuple[Tensor, Tensor]:
        seen = records.cut(part.positions.tolist()).to(self.device, non_blocking=True)
        with autocast(self.device, self.precision):
            answer = self.network(seen)
        return seen.cpu(), answer.float().cpu()


def _joined(parts: list[Tensor]) -> Tensor:
    """The parts one behind the other; a single one as it is, for copying each batch costs time."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)
