"""The kind of job that runs one arm of an experiment, and queues the arms that build on it."""

import time

from ecgapp import training
from ecgapp.errors import ExperimentError
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.arm_jobs import ArmConfig, start_next_arms
from ecgapp.experiments.collection import write_report
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.starting import reopen_stores
from ecgapp.experiments.study_protocol import Arm, ArmContext, protocol_named
from ecgapp.jobs import ARM
from ecgapp.worker.context import JobContext, JobStopped
from ecgapp.worker.kinds import job_kind
from ecgapp.worker.reporter import RunReporter

NO_RESUME = "Start an experiment with other settings or other data."


class ArmJobReporter(RunReporter):
    """Writes the reports of an arm's trainings, and how many of its trials are done."""

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._begun: tuple[int, float] | None = None  # trials done at the first report, and its time

    def progress(self, done: int, total: int) -> None:
        """``done`` of ``total`` trials are done; trials take about equally long."""
        if self._begun is None:
            self._begun = (done, time.monotonic())
        fresh, elapsed = done - self._begun[0], time.monotonic() - self._begun[1]
        self._context.progress(done, total, (total - done) * elapsed / fresh if fresh else None)
        self._context.advance(done, total)


@job_kind(ARM, noun="arm", no_resume=NO_RESUME, for_memory="Choose a smaller size of the experiment.")
def run_arm_job(context: JobContext) -> str:
    """Run the arm that the job's config names; its results lie in the experiment's folder.

    Arms that build on it are queued before the report is written, unless a user asked to stop.
    """
    wanted = context.config(ArmConfig)
    folder = ExperimentFolder(context.settings.experiments / wanted.experiment)
    config = folder.record().config
    protocol = protocol_named(config.protocol)
    arm = _arm_named(wanted.arm, protocol.arms(config))
    stores = reopen_stores(folder, context.settings)
    context.begin(f"The arm begins: {arm.title}.")
    device = context.run.device
    arm_context = ArmContext(config, stores, context.settings, folder, device, ArmJobReporter(context))
    try:
        run_arm(protocol, arm, arm_context)
    except training.Stopped as stopped:
        raise JobStopped from stopped
    if not context.should_stop():
        start_next_arms(folder, context.store, wanted.devices or (device,), context.run.id)
    write_report(folder, stores)
    return f"Finished. {arm.title}: {arm.n_trials} {'trial' if arm.n_trials == 1 else 'trials'}."


def _arm_named(key: str, arms: tuple[Arm, ...]) -> Arm:
    """The arm of this key.

    Raises:
        ExperimentError: the protocol of this version of the app has none.
    """
    arm = next((arm for arm in arms if arm.key == key), None)
    if arm is None:
        raise ExperimentError("This version of the app has no such arm. Start the experiment again.")
    return arm
