"""Broad QRS complexes: of ventricular tachycardia by origin, of escape rhythms, of apical pacing.

The vector of the main deflection determines the pattern in the twelve leads; the septum and the rest
follow it slowly, hence broad and slurred. ST segment and T wave are discordant.
"""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.catalogue import ORIGINS
from ecgapp.records.synthetic.dipole import EDGE, Bump, Vector
from ecgapp.records.synthetic.ventricles import FRIDERICIA, Ventricles

LEAST, MOST = 0.140, 0.220  # s, width of a ventricular complex
DIRECTIONS: MappingProxyType[str, Vector] = MappingProxyType(
    dict(
        zip(
            ORIGINS,
            (
                (0.25, 0.75, 0.68),  # right ventricular outflow
                (0.55, -0.55, 0.60),  # right ventricular apex
                (0.25, -0.62, -0.80),  # left posterior septum
                (-0.60, 0.60, -0.50),  # left anterior and lateral wall
                (-0.55, -0.60, -0.38),  # left apex
                (-0.48, 0.30, 0.72),  # apex and front
                (0.40, 0.45, -0.80),  # base and back
            ),
            strict=True,
        )
    )
)


def ventricular_complex(
    direction: Vector, width: float, size: float, rr: float, rng: np.random.Generator
) -> Ventricles:
    """A broad complex of ``width`` s along ``direction``, ``size`` mV, in a rhythm of ``rr`` s.

    Each call draws another shape: how far its beginning and end turn away, and whether it is notched.
    """
    main = _unit(np.array(direction) + 0.09 * _turn(rng))
    early, late = (_unit(main + 0.30 * sign * _turn(rng)) for sign in (1, -1))
    start, finish = (float(size * rng.uniform(0.35, 0.6)) for _ in range(2))
    # two halves in one slurred deflection, or apart as two peaks
    apart = float(rng.uniform(0.10, 0.13) if rng.random() < 0.35 else rng.uniform(0.05, 0.07))
    spread = (0.5 - 0.07 - apart) / EDGE
    qrs = (
        _bump(-0.26 * width, 0.24 / EDGE * width, start * _unit(early + 0.4 * _turn(rng))),
        _bump(-apart * width, spread * width, 0.62 * size * early),
        _bump(apart * width, spread * width, 0.62 * size * late),
        _bump(0.26 * width, 0.24 / EDGE * width, finish * _unit(late + 0.4 * _turn(rng))),
    )
    against = -_unit(main + 0.25 * _turn(rng))
    longer = min(0.08, 0.94 * rr - FRIDERICIA * float(np.cbrt(rr)))
    return Ventricles(
        qrs,
        t_vector=_vector(float(rng.uniform(0.25, 0.40)) * size * against),
        t_widths=(0.062, 0.044),
        st_vector=_vector(float(rng.uniform(0.06, 0.12)) * size * against),
        longer_qt=longer,
    )


def width_at(rr: float, rng: np.random.Generator) -> float:
    """The width of a ventricular complex, s: 140 to 220 ms, less if ``rr`` (s) is too short for it."""
    return float(rng.uniform(LEAST, min(MOST, max(LEAST + 0.01, 0.55 * rr))))


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """A random change of direction, of length about 1.5 and never much more."""
    return rng.normal(size=3).clip(-1.5, 1.5)


def _bump(time: float, spread: float, moment: NDArray[np.float64]) -> Bump:
    return Bump(time, spread, spread, _vector(moment))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))


def _vector(moment: NDArray[np.float64]) -> Vector:
    x, y, z = (float(part) for part in moment)
    return x, y, z
