"""The trials of the protocol verma2021: training a source, and answering on a target."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.protocols.verma2021_arms import TRAINED, Mode, VermaArm, training_config
from ecgapp.experiments.protocols.verma2021_evidence import OCCLUSIONS, occluded_probabilities, wave_spans
from ecgapp.experiments.protocols.verma2021_settings import Verma2021Config
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trials.altered_signals import scrambled, spectra
from ecgapp.experiments.trials.folds import cross_validation, subset
from ecgapp.experiments.trials.linear_heads import fit_linear_head
from ecgapp.experiments.trials.pooled_features import PooledEncoder, record_features
from ecgapp.experiments.trials.trial_data import TrialData, load_trial_data
from ecgapp.experiments.trials.trial_result import Array, TrialResult
from ecgapp.experiments.trials.trial_training import TrialPlace, TrialSplit, seeded, train_trial
from ecgapp.models import TrainedModel, build, installed_models, load_model
from ecgapp.records.record import FloatArray
from ecgapp.training import TrainingConfig
from ecgapp.training.data.window_sampling import Rows
from ecgapp.training.result.trained_result import save_classifier, validation_logits
from ecgapp.training.run import RESULT

PTBXL = ("ptb-xl", "ptb-xl-zscored")  # names of sources and of stores that hold PTB-XL
_FEWEST_LEFT_OUT = 30  # records of a source for which leaving it out says anything

Outcome = tuple[TrialResult, Mapping[str, Array]]


def split_by_fold(data: TrialData) -> tuple[Rows, Rows, Rows]:
    """Rows for training, for validation and for the test: the last fold present is the test's."""
    folds = sorted(set(data.records.folds.tolist()))
    test, validation = folds[-1], folds[-2]
    return tuple(  # type: ignore[return-value]
        data.records.rows(chosen) for chosen in (folds[:-2], [validation], [test])
    )


@dataclass(frozen=True, eq=False)
class SourceTrials:
    """The training of a PTB-XL task: tested once on the last fold, and saved for the arms that transfer it."""

    config: Verma2021Config
    arm: VermaArm
    context: ArmContext
    data: TrialData
    training: TrainingConfig

    @classmethod
    def open(cls, config: Verma2021Config, arm: VermaArm, context: ArmContext) -> "SourceTrials":
        """Load the records of the arm's task."""
        training = _config(config, arm, context, 0)
        data = load_trial_data(training, context)
        if arm.part and arm.published:
            data = replace(data, records=spectra(data.records, arm.part))
        return cls(config, arm, context, data, training)

    def run(self, number: int, folder: Path) -> Outcome:
        """Train, save the model, and test it."""
        data, arm = self.data, self.arm
        train, validation, test = split_by_fold(data)
        train = subset(train, data.patients, arm.share, seeded(self.context.config.seed, 1))
        if arm.matched:
            train = self._matched(train)
        split = TrialSplit(train, validation, test)
        place = TrialPlace(number, arm.n_trials, folder)
        trained = train_trial(self.training, data, split, None, place, self.context.reporter)
        saving = replace(trained.prepared, folder=self.context.folder.product(arm.key), reporter=place_reporter(self))
        save_classifier(saving, trained.network, len(trained.epochs), validation_logits(saving, [trained.network]))
        answers, inner = trained.probabilities(test), trained.probabilities(validation)
        targets = data.records.targets
        curve, watched = trained.curve("auroc"), trained.watched_curve("auroc")
        values = {
            "auroc": macro_auroc(answers, targets[test]),
            "auroc_best_on_test": max((v for v in watched if v is not None), default=None),
        }
        counts = {"train": len(np.unique(train)), "validation": len(validation), "test": len(test)}
        arrays: dict[str, Array] = {
            "probabilities": answers,
            "targets": targets[test].astype(np.float32),
            "validation_probabilities": inner,
            "validation_targets": targets[validation].astype(np.float32),
        }
        if arm.key == f"ptbxl-{self.config.source_task}":
            spans = wave_spans(data, test, self.context.settings)
            arrays["occluded"] = occluded_probabilities(trained, test, spans)
        curves = {"validation_auroc": curve, "test_auroc": watched, "train_loss": trained.curve("train_loss")}
        return TrialResult(values, curves, counts), arrays
