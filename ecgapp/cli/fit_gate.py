"""``fit-gate``: fit and judge a gate on good records and on such as are spoiled for it."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime

from ecgapp import __version__, documents
from ecgapp.cli.following import Terminal
from ecgapp.config import Settings
from ecgapp.errors import ConfigError
from ecgapp.evaluate.refusals import GOOD
from ecgapp.models import ModelCard, Provenance, TrainedModel, load_model, save_model
from ecgapp.training.gate import GateFitConfig, Judged, empty_gate, fit_score
from ecgapp.training.gate_judging import judged_metrics
from ecgapp.training.gate_records import fit_on

NOTE = (
    "No network was trained: the autoencoder is the pretrained one, which knew the training and validation "
    "folds. The score's weights come from the training folds, its threshold from the validation folds."
)


def fit_gate(arguments: Namespace, settings: Settings) -> int:
    """Fit, look at the test folds once, and save the gate in ``arguments.out``."""
    config, terminal = _config(arguments), Terminal()
    pretrained = load_model((settings.weights, settings.shipped_weights), config.pretrained)
    gate = empty_gate(pretrained)
    card = ModelCard(
        config.name,
        config.title,
        gate.config,
        config.preprocessing,
        _provenance(config, pretrained, ()),
        thresholds=(0.5,),
    )
    judged = fit_on(config, arguments.data, TrainedModel(gate, card), terminal.say)
    threshold = fit_score(gate, judged, config)
    metrics = judged_metrics(gate, judged, threshold, config)
    made = replace(
        card, thresholds=(threshold,), gate=metrics, provenance=_provenance(config, pretrained, judged)
    )
    save_model(arguments.out, TrainedModel(gate, made))
    terminal.say(f"{config.name} is saved.")
    return 0


def _config(arguments: Namespace) -> GateFitConfig:
    try:
        text = arguments.config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("The gate's settings cannot be read. Name a JSON file.") from error
    return documents.load(GateFitConfig, text)


def _listed(folds: tuple[int, ...]) -> str:
    return f"fold{'s' if len(folds) > 1 else ''} {', '.join(str(fold) for fold in sorted(folds))}"


def _provenance(
    config: GateFitConfig, pretrained: TrainedModel, judged: tuple[Judged, ...] | list[Judged]
) -> Provenance:
    good = [one.fold for one in judged if one.role == GOOD]
    return Provenance(
        datasets=(*config.sources, "nstdb"),
        train_folds=_listed(config.train_folds),
        validation_folds=_listed(config.validation_folds),
        n_train=sum(fold in config.train_folds for fold in good),
        n_validation=sum(fold in config.validation_folds for fold in good),
        seed=config.seed,
        epochs=0,
        initialisation="frozen",
        pretrained=f"{pretrained.card.name} {pretrained.card.sha256}",
        command=f"python -m ecgapp fit-gate {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=NOTE,
    )
