"""Models on disk: a card ``<name>.json``, and the safetensors files that it names by their sha256.

One rule finds a file: ``objects/<sha256>.safetensors`` in the card's folder, else, beside the card,
``<name>.safetensors`` or ``<name>.predictions.safetensors``. Shipped models and the results of runs
have the plain names; installed models have objects, so that the card alone says which version is in
use, and one rename changes it.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ecgapp.errors import ConfigError, ModelNotFoundError, WeightsMismatchError
from ecgapp.models.card import ModelCard
from ecgapp.models.predictions import Predictions
from ecgapp.models.serialisation import PackedModel, TrainedModel, pack, unpack, unpack_predictions
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of, write_atomically

_OBJECTS = "objects"
_WEIGHTS = ".safetensors"
_PREDICTIONS = ".predictions.safetensors"


def save_model(folder: Path, model: TrainedModel, predictions: Predictions | None = None) -> ModelCard:
    """Write weights, predictions and card under plain names.

    An earlier card goes first and the new one comes last: a kill in between leaves a folder without
    the model, never a card beside the weights of another.
    """
    packed = pack(model, predictions)
    card = folder / f"{packed.card.name}.json"
    card.unlink(missing_ok=True)
    (folder / f"{packed.card.name}{_PREDICTIONS}").unlink(missing_ok=True)
    write_atomically(folder / f"{packed.card.name}{_WEIGHTS}", packed.weights)
    if packed.predictions is not None:
        write_atomically(folder / f"{packed.card.name}{_PREDICTIONS}", packed.predictions)
    write_atomically(card, documents.dump(packed.card).encode())
    return packed.card


def keep_version(folder: Path, packed: PackedModel) -> None:
    """Write weights and predictions as objects; no card points to them yet."""
    _keep(folder, packed.card.sha256, packed.weights)
    if packed.predictions is not None:
        _keep(folder, packed.card.predictions_sha256, packed.predictions)


def use_version(folder: Path, card: ModelCard) -> None:
    """Let ``card``, whose objects are kept, be the model of its name: one rename."""
    write_atomically(folder / f"{card.name}.json", documents.dump(card).encode())


def keep_plain_files(folder: Path, card: ModelCard) -> None:
    """Give the files of a model with plain names those of objects; the rule finds them all the while."""
    digests = {_WEIGHTS: card.sha256, _PREDICTIONS: card.predictions_sha256}
    for suffix, sha256 in digests.items():
        plain, target = folder / f"{card.name}{suffix}", object_path(folder, sha256)
        if sha256 and plain.is_file() and not target.is_file():
            target.parent.mkdir(exist_ok=True)
            plain.rename(target)


def object_path(folder: Path, sha256: str) -> Path:
    """The path of the file with this sha256 once a version that has it is kept."""
    return folder / _OBJECTS / f"{sha256}{_WEIGHTS}"


def read_version(folder: Path, card: ModelCard) -> PackedModel:
    """The files of this card, unchecked.

    Raises:
        WeightsMismatchError: its weights are not there.
    """
    try:
        weights = _path(folder, card.name, card.sha256, _WEIGHTS).read_bytes()
    except OSError as error:
        raise WeightsMismatchError(
            f"The weights file of {card.name} cannot be read. Install the model again."
        ) from error
    return PackedModel(card, weights, _predictions_of(folder, card))


def read_model(folders: Sequence[Path], name: str) -> PackedModel:
    """The files of the model of this name, unchecked, from the first folder that has it.

    Raises:
        ModelNotFoundError: no folder has it.
        WeightsMismatchError: its card or its weights cannot be read.
    """
    folder = _folder_of(folders, name)
    return read_version(folder, load_card(folder, name))


def load_model(folders: Sequence[Path], name: str) -> TrainedModel:
    """The model of this name, from the first folder that has it.

    Raises:
        ModelNotFoundError: no folder has it.
        WeightsMismatchError: weights and card, or weights and network, disagree.
    """
    return unpack(read_model(folders, name))


def load_version(folders: Sequence[Path], card: ModelCard) -> TrainedModel:
    """The model of exactly this card, whichever is in use under its name by now.

    Raises:
        WeightsMismatchError: no folder has its weights.
    """
    for folder in folders:
        with suppress(WeightsMismatchError):
            return unpack(read_version(folder, card))
    raise WeightsMismatchError(f"The weights of {card.name} are not here, or damaged. Reload the page.")


def load_card(folder: Path, name: str) -> ModelCard:
    """The card alone, without reading the weights.

    Raises:
        WeightsMismatchError: it is damaged, or was written by another version of the app.
    """
    try:
        return _card((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        raise WeightsMismatchError(
            f"The card of the model {name} cannot be read. Remove the model, or install it again."
        ) from error


@lru_cache(maxsize=64)
def _card(text: str) -> ModelCard:
    """A page reads all cards several times at each click."""
    return documents.load(ModelCard, text)


def load_version_predictions(folders: Sequence[Path], card: ModelCard) -> Predictions | None:
    """The predictions kept with exactly this card, whichever is in use under its name by now.

    Raises:
        WeightsMismatchError: the card names some, and no folder has them.
    """
    for folder in folders:
        with suppress(WeightsMismatchError):
            return unpack_predictions(card, _predictions_of(folder, card))
    return unpack_predictions(card, None)


def installed_models(folders: Sequence[Path]) -> dict[str, ModelCard]:
    """Cards by name, sorted; earlier folders stand before later ones, damaged cards are left out."""
    cards: dict[str, ModelCard] = {}
    for folder, name in _cards(folders):
        with suppress(WeightsMismatchError):  # ``damaged_models`` names them
            cards.setdefault(name, load_card(folder, name))
    return dict(sorted(cards.items()))


def damaged_models(folders: Sequence[Path]) -> tuple[str, ...]:
    """A sentence for each model whose card cannot be read."""
    sentences = []
    for folder, name in _cards(folders):
        try:
            load_card(folder, name)
        except WeightsMismatchError as error:
            sentences.append(str(error))
    return tuple(sentences)


def _keep(folder: Path, sha256: str, content: bytes) -> None:
    """A file that is there already is written again only where it was damaged."""
    path = object_path(folder, sha256)
    if not path.is_file() or sha256_of(path) != sha256:
        write_atomically(path, content)


def _predictions_of(folder: Path, card: ModelCard) -> bytes | None:
    if not card.predictions_sha256:
        return None
    path = _path(folder, card.name, card.predictions_sha256, _PREDICTIONS)
    return path.read_bytes() if path.is_file() else None


def _path(folder: Path, name: str, sha256: str, suffix: str) -> Path:
    path = object_path(folder, sha256)
    return path if path.is_file() else folder / f"{name}{suffix}"


def _cards(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    return [(folder, path.stem) for folder in folders for path in sorted(folder.glob("*.json"))]


def _folder_of(folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / f"{name}.json").is_file():
            return folder
    raise ModelNotFoundError(f"There is no model named {name} on this machine.")
