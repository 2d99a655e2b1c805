"""``delineate``: train a delineator on the marked records of the Lobachevsky database."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime

from ecgapp import __version__
from ecgapp.analysis.measurement.delineation import judged_leads
from ecgapp.cli.progress import Terminal
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.datasets.layouts.ludb_waves import MarkedRecord, marked_records
from ecgapp.evaluate.detectors.delineation_metrics import LeadWaves, delineation_metrics
from ecgapp.models import ModelCard, Provenance, TrainedModel, load_model, save_model
from ecgapp.training.delineator_training import DelineationConfig, learn

NOTE = (
    "The last epoch was kept (the average of the weights over the last steps). Each lead is read by itself, "
    "and its logits are then moved towards the mean of all leads. P waves count where none is only a little "
    "likelier; where they do not come with nearly every beat they must come at a constant time before the "
    "QRS complexes, or none of them is believed."
)
CROSS_FITTED = "each by a network trained without it"


def delineate(arguments: Namespace, settings: Settings) -> int:
    """Train, judge on records that were not trained on, and save the model in ``arguments.out``."""
    config = read_settings(DelineationConfig, arguments.config)
    records = marked_records(arguments.data)
    pretrained = None
    if config.pretrained is not None:
        pretrained = load_model((settings.weights, settings.shipped_weights), config.pretrained)
    leads: list[LeadWaves] = []
    for part in config.cross_fits:
        judge = _trained(part, records, pretrained)
        leads += judged_leads(judge, _of(records, part.test_folds), first=len(leads))
    model = _trained(config, records, pretrained)
    if not config.parts:
        leads = judged_leads(model, _of(records, config.test_folds))
    metrics = delineation_metrics(leads, f"ludb, {model.card.provenance.validation_folds}")
    save_model(arguments.out, replace(model, card=replace(model.card, delineation=metrics)))
    Terminal().say(f"{config.name} is saved.")
    return 0


def _trained(
    config: DelineationConfig, records: list[MarkedRecord], pretrained: TrainedModel | None
) -> TrainedModel:
    """The delineator, with a card that says all but how well it does."""
    terminal = Terminal()
    left_out = f" without folds {_listed(config.test_folds)}" if config.test_folds else ""

    def report(epoch: int, loss: float) -> None:
        terminal.say(f"Epoch {epoch} of {config.epochs}{left_out}: training loss {loss:.4f}.")

    network = learn(config, records, pretrained, report)
    made = _provenance(config, records, pretrained)
    return TrainedModel(
        network, ModelCard(config.name, config.title, network.config, config.preprocessing, made)
    )


def _of_cross_fitting(config: DelineationConfig) -> str:
    if not config.parts:
        return ""
    return (
        f" The figures are those of {config.parts} networks on records that they did not see; "
        "this one learnt from all of them."
    )


def _of_encoder(pretrained: TrainedModel | None) -> str:
    """A sentence if the encoder had learnt from the database that judges; else empty."""
    if pretrained is None or "ludb" not in pretrained.card.provenance.datasets:
        return ""
    folds = pretrained.card.provenance.train_folds
    return f" The encoder, the judging networks' too, had learnt from ludb's {folds}, without marks."


def _of(records: list[MarkedRecord], folds: tuple[int, ...]) -> list[MarkedRecord]:
    return [record for record in records if record.fold in folds]


def _judged_on(config: DelineationConfig) -> str:
    if config.parts:
        return f"folds {_listed(config.train_folds)}, {CROSS_FITTED}"
    return f"folds {_listed(config.test_folds)}, which it was not trained on"


def _listed(folds: tuple[int, ...]) -> str:
    return ", ".join(str(fold) for fold in sorted(folds))


def _provenance(
    config: DelineationConfig, records: list[MarkedRecord], pretrained: TrainedModel | None
) -> Provenance:
    start = None if pretrained is None else f"{pretrained.card.name} {pretrained.card.sha256}"
    return Provenance(
        datasets=("ludb",),
        train_folds=f"folds {_listed(config.train_folds)}",
        validation_folds=_judged_on(config),
        n_train=len(_of(records, config.train_folds)),
        n_validation=len(_of(records, config.train_folds if config.parts else config.test_folds)),
        seed=config.seed,
        epochs=config.epochs,
        initialisation="random" if pretrained is None else "transfer",
        pretrained=start,
        command=f"python -m ecgapp delineate {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=NOTE + _of_cross_fitting(config) + _of_encoder(pretrained),
    )
