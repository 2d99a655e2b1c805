"""Model bundles for transfer between machines: a zip file of card, weights and validation predictions.

A bundle is not trusted. It is checked completely before it is installed: names and sizes before a byte is
read, sha256, card, the shape of every tensor before the network is built, then the output for one window.
"""

import io
import struct
import zipfile
from dataclasses import replace
from typing import BinaryIO

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ModelError
from ecgapp.models import ModelCard, PackedModel, read_model, unpack, unpack_predictions
from ecgapp.promotion.changes import refuse_bad_name
from ecgapp.promotion.checks import refuse_unusable
from ecgapp.storage import documents

SUFFIX = ".ecgapp-model.zip"
LARGEST = 2_000_000_000  # bytes of a whole bundle
LARGEST_CARD = 2_000_000  # bytes

_CARD, _WEIGHTS, _PREDICTIONS = "card.json", "weights.safetensors", "predictions.safetensors"
_BAD_CARD = "The card in this bundle cannot be read. Export it again, with this version of the app."
_MARKDOWN = ("![", "](")  # pages show a card's text as Markdown
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day of zip, so that equal models give equal bytes
_BAD_ZIP = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, struct.error, OverflowError)


def export_bundle(name: str, settings: Settings) -> bytes:
    """The bundle of the model in use under ``name``.

    Raises:
        ModelNotFoundError: there is no such model.
        WeightsMismatchError: its files are damaged.
    """
    packed = read_model((settings.weights, settings.shipped_weights), name)
    unpack(packed)
    unpack_predictions(packed.card, packed.predictions)
    contents = {_CARD: documents.dump(packed.card).encode(), _WEIGHTS: packed.weights}
    if packed.predictions is not None:
        contents[_PREDICTIONS] = packed.predictions
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as archive:
        for member, content in contents.items():
            archive.writestr(zipfile.ZipInfo(member, _EPOCH), content)
    return bundle.getvalue()


def read_bundle(file: BinaryIO, name: str = "") -> PackedModel:
    """The checked model in a bundle, renamed to ``name`` if one is given.

    Raises:
        ModelError: the file is no bundle, is damaged, or does not work here; the message says which.
    """
    contents = _contents(file)
    card = _card(contents[_CARD])
    packed = PackedModel(
        replace(card, name=name or card.name), contents[_WEIGHTS], contents.get(_PREDICTIONS)
    )
    refuse_bad_name(packed.card.name)
    refuse_unusable(packed)
    return packed


def _card(content: bytes) -> ModelCard:
    """The card in ``content``, if it survives writing and cannot make a browser load a picture."""
    try:
        card = documents.load(ModelCard, content.decode())
        written = documents.dump(card)
        if documents.load(ModelCard, written) == card and not any(mark in written for mark in _MARKDOWN):
            return card
    except (ConfigError, UnicodeError) as error:
        raise ModelError(_BAD_CARD) from error
    raise ModelError(_BAD_CARD)


def _contents(file: BinaryIO) -> dict[str, bytes]:
    """The contents of the bundle's members, by name."""
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_odd_members(archive.infolist())
            return {member.filename: archive.read(member) for member in archive.infolist()}
    except _BAD_ZIP as error:
        raise ModelError("This file is no model bundle, or it is damaged. Export the model again.") from error


def _refuse_odd_members(members: list[zipfile.ZipInfo]) -> None:
    """Check the members' names and sizes; uncompressed members cannot grow when they are read."""
    names = [member.filename for member in members]
    if sorted(names) not in ([_CARD, _WEIGHTS], [_CARD, _PREDICTIONS, _WEIGHTS]):
        raise ModelError("This file is no model bundle: it holds other files than a model's.")
    sizes = {member.filename: member.file_size for member in members}
    if sizes[_CARD] > LARGEST_CARD or sum(sizes.values()) > LARGEST:
        raise ModelError("This bundle is larger than any model of this app. It was not opened.")
    stored = all(member.compress_type == zipfile.ZIP_STORED for member in members)
    if not stored or any(member.file_size != member.compress_size for member in members):
        raise ModelError("This bundle was packed by another program. Export the model again.")
