"""The command line ``python -m ecgapp``.

Exit codes: 0 on success; 1 if the input was refused, with one sentence on standard error; 2 on wrong usage.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ecgapp.config import DISCLAIMER, Settings
from ecgapp.errors import EcgAppError

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return _command(parsed.command)(parsed, Settings.from_environment())
    except EcgAppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:  # the reader of our output has stopped, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130


_COMMANDS = {  # imported on demand, so that `runs` does not load torch
    "predict": ("ecgapp.cli.predict", "predict"),
    "import": ("ecgapp.cli.import_folder", "import_folder"),
    "verify": ("ecgapp.cli.verify", "verify"),
    "score": ("ecgapp.cli.score", "score"),
    "train": ("ecgapp.cli.train", "train"),
    "delineate": ("ecgapp.cli.delineate", "delineate"),
    "fit-gate": ("ecgapp.cli.fit_gate", "fit_gate"),
    "fit-ventricular": ("ecgapp.cli.fit_ventricular", "fit_ventricular"),
    "evaluate": ("ecgapp.cli.evaluate", "evaluate"),
    "runs": ("ecgapp.cli.runs", "runs"),
    "models": ("ecgapp.cli.models", "models"),
    "reviews": ("ecgapp.cli.reviews", "reviews"),
    "experiment": ("ecgapp.cli.experiment", "experiment"),
    "demo": ("ecgapp.cli.demo", "demo"),
}
_RUN_ACTIONS = {
    "stop": "write a checkpoint and end; a waiting one leaves the queue",
    "resume": "go on from the last checkpoint",
    "move": "change a waiting one's place in the queue",
    "follow": "print its progress until it ends",
    "delete": "remove it with its numbers, checkpoints and log",
}
_MODEL_CHANGES = {  # the arguments and the effect of each
    "promote": (("run", "name"), "use a finished run's model under a name"),
    "roll-back": (("name", "sha256"), "use another version of a model, the shipped one included"),
    "import": (("file",), "use a model that another machine exported"),
    "import-benchmark": (("file",), "use a network of the PTB-XL benchmark, from its public .pth file"),
    "remove": (("name",), "take this machine's own version out of use; its files stay"),
    "delete": (("name", "sha256"), "delete the files of a version that is not in use"),
}
_LAYOUTS = (
    "ptb-xl", "ptb-xl-zscored", "challenge", "ecg-arrhythmia", "shaoxing", "cpsc2018", "cinc2017", "ludb",
    "folder",
)  # fmt: skip


def _command(name: str) -> Command:
    module, function = _COMMANDS[name]
    command: Command = getattr(importlib.import_module(module), function)
    return command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m ecgapp", description=f"12-lead ECGs. {DISCLAIMER}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    predict = commands.add_parser("predict", help="the findings of a model in ECG records")
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a WFDB record's .hea file")
    predict.add_argument("--model", metavar="NAME", help="a classifier; by default nine_class")
    predict.add_argument("--json", action="store_true", help="print one JSON document")
    predict.add_argument("--check", type=Path, metavar="BUNDLE.json", help="compute its numbers again")

    store = commands.add_parser("import", help="import a folder of ECGs into a data set")
    store.add_argument("layout", choices=_LAYOUTS, metavar="LAYOUT", help=", ".join(_LAYOUTS))
    store.add_argument("source", type=Path, metavar="SOURCE", help="the folder the archive unpacks to")
    store.add_argument("store", metavar="STORE", help="the new data set's name, or a path")
    store.add_argument("--sampling-rate", type=float, metavar="HZ", help="resample every record to this rate")
    store.add_argument("--leads", metavar="I,II,...", help="store only these leads")
    store.add_argument("--workers", type=int, default=0, metavar="N", help="processes; by default as pays")
    store.add_argument("--json", action="store_true", help="print progress and report as JSON, one a line")

    verify = commands.add_parser("verify", help="compare every file of a data set with its checksum")
    verify.add_argument("store", metavar="STORE", help="a data set's name, or a path")

    _add_score(commands.add_parser("score", help="score all records of a folder or data set, in parts"))

    _add_trainings(commands)

    _add_experiment(commands.add_parser("experiment", help="run a published study, or go on with it"))

    evaluate = commands.add_parser("evaluate", help="measure a model on a data set")
    evaluate.add_argument("--model", required=True, metavar="NAME")
    evaluate.add_argument("--store", required=True, metavar="STORE", help="a data set's name, or a path")
    evaluate.add_argument("--folds", nargs="+", type=int, metavar="FOLD", help="by default all")
    evaluate.add_argument("--json", action="store_true", help="print one JSON document")

    _add_runs(
        commands.add_parser("runs", help="list the trainings on this machine, or stop, resume, move one")
    )

    _add_models(commands.add_parser("models", help="list the models in use, or change, carry, delete one"))

    _add_reviews(commands.add_parser("reviews", help="list reviewed ECGs, or export labels and audit trail"))

    demo = commands.add_parser("demo", help="write synthetic ECGs as WFDB files")
    demo.add_argument("folder", type=Path, metavar="FOLDER")
    return parser


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("source", metavar="SOURCE", help="a folder of ECG files, or a data set's name or path")
    score.add_argument("--model", required=True, metavar="NAME", help="a classifier")
    score.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the scores go")
    score.add_argument("--part", metavar="I/N", help="score only this share of the parts, e.g. 2/8")
    score.add_argument("--collect", action="store_true", help="score nothing; join the parts' tables")
    score.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes; by default as cores and memory allow"
    )
    score.add_argument("--json", action="store_true", help="print progress and report as JSON, one a line")


def _add_trainings(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    train = commands.add_parser("train", help="train a model with the settings in a JSON file")
    what = train.add_mutually_exclusive_group(required=True)
    what.add_argument("config", nargs="?", type=Path, metavar="CONFIG.json", help="the training's settings")
    what.add_argument("--resume", metavar="RUN", help="go on with a run, in this terminal")

    delineate = commands.add_parser("delineate", help="train a model that finds waves, on marked records")
    delineate.add_argument("config", type=Path, metavar="CONFIG.json", help="the training's settings")
    delineate.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the unpacked LUDB")
    delineate.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the model goes")

    gate = commands.add_parser("fit-gate", help="fit a gate that refuses what is no readable ECG")
    gate.add_argument("config", type=Path, metavar="CONFIG.json", help="the gate's settings")
    gate.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the unpacked archives")
    gate.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the model goes")

    ventricular = commands.add_parser("fit-ventricular", help="train the network of ventricular rhythms")
    ventricular.add_argument("config", type=Path, metavar="CONFIG.json", help="the training's settings")
    ventricular.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="the unpacked archives"
    )
    ventricular.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the model goes")


def _add_experiment(experiment: argparse.ArgumentParser) -> None:
    experiment.add_argument("protocol", metavar="NAME", help="a protocol, e.g. jang2021")
    experiment.add_argument(
        "--store",
        action="append",
        required=True,
        metavar="STORE",
        help="a data set's name, or a path; may repeat",
    )
    experiment.add_argument("--size", default="standard", choices=("quick", "standard", "full"))
    experiment.add_argument("--seed", type=int, default=0, metavar="N")
    experiment.add_argument(
        "--settings", type=Path, metavar="FILE.json", help="other settings of the protocol"
    )
    experiment.add_argument(
        "--device",
        default="auto",
        metavar="DEVICE",
        help="by default every GPU, or the CPU; several: cuda:0+cuda:1",
    )
    experiment.add_argument("--part", metavar="I/N", help="run only these arms, e.g. 2/8; needs --out")
    experiment.add_argument("--collect", action="store_true", help="run nothing, and write the tables")
    experiment.add_argument(
        "--estimate", action="store_true", help="run nothing, and measure how long it takes"
    )
    experiment.add_argument(
        "--out", type=Path, metavar="DIR", help="where results go, outside the app's list"
    )
    experiment.add_argument("--json", action="store_true", help="print the results as one JSON document")


def _add_runs(runs: argparse.ArgumentParser) -> None:
    actions = runs.add_subparsers(dest="action", metavar="ACTION")
    for action, words in _RUN_ACTIONS.items():
        one = actions.add_parser(action, help=words)
        one.add_argument("run", metavar="RUN", help="as in the list")
        if action == "move":
            one.add_argument("places", type=int, metavar="PLACES", help="-1: one place earlier")
    export = actions.add_parser("export", help="write its numbers, its settings and the command to repeat it")
    export.add_argument("run", metavar="RUN", help="as in the list")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="a new one")


def _add_models(models: argparse.ArgumentParser) -> None:
    actions = models.add_subparsers(dest="action", metavar="ACTION")
    history = actions.add_parser("history", help="who changed which model when and why")
    history.add_argument("name", nargs="?", metavar="NAME", help="by default all models")
    export = actions.add_parser("export", help="write a model to one file, for another machine")
    export.add_argument("name", metavar="NAME")
    export.add_argument("file", type=Path, metavar="FILE.ecgapp-model.zip")
    for action, (fields, words) in _MODEL_CHANGES.items():
        change = actions.add_parser(action, help=words)
        for field in fields:
            change.add_argument(field, metavar=field.upper())
        if action == "import":
            change.add_argument("--name", metavar="NAME", help="by default the model's own")
        if action == "import-benchmark":
            change.add_argument("--name", required=True, metavar="NAME", help="of the model here")
            change.add_argument("--network", required=True, metavar="NETWORK", help="e.g. xresnet1d101")
            change.add_argument("--task", required=True, metavar="TASK", help="whose labels it answers")
            change.add_argument("--store", metavar="STORE", help="PTB-XL here, to measure mean and deviation")
            change.add_argument("--mean", type=float, metavar="MV", help="of all leads, in mV")
            change.add_argument("--deviation", type=float, metavar="MV", help="of all leads, in mV")
        if action == "promote":
            words = "NAME again, to use the model in spite of concerns"
            change.add_argument("--despite", metavar="NAME", default="", help=words)
        change.add_argument("--by", required=True, metavar="WHO", help="who decides this")
        change.add_argument("--reason", required=True, metavar="WHY", help="is kept in the history")


def _add_reviews(reviews: argparse.ArgumentParser) -> None:
    actions = reviews.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="each reviewed ECG by its fingerprint, with its status")
    export = actions.add_parser("export", help="write kept ECGs and their labels, to be imported as a folder")
    export.add_argument("folder", type=Path, metavar="FOLDER", help="a new one")
    audit = actions.add_parser("audit", help="write every event: who, what, when, beside which model")
    audit.add_argument("file", type=Path, metavar="FILE.csv")


if __name__ == "__main__":
    sys.exit(main())
