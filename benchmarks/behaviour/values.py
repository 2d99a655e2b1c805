"""Conversion of any value to JSON types, and the differences between two such values."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from enum import Enum

import numpy as np

TOLERANCE = 1e-6  # absolute or relative
MOST_VALUES = 40  # of an array that are kept beside its sums
LONGEST = 300  # characters of a value that is printed


def plain(value: object) -> object:
    """``value`` in JSON's types; of a longer array its sums and some of its values."""
    if isinstance(value, Enum):
        return value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, frozenset | set):
        return sorted(str(plain(item)) for item in value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _array(values: np.ndarray) -> object:
    flat = values.astype(np.float64).ravel()
    known = np.nan_to_num(flat)
    chosen = plain(flat[:: max(1, flat.size // MOST_VALUES)].tolist())
    if flat.size <= MOST_VALUES:
        return chosen
    return {
        "shape": list(values.shape),
        "sum": float(known.sum()),
        "absolute": float(np.abs(known).sum()),
        "missing": int(np.isnan(flat).sum()),
        "values": chosen,
    }


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Each value that differs, by its path, with both values."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key, "(absent)"), after.get(key, "(absent)"), f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}/{place}")
    elif not _same(before, after):
        yield f"{path}\n  before: {_short(before)}\n  after:  {_short(after)}"


def _same(before: object, after: object) -> bool:
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, int | float) and isinstance(after, int | float):
        return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(before) is type(after) and before == after


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(text):,} characters)"


def count(value: object) -> int:
    """The number of single values in ``value``."""
    if isinstance(value, dict | list):
        return sum(map(count, value.values() if isinstance(value, dict) else value))
    return 1
