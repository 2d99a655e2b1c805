"""Do the limb leads fit together, and do they fit the chest leads: swapped electrodes."""

from collections.abc import Sequence

import numpy as np

from ecgapp.records.record import ECGRecord
from ecgapp.signals.quality.leads import LeadQuality

NOT_ADDING_UP = 0.05  # mV rms of I + III - II


def einthoven(record: ECGRecord) -> float | None:
    """The rms of I + III - II in mV, without their offsets; None where not all three were recorded."""
    limbs = ("I", "II", "III")
    if record.units != "mV" or record.derived & set(limbs) or not set(limbs) <= set(record.leads):
        return None
    one, two, three = record.select(limbs)
    rest = one + three - two
    rest = rest[np.isfinite(rest)]
    return float(rest.std(dtype=np.float64)) if rest.size else None


def limb_reversal(record: ECGRecord, quality: Sequence[LeadQuality]) -> str:
    """Which electrodes look swapped, "" where none do: so far from lead I against V6 alone."""
    usable = {one.lead for one in quality if one.measurable and not one.noisy}
    if record.units != "mV" or not {"I", "aVR", "V6"} <= usable:
        return ""
    one, right, six = record.select(("I", "aVR", "V6"))
    like = np.corrcoef(np.nan_to_num([one, right, six]))
    return "RA/LA" if like[0, 2] < -0.5 and like[1, 2] > 0 else ""
