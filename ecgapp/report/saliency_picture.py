"""Page 2's picture: which moments of which leads moved a class, twelve small leads on one scale."""

import numpy as np

from ecgapp.analysis import Explanation
from ecgapp.records import ECGRecord, FloatArray
from ecgapp.report.page import GREY, Page, Type
from ecgapp.signals.paper import keep_peaks

BIN = 0.02  # s over which relevance is summed
CLIPPED = 0.995  # quantile of the bins at which the colours end
SHADES = 8  # of each colour; a bin of less than half a shade stays white
FOR, AGAINST = (213, 94, 0), (0, 114, 178)  # colour-blind-safe orange and blue (Okabe and Ito 2008)
HIGHEST_ROW = 18.0  # mm
HIGHEST_GAIN = 10.0  # mm/mV
POINTS_PER_SECOND = 200.0  # at most; lowest and highest samples are kept
BARS = 20.0  # mm at the right, for the leads' shares
NAMES = 9.0  # mm at the left


class Frame:
    """The frame of the picture: its left edge, its top, width and height in mm."""

    def __init__(self, left: float, top: float, width: float, height: float) -> None:
        self.left, self.top = left + NAMES, top
        self.width, self.height = width - NAMES - BARS, height

    def row(self, n_rows: int) -> float:
        """The height of one of ``n_rows``."""
        return min(HIGHEST_ROW, self.height / n_rows)


def draw_saliency(page: Page, frame: Frame, record: ECGRecord, explanation: Explanation) -> str:
    """Draw the window's leads over their relevance; return how to read it.

    Relevance for the class fills the upper half of a lead's row, relevance against it the lower half,
    so that a print without colours says the same.
    """
    bins = binned(explanation)
    limit = max(float(np.quantile(np.abs(bins), CLIPPED)), 1e-9)
    row = frame.row(len(explanation.leads))
    signal, gain = _small_leads(record, explanation, row)
    for number, lead in enumerate(explanation.leads):
        middle = frame.top - (number + 0.5) * row
        _draw_bins(page, frame, explanation, bins[number] / limit, middle)
        drawn, _ = keep_peaks(signal[number], record.sampling_rate, POINTS_PER_SECOND)
        x = frame.left + frame.width * np.linspace(0, 1, len(drawn), endpoint=False)
        page.line(x, middle + gain * drawn, 0.15)
        page.text(frame.left - NAMES, middle - 1, lead, Type(bold=True))
        share, left = float(explanation.lead_shares[number]), frame.left + frame.width + 2
        page.boxes(np.array([(left, middle - 0.9, left + 10 * share, middle + 0.9)]), ["#6b6b6b"])
        page.text(left + 10 * share + 1, middle - 0.9, f"{100 * share:.0f} %", Type(7))
    _draw_seconds(page, frame, explanation)
    return (
        f"Orange, upper half of a row: for the class; blue, lower half: against it. One colour scale for all "
        f"leads, full at {limit:.2g} logits in 20 ms. Right: each lead's share of the absolute relevance. "
        f"Leads as recorded on one scale of {gain:.1f} mm/{record.units}, not for measuring."
    )


def binned(explanation: Explanation) -> FloatArray:
    """Relevance summed over ``BIN`` seconds: float32 (n_leads, n_bins)."""
    size = max(1, round(BIN * explanation.sampling_rate))
    starts = np.arange(0, explanation.values.shape[1], size)
    return np.add.reduceat(explanation.values, starts, axis=1)


def runs(levels: FloatArray) -> list[tuple[int, int, int]]:
    """Neighbours of one shade as (first bin, bin behind the last, shade); white ones are left out."""
    shades = np.rint(np.clip(levels, -1, 1) * SHADES).astype(int)
    ends = np.flatnonzero(np.diff(shades)) + 1
    bounds = zip(np.concatenate([[0], ends]), np.concatenate([ends, [len(shades)]]), strict=True)
    return [(int(first), int(behind), int(shades[first])) for first, behind in bounds if shades[first]]


def _draw_bins(page: Page, frame: Frame, explanation: Explanation, levels: FloatArray, middle: float) -> None:
    step = frame.width * BIN / (explanation.stop - explanation.start)
    half = 0.48 * frame.row(len(explanation.leads))
    rectangles = runs(levels)
    corners = [
        (
            frame.left + step * first,
            middle if shade > 0 else middle - half,
            min(frame.left + step * behind, frame.left + frame.width),
            middle + half if shade > 0 else middle,
        )
        for first, behind, shade in rectangles
    ]
    page.boxes(np.array(corners), [_colour(shade) for _, _, shade in rectangles])


def _colour(shade: int) -> str:
    """White at 0, full at ``SHADES`` either side."""
    share = 0.85 * abs(shade) / SHADES
    mixed = [round(255 + share * (part - 255)) for part in (FOR if shade > 0 else AGAINST)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _small_leads(record: ECGRecord, explanation: Explanation, row: float) -> tuple[FloatArray, float]:
    """The window's leads about their medians, (n_leads, n_samples), and mm per mV, one for all."""
    first = round(explanation.start * record.sampling_rate)
    last = min(round(explanation.stop * record.sampling_rate), record.n_samples)
    signal = record.select(explanation.leads)[:, first:last]
    signal = signal - np.median(signal, axis=1, keepdims=True)
    tallest = max(float(np.ptp(signal, axis=1).max()), 1e-3)
    return signal, min(HIGHEST_GAIN, 1.2 * row / tallest)


def _draw_seconds(page: Page, frame: Frame, explanation: Explanation) -> None:
    """A thin upright line at each second of the recording, numbered below."""
    length = explanation.stop - explanation.start
    bottom = frame.top - frame.row(len(explanation.leads)) * len(explanation.leads)
    for second in range(int(np.ceil(explanation.start)), int(explanation.stop + 1e-9) + 1):
        x = frame.left + frame.width * (second - explanation.start) / length
        page.strokes(np.array([[(x, bottom), (x, frame.top)]]), 0.08, "#b0b0b0")
        page.text(x, bottom - 3, f"{second} s", Type(6.5, colour=GREY, align="center"))
