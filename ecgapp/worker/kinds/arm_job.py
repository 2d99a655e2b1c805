"""The kind of job that runs one arm of an experiment, and queues the arms that build on it."""

from ecgapp import training
from ecgapp.datasets import open_store
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import write_report
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.starting import ArmConfig, start_ready_arms
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.jobs import ARM
from ecgapp.worker.context import JobContext, JobStopped
from ecgapp.worker.kinds import job_kind
from ecgapp.worker.reporter import RunReporter


class ArmJobReporter(RunReporter):
    """Writes the reports of an arm's trainings, and how many of its trials are done."""

    def progress(self, done: int, total: int) -> None:
        """``done`` of ``total`` trials are done."""
        self._context.progress(done, total)
        self._context.advance(done, total)


@job_kind(ARM, noun="arm", for_memory="Choose a smaller size of the experiment.")
def run_arm_job(context: JobContext) -> str:
    """Run the arm that the job's config names; its results lie in the experiment's folder."""
    wanted = context.config(ArmConfig)
    folder = ExperimentFolder(context.settings.experiments / wanted.experiment)
    config = folder.record().config
    protocol = protocol_named(config.protocol)
    arm = next(arm for arm in protocol.arms(config) if arm.key == wanted.arm)
    stores = tuple(open_store(name, context.settings) for name in config.stores)
    context.begin(f"The arm begins: {arm.title}.")
    device = context.run.device
    arm_context = ArmContext(config, stores, context.settings, folder, device, ArmJobReporter(context))
    try:
        run_arm(protocol, arm, arm_context)
    except training.Stopped as stopped:
        raise JobStopped from stopped
    write_report(folder, stores)
    start_ready_arms(folder, context.store, (device,))
    return f"Finished. {arm.title}: {arm.n_trials} trials."
