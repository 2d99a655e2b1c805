"""The autoencoder of the study of Jang et al. (2021): trained on the training records, or installed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from ecgapp.evaluate import reconstruction_metrics
from ecgapp.experiments.jang2021.jang2021_arms import PRETRAINING
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_data import (
    TEST_FOLDS,
    TRAIN_FOLDS,
    VALIDATION_FOLDS,
    classifier_training,
    published_steps,
    study_augmentation,
    study_preprocessing,
)
from ecgapp.experiments.study_protocol import ArmContext, TrialFunction
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.trial_data import load_trial_data
from ecgapp.models import TrainedModel, load_model
from ecgapp.models.answers import combine_windows
from ecgapp.records.record import FloatArray
from ecgapp.training import Phase, TrainingConfig, train
from ecgapp.training.data.window_sampling import Rows, all_windows
from ecgapp.training.devices import resolve_device
from ecgapp.training.inference import Inference
from ecgapp.training.training_config import RESULT

AUTOENCODER = "jang2021_autoencoder"
EXAMPLES = 4  # reconstructions that are kept for the figure


def pretraining_config(config: Jang2021Config, context: ArmContext) -> TrainingConfig:
    """The training of the study's own autoencoder; the epoch is chosen on the validation fold."""
    own = config.pretraining
    training = TrainingConfig(
        AUTOENCODER,
        Phase.PRETRAIN,
        config.network,
        context.config.stores,
        study_preprocessing(config, context.stores),
        title="Autoencoder of the study of Jang et al. (2021)",
        train_folds=TRAIN_FOLDS,
        validation_folds=VALIDATION_FOLDS,
        epochs=own.epochs,
        patience=own.patience,
        batch_size=own.batch_size,
        learning_rate=own.learning_rate,
        augmentation=study_augmentation(config),
        device=context.device,
        seed=context.config.seed,
    )
    return published_steps(training) if config.as_published else training


def pretrained_model(config: Jang2021Config, context: ArmContext) -> TrainedModel:
    """The pretrained autoencoder, installed or of the pretraining arm.

    Raises:
        ModelNotFoundError: it is not installed.
    """
    if config.pretrained is None:
        return load_model((context.folder.product(PRETRAINING) / RESULT,), AUTOENCODER)
    settings = context.settings
    return load_model((settings.weights, settings.shipped_weights), config.pretrained)


def open_pretraining(config: Jang2021Config, context: ArmContext) -> TrialFunction:
    """Train the autoencoder if the settings name no installed one, and measure it on the test records."""

    def run_trial(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        if config.pretrained is None:
            product = context.folder.product(PRETRAINING)
            train(pretraining_config(config, context), context.reporter, product, context.settings)
        return _measured(config, context, pretrained_model(config, context))

    return run_trial


def _measured(
    config: Jang2021Config, context: ArmContext, model: TrainedModel
) -> tuple[TrialResult, Mapping[str, Array]]:
    """The error of the autoencoder on all windows of the test records, and a few reconstructions."""
    folds = (*VALIDATION_FOLDS, *TEST_FOLDS)
    records = load_trial_data(classifier_training(config, context), context, folds).records
    rows = records.rows(TEST_FOLDS)
    device = resolve_device(context.device)
    inference = Inference(model.network.to(device), device, torch.float32)
    errors, owners = inference.errors(records, rows)
    window = config.preprocessing.window
    figures = reconstruction_metrics(errors, owners, window, "test records")
    sample, total = figures.mse_per_sample, figures.mse_summed
    values: dict[str, float | None] = {
        "mse": sample.value,
        "mse_low": sample.low,
        "mse_high": sample.high,
        "summed": total.value,
    }
    counts = {"records": figures.n, "windows": figures.n_windows}
    chosen = all_windows(records, _examples(errors, owners, rows))
    windows, answers = next(inference.answers(records, chosen))
    _, first = np.unique(chosen.owners, return_index=True)  # each record's first window
    first = np.sort(first)  # in the order of the error
    arrays = {"windows": windows[first, 0].numpy(), "reconstructions": answers[first, 0].numpy()}
    return TrialResult(
        values, counts=counts, notes=(f"Autoencoder {model.card.name}: sha256 {model.card.sha256}.",)
    ), arrays


def _examples(errors: FloatArray, owners: Rows, rows: Rows) -> Rows:
    """Records whose mean error is at the middle of each quarter of all test records."""
    by_record = combine_windows(errors[:, None], owners, rows, "mean")[:, 0]
    places = (np.arange(EXAMPLES) + 0.5) / EXAMPLES * len(rows)
    return rows[np.argsort(by_record, kind="stable")[places.astype(np.int64)]]
