"""The quick size of each study as users start it: steps of its arms on a few short records."""

import pytest
from rhythm_store import write_rhythms
from twelve_lead_stores import twelve_lead_installation

from ecgapp.config import PROJECT, Settings
from ecgapp.experiments.collection import collect
from ecgapp.experiments.experiment_config import ExperimentConfig, Size
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.probe_reporter import ProbeReporter


def rhythms(home):
    settings = Settings(home, PROJECT / "weights")
    write_rhythms(settings.stores / "rhythms", 600)
    return settings, ("rhythms",)


def hospitals(home):
    return twelve_lead_installation(home, n_source=6, n_target=54), ("hospitals",)


def hospitals_and_ptb_xl(home):
    return twelve_lead_installation(home, n_source=30, n_target=54), ("ptb-xl", "hospitals")


INSTALLATIONS = {
    "jang2021": rhythms,
    "ansari2020": hospitals,
    "singstad2020": hospitals,
    "verma2021": hospitals_and_ptb_xl,
}


@pytest.mark.parametrize("name", list(INSTALLATIONS))
def test_the_quick_size_of_a_study_opens_every_arm_and_takes_steps_of_it(name, tmp_path):
    protocol = protocol_named(name)
    settings, stores = INSTALLATIONS[name](tmp_path)
    folder, opened = open_experiment(
        ExperimentConfig(protocol.preset(Size.QUICK), stores, Size.QUICK), settings
    )
    config = folder.record().config
    arms = protocol.arms(config)
    context = ArmContext(config, opened, settings, folder, "cpu", ProbeReporter())
    seconds = protocol.estimate(arms, context)
    assert set(seconds) == {arm.key for arm in arms}
    assert all(
        taken >= 0 for taken in seconds.values()
    )  # 0: the weights of an image network are not installed
    report = collect(folder, opened)
    assert report.data
    assert f"0 of {len(arms)} arms have finished" in report.cautions[0]
