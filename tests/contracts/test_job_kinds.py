"""Every kind of job is one module, and an epoch's metrics have the same names everywhere."""

from dataclasses import fields

import pytest

from ecgapp.config import PROJECT
from ecgapp.errors import JobError
from ecgapp.jobs import ARM, IMPORT, SCORE, TRAIN, metric_names
from ecgapp.runs.run_figures import RunFigures
from ecgapp.training import EpochReport, StepReport
from ecgapp.worker.kinds import job_kind, kind_of

KINDS = sorted(
    path.stem.removesuffix("_job") for path in (PROJECT / "ecgapp" / "worker" / "kinds").glob("*_job.py")
)


def test_there_are_the_kinds_that_pages_start():
    assert {TRAIN, IMPORT, SCORE, ARM} <= set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_every_module_of_a_kind_registers_the_kind_of_its_name(name):
    assert kind_of(name).name == name
    assert kind_of(name).noun


def test_a_kind_that_this_version_does_not_have_is_an_error():
    with pytest.raises(JobError, match="does not know this kind"):
        kind_of("unknown")


def test_a_kind_is_registered_once():
    kind_of(TRAIN)
    with pytest.raises(ValueError, match="two kinds"):
        job_kind(TRAIN, "training")(lambda context: "")


def test_the_metrics_of_epochs_and_steps_are_fields_of_their_reports_and_those_of_epochs_are_drawn():
    assert metric_names.EPOCH_SERIES.keys() <= {field.name for field in fields(EpochReport)}
    assert metric_names.EPOCH_SERIES.keys() <= {field.name for field in fields(RunFigures)}
    assert metric_names.STEP_SERIES.keys() <= {field.name for field in fields(StepReport)}
