"""``fit-gate``: fit and judge a gate on good records and on such as are spoiled for it."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ecgapp import __version__
from ecgapp.cli.progress import Terminal
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.evaluate.detectors.refusals import GOOD
from ecgapp.models import ArchitectureConfig, ModelCard, Provenance, TrainedModel, load_model, save_model
from ecgapp.training.gate.gate_judging import judged_metrics, readable_metrics
from ecgapp.training.gate.gate_records import Log, fit_on
from ecgapp.training.gate.readability_fit import RHYTHM, STEPS, empty_readability, fit_on_folds, readable_rows
from ecgapp.training.gate.similarity_fit import READABLE, GateFitConfig, empty_gate, fit_score

NOTE = (
    "No network was trained: the autoencoder is the pretrained one, which knew the training and validation "
    "folds. The score's weights come from the training folds, its threshold from the validation folds."
)
READABLE_NOTE = (
    "Fitted on the training folds and on all windows of known rhythm; the threshold comes from the "
    "validation folds. The figures of real records are cross-fitted: each by a fit without its folds."
)


def fit_gate(arguments: Namespace, settings: Settings) -> int:
    """Fit a gate of either question, judge it on what it did not learn, and save it in ``arguments.out``."""
    config, terminal = read_settings(GateFitConfig, arguments.config, "gate"), Terminal()
    fit = _readable if config.question == READABLE else _similar
    save_model(arguments.out, fit(config, arguments.data, settings, terminal.say))
    terminal.say(f"{config.name} is saved.")
    return 0


def _similar(config: GateFitConfig, data: Path, settings: Settings, log: Log) -> TrainedModel:
    pretrained = load_model((settings.weights, settings.shipped_weights), config.pretrained)
    gate = empty_gate(pretrained)
    card = _card(config, gate.config)
    judged = fit_on(config, data, TrainedModel(gate, card), log)
    threshold = fit_score(gate, judged, config)
    metrics = judged_metrics(gate, judged, threshold, config)
    made = _provenance(config, [one.fold for one in judged if one.role == GOOD])
    named = f"{pretrained.card.name} {pretrained.card.sha256}"
    made = replace(made, initialisation="frozen", pretrained=named, note=NOTE)
    return TrainedModel(gate, replace(card, thresholds=(threshold,), gate=metrics, provenance=made))


def _readable(config: GateFitConfig, data: Path, settings: Settings, log: Log) -> TrainedModel:
    network = empty_readability(config)
    card = _card(config, network.config)
    rows = readable_rows(config, data, TrainedModel(network, card), log)
    log(f"{len(rows):,} records measured; fitting.")
    network, threshold = fit_on_folds(rows, config)
    metrics = readable_metrics(network, rows, threshold, config)
    made = _provenance(config, [one.fold for one in rows if one.role == GOOD and one.origin != RHYTHM])
    n_rhythm = sum(one.origin == RHYTHM for one in rows)
    made = replace(
        made,
        datasets=(
            *config.sources,
            *config.rhythm_sources,
            *(("synthetic ECGs",) if config.synthetic else ()),
            "nstdb",
        ),
        n_train=made.n_train + n_rhythm,
        epochs=STEPS,
        initialisation="random",
        note=READABLE_NOTE,
    )
    return TrainedModel(network, replace(card, thresholds=(threshold,), gate=metrics, provenance=made))


def _card(config: GateFitConfig, network: ArchitectureConfig) -> ModelCard:
    """The card before anything is fitted."""
    nothing = _provenance(config, [])
    return ModelCard(config.name, config.title, network, config.preprocessing, nothing, thresholds=(0.5,))


def _listed(folds: tuple[int, ...]) -> str:
    return f"fold{'s' if len(folds) > 1 else ''} {', '.join(str(fold) for fold in sorted(folds))}"


def _provenance(config: GateFitConfig, good: Sequence[int]) -> Provenance:
    """``good``: the folds of the good records."""
    return Provenance(
        datasets=(*config.sources, "nstdb"),
        train_folds=_listed(config.train_folds),
        validation_folds=_listed(config.validation_folds),
        n_train=sum(fold in config.train_folds for fold in good),
        n_validation=sum(fold in config.validation_folds for fold in good),
        seed=config.seed,
        epochs=0,
        initialisation="random",
        command=f"python -m ecgapp fit-gate {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
    )
