"""A lack of memory has one name on every device, and a sentence for the administrator."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ecgapp.system.memory import is_out_of_memory

NO_MEMORY = "The device has too little memory. Choose a smaller batch size."
NO_MEMORY_TOGETHER = (
    "A device has too little memory for so many members at once. Choose a smaller batch size, train on one "
    "device, where fewer members then learn together, or set members_at_once."
)


@contextmanager
def memory_named_alike() -> Iterator[None]:
    """Raise for too little memory in main memory the error that torch raises on a GPU.

    Raises:
        torch.OutOfMemoryError: there was too little memory.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise torch.OutOfMemoryError(str(error)) from error
        raise
