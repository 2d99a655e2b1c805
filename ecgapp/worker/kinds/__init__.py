"""The kinds of jobs. The kind ``x`` is the module ``x_job`` of this package: adding one is adding a file.

A job's process imports only the module of its own kind, as some of them import torch.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from ecgapp.errors import JobError
from ecgapp.jobs import NEW_RUN
from ecgapp.worker.context import JobContext

Execute = Callable[[JobContext], str]


@dataclass(frozen=True)
class JobKind:
    """One kind of job: ``execute`` does the work, and returns the sentence that the job ends with."""

    name: str
    noun: str  # e.g. "training", for sentences
    execute: Execute
    no_resume: str  # what to do after a failure that a resume would repeat
    for_memory: str  # what to do if memory was short
    private: bool = False  # whether foreign errors may name files of the user: their text is logged nowhere


_KINDS: dict[str, JobKind] = {}


def job_kind(
    name: str, noun: str, no_resume: str = NEW_RUN, for_memory: str = "", private: bool = False
) -> Callable[[Execute], Execute]:
    """Register the decorated function as what executes jobs of kind ``name``.

    Raises:
        ValueError: there is such a kind already.
    """

    def register(execute: Execute) -> Execute:
        if name in _KINDS:
            raise ValueError(f"There are two kinds of jobs named {name}.")
        _KINDS[name] = JobKind(name, noun, execute, no_resume, for_memory, private)
        return execute

    return register


def kind_of(name: str) -> JobKind:
    """The kind of this name.

    Raises:
        JobError: this version of the app has none.
    """
    if name not in _KINDS:
        try:
            importlib.import_module(f"{__name__}.{name}_job")
        except ModuleNotFoundError as error:
            raise JobError("This version of the app does not know this kind of job.") from error
    return _KINDS[name]
