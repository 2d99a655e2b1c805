"""All that is asked, part by part."""

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.behaviour.home import Home
from benchmarks.behaviour.made import fits, reviews, trainings, worklist
from benchmarks.behaviour.one_ecg import all_explanations, answers
from benchmarks.behaviour.records import CHOSEN, LAYOUTS, ZSCORED, other_formats, real, synthetic, zscored
from ecgapp.analysis import InstalledModels
from ecgapp.datasets import open_store
from ecgapp.errors import EcgAppError
from ecgapp.records import ECGRecord, read_record
from ecgapp.storage import documents

N_EXPLAINED, N_REVIEWED = 2, 3
EVALUATED = {"nine_class": "challenge", "ptbxl_superclass": "ptb-xl", "cae_12lead": "ludb"}


class Snapshot:
    """The answers about the archives in ``data``, part by part, from an installation in ``home``."""

    def __init__(self, data: Path, home: Path) -> None:
        self.data, self.home = data, Home(home)
        self.models = InstalledModels(self.home.settings)

    @property
    def parts(self) -> dict[str, Callable[[], object]]:
        """The functions that compute each part, by name."""
        return {
            "models": self.cards,
            "imports": lambda: self.imports,
            "ecgs": self.ecgs,
            "explanations": self.explanations,
            "predict": self.predict,
            "formats": self.formats,
            "evaluate": self.evaluate,
            "trainings": lambda: trainings(self.home),
            "fits": lambda: fits(self.home, self.data),
            "worklist": lambda: worklist(self.home, list(self._readable())),
            "reviews": self.reviews,
        }

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """The headers of the chosen records and of the synthetic ones, by source."""
        return {**real(self.data), "synthetic": list(synthetic(self.home.home / "synthetic"))}

    @cached_property
    def imports(self) -> dict[str, Any]:
        """The import of each source; its data set stays."""
        return {
            layout: self.home.imported(layout, self.data / source, layout)
            for layout, source in LAYOUTS.items()
        }

    def ecgs(self) -> dict[str, Any]:
        """All results for each ECG, with a report of each real one and each synthetic rhythm."""
        result = {}
        for source, paths in self.files.items():
            for path in paths:
                printed = source != "synthetic" or path.stem.endswith("-0")
                result[f"{source}/{path.stem}"] = self._answers(path, printed)
        self.imports  # noqa: B018  makes the data set
        for row, record in zscored(open_store(ZSCORED, self.home.settings)):
            result[f"{ZSCORED}/{row}"] = answers(record, self.models)
        return result

    def _answers(self, path: Path, printed: bool) -> object:
        try:
            return answers(read_record([path]), self.models, printed)
        except EcgAppError as error:
            return str(error)

    def explanations(self) -> dict[str, Any]:
        """The maps of all methods for a few ECGs."""
        paths = self.files["ptb-xl"][:N_EXPLAINED]
        return {path.stem: all_explanations(read_record([path]), self.models) for path in paths}

    def predict(self) -> dict[str, Any]:
        """``predict --json`` of all files, and the table of a few."""
        result: dict[str, Any] = {}
        for source, paths in self.files.items():
            result[source] = self.home.command("predict", "--json", *paths)
            result[source]["out"] = {document["record"]: document for document in result[source]["out"]}
        words = ("predict", "--model", "ptbxl_superclass")
        result["in words"] = self.home.command(*words, *self.files["ptb-xl"][:5], *self.files["cinc2017"][:2])
        result["demo"] = self.home.command("demo", self.home.home / "demo")
        demos = sorted((self.home.home / "demo").glob("*.hea"))
        result["demos"] = self.home.command("predict", "--json", *demos)
        return result

    def formats(self) -> dict[str, Any]:
        """``predict --json`` of each folder of other formats: what can be read, and the other's sentences."""
        return {
            name: self.home.command("predict", "--json", *paths)
            for name, paths in other_formats(self.data).items()
        }

    def evaluate(self) -> dict[str, Any]:
        """``evaluate --json`` of each kind of model, and the list of models."""
        self.imports  # noqa: B018  makes the data sets
        result = {
            model: self.home.command(
                "evaluate", "--model", model, "--store", store, "--folds", 1, 2, "--json"
            )
            for model, store in EVALUATED.items()
        }
        return result | {"list": self.home.command("models")}

    def cards(self) -> dict[str, Any]:
        """The card of each installed model."""
        return {name: documents.to_plain(card) for name, card in self.models.cards().items()}

    def reviews(self) -> dict[str, Any]:
        """The results of a few reviewed ECGs."""
        paths = self.files["ludb"][:N_REVIEWED]
        return reviews(self.home, [read_record([path]) for path in paths], self.models)

    def _readable(self) -> Iterator[ECGRecord]:
        """The real ECGs that can be read."""
        for path in (path for source in CHOSEN for path in self.files[source]):
            try:
                yield read_record([path])
            except EcgAppError:
                continue
