"""Random numbers for a batch: a stream for each network of a stack, and each process's part of the batch.

So several processes draw together what one alone would, and networks that learn together draw what each
would draw alone.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Draws:
    """Streams seeded one a member, on one device; ``part`` says which of a whole batch's examples are ours.

    ``seed`` is that of what all members and processes share.
    """

    def __init__(self, seeds: Sequence[int], seed: int, device: torch.device) -> None:
        self.device = device
        self.seed = seed
        self._members = [torch.Generator(device).manual_seed(own) for own in seeds]
        self._shared = torch.Generator().manual_seed(seed)  # on the host: no GPU is waited for
        self.batch, self.part = 1, slice(0, 1)

    @property
    def members(self) -> int:
        """The number of networks that learn together."""
        return len(self._members)

    def set_batch(self, batch: int, part: slice) -> None:
        """A whole batch has ``batch`` examples for each member; those of ``part`` are this process's."""
        self.batch, self.part = batch, part

    def uniform(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1): (examples, members, *shape)."""
        return self._gather(
            [torch.rand(self.batch, *shape, generator=stream, device=self.device) for stream in self._members]
        )

    def normal(self, *shape: int) -> Tensor:
        """Normal numbers of mean 0 and variance 1: (examples, members, *shape)."""
        return self._gather(
            [
                torch.randn(self.batch, *shape, generator=stream, device=self.device)
                for stream in self._members
            ]
        )

    def shared(self, choices: int) -> int:
        """One number below ``choices``, the same for all members and processes."""
        return int(torch.randint(choices, (), generator=self._shared))

    def _gather(self, drawn: list[Tensor]) -> Tensor:
        if len(drawn) == 1:
            return drawn[0][self.part].unsqueeze(1)
        return torch.stack([values[self.part] for values in drawn], 1)

    def state(self) -> dict[str, Any]:
        """The position of every stream, for a checkpoint."""
        return {
            "device": self.device.type,
            "members": [stream.get_state() for stream in self._members],
            "shared": self._shared.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> bool:
        """Take up what ``state`` gave; False where that was on another kind of device: those begin anew."""
        self._shared.set_state(state["shared"])
        if state["device"] != self.device.type:
            return False
        for stream, position in zip(self._members, state["members"], strict=True):
            stream.set_state(position)
        return True
