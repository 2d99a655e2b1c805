"""The linear head of ansari2020 as an installable model: one network with card, thresholds and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from ecgapp import __version__
from ecgapp.config import Settings
from ecgapp.errors import ExperimentError
from ecgapp.evaluate import best_thresholds, evaluate_predictions, fit_temperature
from ecgapp.experiments.ansari2020.ansari2020_arms import ALL, HEAD, PRETRAINED, TARGET, scopes
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config
from ecgapp.experiments.ansari2020.ansari2020_data import (
    JudgedRecords,
    encoder_config,
    feature_data,
    judged_records,
    pretrained_encoder,
    read_features,
    unseen_folds,
)
from ecgapp.experiments.study_protocol import ArmContext, TrialFunction
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.conventional_learners import Logistic
from ecgapp.experiments.trials.fitted_learner import FeatureData, FittedLearner, fit_learner
from ecgapp.models import (
    ModelCard,
    PooledClassifier,
    PooledClassifierConfig,
    Predictions,
    Provenance,
    TrainedModel,
    save_model,
    transfer_encoder,
)
from ecgapp.models.answers import ProbabilityRule, logits_of
from ecgapp.promotion.bundles import SUFFIX, export_bundle
from ecgapp.storage.files import write_atomically
from ecgapp.tasks import task
from ecgapp.training.data.window_sampling import Rows

MODEL = "nine_class_linear"  # the model's name


def open_head(context: ArmContext) -> TrialFunction:
    """The function whose only trial fits logistic regression on the pooled map, and saves it as a model.

    It learns from the records that the autoencoder learnt from without their labels. Temperature, thresholds
    and figures come from the others. The model and its bundle lie in the arm's product folder.
    """
    settings = context.config.settings_as(Ansari2020Config)

    def trial(_number: int, _folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        model = pretrained_encoder(settings, context.settings)
        arrays = read_features(context, PRETRAINED, 0)
        data, records = feature_data(arrays, settings.poolings), judged_records(arrays)
        train, test = _split(context, records, model)
        inner = records.inner(train, settings, context.config.seed, 0)
        fitted = fit_learner(Logistic(), data, train, inner)
        network = folded_head(model, fitted, settings.poolings)
        card, known = _validated(context, model, network, (fitted, data, test, records.folds[test]))
        card = replace(card, provenance=replace(card.provenance, n_train=len(train)))
        _save(context, TrainedModel(network, card), known)
        measured = card.validation.macro_auroc if card.validation is not None else None
        counts = {"train": len(train), "validation": len(test)}
        return TrialResult({"auroc": None if measured is None else measured.value}, counts=counts), {}

    return trial


def folded_head(model: TrainedModel, fitted: FittedLearner, poolings: Sequence[str]) -> PooledClassifier:
    """The encoder of ``model`` with a last layer that contains standardisation and a linear learner.

    A linear learner's weights are its scores of the unit vectors less that of zero.
    """
    n_features, n_labels = len(fitted.mean), len(fitted.by_label)
    origin = fitted.standard_scores(np.zeros((1, n_features), np.float32))
    weights = (fitted.standard_scores(np.eye(n_features, dtype=np.float32)) - origin) / fitted.scale[:, None]
    bias = origin[0] - fitted.mean @ weights
    network = PooledClassifier(PooledClassifierConfig(encoder_config(model), n_labels, tuple(poolings)))
    transfer_encoder(model.network, network)
    layer = {"weight": torch.from_numpy(weights.T), "bias": torch.from_numpy(bias)}
    network.head[-1].load_state_dict(layer)
    return network.eval().requires_grad_(False)


def _split(context: ArmContext, records: JudgedRecords, model: TrainedModel) -> tuple[Rows, Rows]:
    """The records to learn from and to judge by, which the autoencoder learnt from and did not.

    Raises:
        ExperimentError: one of the two is empty.
    """
    rows = records.rows(ALL if ALL in scopes(context.config) else TARGET)
    unseen = np.isin(records.folds[rows], unseen_folds(model))
    if unseen.all() or not unseen.any():
        raise ExperimentError(
            "The data sets need records in the autoencoder's folds of training and in those of validation."
        )
    return rows[~unseen], rows[unseen]


def _validated(
    context: ArmContext,
    model: TrainedModel,
    network: PooledClassifier,
    fit: tuple[FittedLearner, FeatureData, Rows, Rows],
) -> tuple[ModelCard, Predictions]:
    """The card, with all that is fitted on the validation records, and the answers on them."""
    fitted, data, test, folds = fit
    labelled, targets = task(context.config.settings_as(Ansari2020Config).task), data.targets[test]
    mine = np.isin(data.owners, test)
    logits, owners = fitted.scores(data.windows[mine]).astype(np.float32), data.owners[mine]
    rule = ProbabilityRule(labelled.multilabel)
    temperature = fit_temperature(logits_of(rule.records(logits, owners, test)), targets, labelled.multilabel)
    probabilities = replace(rule, temperature=temperature).records(logits, owners, test)
    thresholds = best_thresholds(probabilities, targets)
    dataset = f"{', '.join(store.name for store in context.stores)}, {_validation_folds(model)}"
    card = ModelCard(
        MODEL,
        f"{labelled.title}: linear head on {model.card.name}",
        network.config,
        model.card.preprocessing,
        _provenance(context, model, len(test)),
        labelled,
        tuple(float(one) for one in thresholds),
        temperature,
        validation=evaluate_predictions(labelled, probabilities, targets, thresholds, dataset),
    )
    return card, Predictions(probabilities, targets, folds)


def _provenance(context: ArmContext, model: TrainedModel, n_validation: int) -> Provenance:
    return Provenance(
        datasets=tuple(store.name for store in context.stores),
        train_folds=model.card.provenance.train_folds,
        validation_folds=_validation_folds(model),
        n_train=0,
        n_validation=n_validation,
        seed=context.config.seed,
        epochs=0,
        initialisation="frozen",
        pretrained=f"{model.card.name} (sha256 {model.card.sha256})",
        command="python -m ecgapp experiment ansari2020",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        note="Logistic regression on the pooled feature map of a frozen autoencoder. Temperature and "
        "thresholds were fitted on the validation records.",
    )


def _validation_folds(model: TrainedModel) -> str:
    return model.card.provenance.validation_folds


def _save(context: ArmContext, head: TrainedModel, known: Predictions) -> None:
    """Write the model, and the bundle that the Models page imports."""
    product = context.folder.product(HEAD)
    own = Settings(product, product / "shipped")
    save_model(own.weights, head, known)
    write_atomically(product / f"{MODEL}{SUFFIX}", export_bundle(MODEL, own))
