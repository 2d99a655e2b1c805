"""``delineate``: train a delineator on the marked records of the Lobachevsky database."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime

from ecgapp import __version__, documents
from ecgapp.analysis.delineation import judge_delineator
from ecgapp.cli.following import Terminal
from ecgapp.config import Settings
from ecgapp.datasets.ludb_waves import MarkedRecord, marked_records
from ecgapp.errors import ConfigError
from ecgapp.models import ModelCard, Provenance, TrainedModel, load_model, save_model
from ecgapp.training.delineation import DelineationConfig, learn

NOTE = (
    "The last epoch was kept (the average of the weights over the last steps). Each lead is read by itself, "
    "and its logits are then moved towards the mean of all leads."
)


def delineate(arguments: Namespace, settings: Settings) -> int:
    """Train, look at the test folds once, and save the model in ``arguments.out``."""
    config = _config(arguments)
    records = marked_records(arguments.data)
    pretrained = None
    if config.pretrained is not None:
        pretrained = load_model((settings.weights, settings.shipped_weights), config.pretrained)
    terminal = Terminal()

    def tell(epoch: int, loss: float) -> None:
        terminal.say(f"Epoch {epoch} of {config.epochs}: training loss {loss:.4f}.")

    network = learn(config, records, pretrained, tell)
    card = ModelCard(
        config.name,
        config.title,
        network.config,
        config.preprocessing,
        _provenance(config, records, pretrained),
    )
    metrics = judge_delineator(
        TrainedModel(network, card), _of(records, config.test_folds), _test_name(config)
    )
    save_model(arguments.out, TrainedModel(network, replace(card, delineation=metrics)))
    terminal.say(f"{config.name} is saved.")
    return 0


def _config(arguments: Namespace) -> DelineationConfig:
    try:
        text = arguments.config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("The training's settings cannot be read. Name a JSON file.") from error
    return documents.load(DelineationConfig, text)


def _of(records: list[MarkedRecord], folds: tuple[int, ...]) -> list[MarkedRecord]:
    return [record for record in records if record.fold in folds]


def _test_name(config: DelineationConfig) -> str:
    return f"ludb, folds {_listed(config.test_folds)}, which it was not trained on"


def _listed(folds: tuple[int, ...]) -> str:
    return ", ".join(str(fold) for fold in sorted(folds))


def _provenance(
    config: DelineationConfig, records: list[MarkedRecord], pretrained: TrainedModel | None
) -> Provenance:
    start = None if pretrained is None else f"{pretrained.card.name} {pretrained.card.sha256}"
    return Provenance(
        datasets=("ludb",),
        train_folds=f"folds {_listed(config.train_folds)}",
        validation_folds=f"folds {_listed(config.test_folds)}",
        n_train=len(_of(records, config.train_folds)),
        n_validation=len(_of(records, config.test_folds)),
        seed=config.seed,
        epochs=config.epochs,
        initialisation="random" if pretrained is None else "transfer",
        pretrained=start,
        command=f"python -m ecgapp delineate {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=NOTE,
    )
