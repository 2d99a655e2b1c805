"""Frozen dataclasses to JSON and back: configs and cards are documents, dicts stay at the door."""

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from ecgapp.errors import ConfigError

T = TypeVar("T")
LATER = "added later"  # the metadata key of fields that are left out of documents at their default


def later(default: T) -> T:
    """A dataclass field that is left out of documents at its default, which earlier versions lack."""
    made: T = dataclasses.field(default=default, metadata={LATER: True})  # type: ignore[arg-type]
    return made


def dump(value: Any) -> str:
    """``value``, a dataclass, as indented JSON; NaN becomes null."""
    return json.dumps(to_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load(cls: type[T], text: str) -> T:
    """The dataclass ``cls`` that ``text`` describes.

    Raises:
        ConfigError: the text is no JSON, or a field is missing, unknown or of the wrong kind.
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError("The document is not valid JSON.") from error
    loaded: T = from_plain(cls, plain)
    return loaded


def to_plain(value: Any) -> Any:
    """``value`` in JSON's own types. A class may bring its own ``to_document``."""
    if hasattr(value, "to_document"):
        return value.to_document()
    if dataclasses.is_dataclass(value):
        return fields_to_plain(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_plain(item) for item in value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def fields_to_plain(value: Any) -> dict[str, Any]:
    """A dataclass's fields by name.

    A field with the metadata ``LATER`` is left out at its default: documents written before the field
    existed, and their digests, stay the same.
    """
    return {
        field.name: to_plain(getattr(value, field.name))
        for field in dataclasses.fields(value)
        if not (field.metadata.get(LATER) and getattr(value, field.name) == field.default)
    }


def from_plain(kind: Any, plain: Any) -> Any:
    """Read ``plain`` as ``kind``: a dataclass, a container of them, an optional, or a scalar.

    Raises:
        ConfigError: ``plain`` is not of that kind.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _optional(typing.get_args(kind), plain)
    if hasattr(kind, "from_document"):
        return kind.from_document(plain)
    if dataclasses.is_dataclass(kind):
        return fields_from_plain(kind, plain)
    if origin in (tuple, frozenset, list):
        return _container(origin, typing.get_args(kind), plain)
    if origin is dict and isinstance(plain, Mapping):
        key, item = typing.get_args(kind)
        return {from_plain(key, k): from_plain(item, v) for k, v in plain.items()}
    return _scalar(kind, plain)


def fields_from_plain(cls: Any, plain: Any) -> Any:
    """Build the dataclass ``cls``; fields left out take their defaults."""
    if not isinstance(plain, Mapping):
        raise ConfigError(f"{cls.__name__} must be a JSON object.")
    hints = _kinds_of_fields(cls)
    unknown = plain.keys() - hints.keys()
    if unknown:
        raise ConfigError(f"{cls.__name__} has no field named {', '.join(sorted(unknown))}.")
    try:
        return cls(**{name: from_plain(hints[name], item) for name, item in plain.items()})
    except TypeError as error:
        raise ConfigError(f"{cls.__name__} lacks a field that it needs.") from error


@functools.cache
def _kinds_of_fields(cls: Any) -> dict[str, Any]:
    """Each field's kind: a list of thousands of small documents asks for the same ones again and again."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _optional(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None and type(None) in kinds:
        return None
    first, *rest = [kind for kind in kinds if kind is not type(None)]
    try:
        return from_plain(first, plain)
    except ConfigError:
        if not rest:
            raise
        return _optional(tuple(rest), plain)


def _container(origin: Any, kinds: tuple[Any, ...], plain: Any) -> Any:
    if not isinstance(plain, list):
        raise ConfigError("A list is missing where one is needed.")
    if origin is tuple and kinds[-1] is not Ellipsis:
        if len(plain) != len(kinds):
            raise ConfigError(f"A list should have {len(kinds)} items.")
        return tuple(from_plain(kind, item) for kind, item in zip(kinds, plain, strict=True))
    return origin(from_plain(kinds[0], item) for item in plain)


def _scalar(kind: Any, plain: Any) -> Any:
    if kind is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        return float(plain)
    if kind is Any or (isinstance(plain, kind) and (kind is bool or not isinstance(plain, bool))):
        return plain
    raise ConfigError(f"A value should be of type {getattr(kind, '__name__', kind)}.")
