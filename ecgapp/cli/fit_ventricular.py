"""``fit-ventricular``: train the network of ventricular rhythms, and judge each member."""

from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime

from ecgapp import __version__
from ecgapp.cli.progress import Terminal
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.models import ModelCard, Provenance, TrainedModel, save_model
from ecgapp.training.ventricular.ventricular_fit import VentricularFitConfig, ensemble, learn_member
from ecgapp.training.ventricular.ventricular_judging import judge
from ecgapp.training.ventricular.ventricular_records import Material, gather

NOTE = (
    "Each member left out a group of patients and is judged on it; all members answer together. Rhythms of "
    "cudb and of mitdb's ventricular runs were marked by the authors, who are no cardiologists."
)


def fit_ventricular(arguments: Namespace, settings: Settings) -> int:
    """Train all members, judge them on the patients they left out, and save the model."""
    config, terminal = read_settings(VentricularFitConfig, arguments.config), Terminal()
    marks = arguments.config.parent / config.marks
    material = gather(config, arguments.data, marks)
    terminal.say(f"{len(material.strips):,} strips of {len(material.judged):,} records and windows.")
    members = []
    for fold in range(config.network.members):

        def report(step: int, loss: float, fold: int = fold) -> None:
            terminal.say(f"Member {fold + 1}, step {step} of {config.steps}: training loss {loss:.4f}.")

        members.append(learn_member(config, material.strips, fold, report))
    network = ensemble(config, members)
    card = ModelCard(
        config.name, config.title, network.config, config.preprocessing, _provenance(config, material)
    )
    model = TrainedModel(network, card)
    metrics = judge(material.judged, model, ", ".join(material.sources))
    save_model(arguments.out, replace(model, card=replace(card, ventricular=metrics)))
    terminal.say(f"{config.name} is saved.")
    return 0


def _provenance(config: VentricularFitConfig, material: Material) -> Provenance:
    n = config.network.members
    return Provenance(
        datasets=material.sources,
        train_folds=f"{n - 1} of {n} groups of patients for each member",
        validation_folds="the group of patients that a member left out",
        n_train=len({strip.patient for strip in material.strips}),
        n_validation=len(material.judged),
        seed=config.seed,
        epochs=0,
        initialisation="random",
        command=f"python -m ecgapp fit-ventricular {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=NOTE,
    )
