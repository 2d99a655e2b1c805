"""The shapes of heartbeats as a moving dipole: normal, blocked, ectopic, ischaemic.

Times in s relative to the R wave (QRS) or to the wave's own middle (P, T); vectors in mV, x left,
y feet, z back. Shapes follow textbook criteria: rsR' in V1 and a broad S in I and V6 for RBBB,
broad notched R in I, aVL, V6 and a deep S in V1 for LBBB, discordant T waves with both.
"""

from dataclasses import dataclass

import numpy as np

from ecgapp.records.synthetic.dipole import Bump, Vector

FRIDERICIA = 0.395  # s: QT at 60 bpm; it grows with the cube root of RR

ATRIA = (  # right atrium first and to the front, then the left: biphasic in V1
    Bump(-0.015, 0.017, 0.017, (0.060, 0.075, -0.055)),
    Bump(0.016, 0.017, 0.017, (0.110, 0.062, 0.040)),
)
ECTOPIC_ATRIA = (  # from low in the atria, upwards: inverted in II, III and aVF
    Bump(-0.010, 0.015, 0.015, (0.035, -0.100, -0.020)),
    Bump(0.014, 0.015, 0.015, (0.045, -0.075, -0.030)),
)


@dataclass(frozen=True)
class Ventricles:
    """Depolarisation and repolarisation of one kind of beat."""

    qrs: tuple[Bump, ...]
    t_vector: Vector
    t_widths: tuple[float, float] = (0.052, 0.038)  # s: the upstroke is slower
    st_vector: Vector | None = None  # shift of the ST segment, from the J point on
    longer_qt: float = 0.0  # s, because the QRS is wide or repolarisation slow
    t_notch: Vector | None = None  # an earlier hump of the T wave

    @property
    def onset(self) -> float:
        return min(bump.onset for bump in self.qrs)

    @property
    def offset(self) -> float:
        """The J point, s after R."""
        return max(bump.offset for bump in self.qrs)

    def repolarisation(self, rr: float) -> tuple[tuple[Bump, ...], tuple[Bump, ...]]:
        """The bumps of the ST segment (none or one) and of the T wave (one or two) of a beat.

        ``rr`` is the time since the previous beat, s.
        """
        qt = FRIDERICIA * float(np.cbrt(rr)) + self.longer_qt
        room = self.onset + qt - self.offset  # from the J point to the end of T
        scale = min(1.0, room / 0.28)  # fast hearts have narrower T waves
        before, after = (width * scale for width in self.t_widths)
        peak = self.onset + qt - 2.5 * after
        t_wave: tuple[Bump, ...] = (Bump(peak, before, after, self.t_vector),)
        if self.t_notch is not None:
            t_wave = (Bump(peak - 2.6 * before, before, before, self.t_notch), *t_wave)
        if self.st_vector is None:
            return (), t_wave
        start = self.offset - 0.012
        hold = max(0.0, peak - 1.6 * before - start)
        return (Bump(start, 0.010, 1.1 * before, self.st_vector, hold),), t_wave


SEPTUM = Bump(-0.023, 0.0065, 0.0065, (-0.14, -0.07, -0.22))
FREE_WALL = Bump(0.0, 0.0105, 0.0105, (1.15, 0.60, 0.12))
BASE = Bump(0.0195, 0.0090, 0.0095, (-0.15, -0.10, 0.72))
NORMAL_QRS = (SEPTUM, FREE_WALL, BASE)
NORMAL_T = (0.41, 0.19, -0.16)

NORMAL = Ventricles(NORMAL_QRS, NORMAL_T)
RBBB = Ventricles(
    (
        SEPTUM,
        FREE_WALL,
        Bump(0.021, 0.0085, 0.0085, (-0.05, -0.08, 0.30)),
        Bump(0.058, 0.019, 0.019, (-0.44, -0.04, -0.72)),  # the right ventricle, late and slow
    ),
    t_vector=(0.40, 0.19, 0.10),
    longer_qt=0.04,
)
LBBB = Ventricles(
    (
        Bump(-0.052, 0.009, 0.009, (0.06, 0.04, -0.10)),
        Bump(-0.021, 0.0190, 0.0190, (0.88, 0.36, 0.80)),
        Bump(0.029, 0.0195, 0.0200, (0.92, 0.22, 1.00)),  # the left ventricle by a detour
    ),
    t_vector=(-0.50, -0.12, -0.48),
    st_vector=(-0.14, -0.04, -0.20),
    longer_qt=0.06,
)
PVC = Ventricles(  # from the right ventricle's outflow: like LBBB with the axis downwards
    (Bump(-0.040, 0.018, 0.018, (0.25, 0.55, 0.25)), Bump(0.0, 0.026, 0.030, (0.75, 1.40, 1.15))),
    t_vector=(-0.32, -0.56, -0.50),
    t_widths=(0.062, 0.044),
    st_vector=(-0.05, -0.15, -0.15),
    longer_qt=0.08,
)
DEPRESSED = Ventricles(NORMAL_QRS, (0.13, 0.08, -0.06), st_vector=(-0.19, -0.12, 0.05))
ELEVATED = Ventricles(NORMAL_QRS, (0.40, 0.10, -0.40), st_vector=(0.13, -0.10, -0.24))
