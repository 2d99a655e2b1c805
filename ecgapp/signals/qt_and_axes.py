"""Formulas: QT corrected for heart rate, and axes in the frontal plane."""

import numpy as np


def bazett(qt: float, rr: float) -> float:
    """QT (ms) divided by the square root of RR (s). Bazett 1920; too long at fast rates."""
    return float(qt / np.sqrt(rr))


def fridericia(qt: float, rr: float) -> float:
    """QT (ms) divided by the cube root of RR (s). Fridericia 1920."""
    return float(qt / np.cbrt(rr))


def framingham(qt: float, rr: float) -> float:
    """QT (ms) + 154 (1 - RR (s)). Sagie et al. 1992, doi 10.1016/0002-9149(92)90562-D."""
    return qt + 154.0 * (1.0 - rr)


def hodges(qt: float, rr: float) -> float:
    """QT (ms) + 1.75 (rate - 60). Hodges et al. 1983."""
    return qt + 1.75 * (60.0 / rr - 60.0)


def frontal_axis(lead_one: float, avf: float) -> float:
    """The direction in degrees, -180 to 180, of a wave with these net areas in I and aVF.

    Goldberger's aVF is smaller than a lead of Einthoven's triangle by the factor 2 / sqrt(3).
    """
    return float(np.degrees(np.arctan2(2.0 * avf / np.sqrt(3.0), lead_one)))
