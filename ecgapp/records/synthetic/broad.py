"""Broad complexes: of ventricular tachycardia by origin, of escape rhythms, of pacing at the apex.

The vector of the main deflection decides the pattern in the twelve leads; the septum and the rest follow
it slowly, hence broad and slurred. Repolarisation runs against it: ST segment and T wave are discordant.
"""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.catalogue import ORIGINS
from ecgapp.records.synthetic.dipole import Bump, Vector
from ecgapp.records.synthetic.ventricles import FRIDERICIA, Ventricles

LEAST, MOST = 0.130, 0.220  # s, width of a ventricular complex
DIRECTIONS: MappingProxyType[str, Vector] = MappingProxyType(
    dict(
        zip(
            ORIGINS,
            (
                (0.25, 0.80, 0.55),  # right ventricular outflow
                (0.55, -0.55, 0.60),  # right ventricular apex
                (0.35, -0.62, -0.75),  # left posterior septum
                (-0.60, 0.60, -0.50),  # left anterior and lateral wall
                (-0.55, -0.60, -0.28),  # left apex
                (-0.48, 0.30, 0.72),  # apex and front
                (0.48, 0.45, -0.70),  # base and back
            ),
            strict=True,
        )
    )
)


def ventricular_complex(
    direction: Vector, width: float, size: float, rr: float, rng: np.random.Generator
) -> Ventricles:
    """A broad complex of ``width`` s along ``direction``, ``size`` mV, in a rhythm of ``rr`` s.

    Each call draws another shape: how far the beginning and the end turn away, whether it is notched.
    """
    main = _unit(np.array(direction) + 0.13 * rng.normal(size=3).clip(-1.5, 1.5))
    first = _unit(main + 0.75 * rng.normal(size=3).clip(-1.5, 1.5))
    last = _unit(main + 0.75 * rng.normal(size=3).clip(-1.5, 1.5))
    notched = bool(rng.random() < 0.4)
    middle = _notched(main, width, size) if notched else (_bump(0.0, 0.13 * width, size * main),)
    start, finish = float(rng.uniform(0.2, 0.45)), float(rng.uniform(0.2, 0.45))
    qrs = (
        _bump(-0.25 * width, 0.10 * width, start * size * first),
        *middle,
        _bump(0.25 * width, 0.10 * width, finish * size * last),
    )
    against = -_unit(main + 0.25 * rng.normal(size=3).clip(-1.5, 1.5))
    longer = min(0.08, 0.94 * rr - FRIDERICIA * float(np.cbrt(rr)))
    return Ventricles(
        qrs,
        t_vector=_vector(float(rng.uniform(0.25, 0.40)) * size * against),
        t_widths=(0.062, 0.044),
        st_vector=_vector(float(rng.uniform(0.06, 0.12)) * size * against),
        longer_qt=longer,
    )


def width_at(rr: float, rng: np.random.Generator) -> float:
    """The width of a ventricular complex, s: 130 to 220 ms, less where ``rr`` (s) leaves no room."""
    return float(rng.uniform(LEAST + 0.004, min(MOST, max(LEAST + 0.01, 0.55 * rr))))


def _notched(main: NDArray[np.float64], width: float, size: float) -> tuple[Bump, Bump]:
    return (
        _bump(-0.09 * width, 0.085 * width, 0.9 * size * main),
        _bump(0.13 * width, 0.085 * width, 0.8 * size * main),
    )


def _bump(time: float, spread: float, moment: NDArray[np.float64]) -> Bump:
    return Bump(time, spread, spread, _vector(moment))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(moment: NDArray[np.float64]) -> Vector:
    x, y, z = (float(part) for part in moment)
    return x, y, z
