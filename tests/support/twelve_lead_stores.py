"""Small twelve-lead data sets: one of PTB-XL's kind, and one of several hospitals with the nine classes."""

import numpy as np
from dataset_sources import written_store

from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import StoreManifest
from ecgapp.datasets.membership import Membership
from ecgapp.records import ECGRecord
from ecgapp.records.record import LEADS
from ecgapp.tasks import task

RATE = 50.0
CLASSES = task("nine_class").label_names
STATEMENTS = (("NORM", "SR"), ("IMI", "AFIB"), ("CRBBB", "SR"), ("LVH", "AFLT"), ("NDT", "STACH"))
HOSPITALS = ("georgia", "cpsc_2018", "cpsc_2018")


def twelve_lead_installation(home, n_source=60, n_target=72) -> Settings:
    """An installation with the data sets ``ptb-xl`` and ``hospitals``, and the shipped models."""
    settings = Settings(home, PROJECT / "weights")
    write_ptb_xl(settings.stores / "ptb-xl", n_source)
    write_hospitals(settings.stores / "hospitals", n_target)
    return settings


def write_ptb_xl(path, n_records):
    """Records with a diagnostic and a rhythm statement each, in folds 1 to 6."""
    rng = np.random.default_rng(1)
    with written_store(path, StoreManifest(path.name, "ptb-xl", RATE, LEADS, "mV", "none")) as part:
        for number in range(n_records):
            kind = number // 6 % len(STATEMENTS)
            codes = tuple(f"SCP:{code}" for code in STATEMENTS[kind])
            member = Membership(f"ptb-xl/{number}", f"ptb-xl:{number}", number % 6 + 1, codes, "ptb-xl")
            part.add(_record(number, kind, 10.0, rng), member)


def write_hospitals(path, n_records, without="", layout="challenge"):
    """Records of 8 to 24 s, one class each; a class ``without`` records is left out."""
    rng = np.random.default_rng(2)
    with written_store(path, StoreManifest(path.name, layout, RATE, LEADS, "mV", "none")) as part:
        for number in range(n_records):
            kind = number % len(CLASSES)
            if CLASSES[kind] == without:
                continue
            names = f"challenge/{number}", f"challenge:{number}"
            source = HOSPITALS[number // len(CLASSES) % len(HOSPITALS)]
            member = Membership(*names, number % 10 + 1, (f"CPSC:{CLASSES[kind]}",), source)
            part.add(_record(number, kind, 8.0 + kind, rng), member)


def _record(number, kind, seconds, rng):
    """Peaks whose rate is the kind's, with a little noise, in twelve leads of different size."""
    time = np.arange(round(seconds * RATE)) / RATE
    peaks = np.cos(np.pi * (0.8 + 0.35 * kind) * (time + rng.random())) ** 12
    size = np.linspace(0.5, 1.5, len(LEADS))
    signal = np.outer(size, peaks) + 0.05 * rng.standard_normal((len(LEADS), len(time)))
    return ECGRecord(str(number), signal.astype(np.float32), RATE, LEADS)
