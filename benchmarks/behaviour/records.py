"""The fixed choice of ECGs that the app is asked about."""

import random
from collections.abc import Iterator
from pathlib import Path

from ecgapp.datasets import DatasetStore
from ecgapp.records import RARE_RHYTHMS, RHYTHMS, ECGRecord, SyntheticConfig, synthesise, write_wfdb

SEED = 11
CHOSEN = {  # how many records of each folder below FOLDER
    "ptb-xl": 14,
    "challenge2021/training/cpsc_2018": 6,
    "challenge2021/training/cpsc_2018_extra": 4,
    "challenge2021/training/chapman_ningbo": 4,
    "challenge2021/training/georgia": 4,
    "challenge2021/training/ptb-xl": 3,
    "challenge2021/training/ptb": 3,
    "ludb": 14,
    "cinc2017": 10,
    "mitdb": 3,
    "cudb": 4,
    "nstdb": 3,
}
ZSCORED = "ptb-xl-zscored"
N_ZSCORED = 10
LAYOUTS = {
    "ptb-xl": "ptb-xl",
    ZSCORED: ZSCORED,
    "challenge": "challenge2021",
    "ludb": "ludb",
    "cinc2017": "cinc2017",
}

SLOW = frozenset({"s25047", "100", "100-no-len", "100skew", "flac_3_constant"})  # hours of signal


def real(data: Path) -> dict[str, list[Path]]:
    """The headers of the records chosen of each source below ``data``."""
    chosen = {}
    for source, n in CHOSEN.items():
        picked = sorted((data / source).rglob("*.hea"))
        chosen[source] = sorted(random.Random(f"{SEED} {source}").sample(picked, n))
    return chosen


def synthetic(folder: Path) -> Iterator[Path]:
    """The headers of each rhythm in each variant, with a little noise, written to ``folder``."""
    variants: dict[str, tuple[str, ...]] = {rhythm: ("",) for rhythm in RHYTHMS}
    variants |= {rhythm: tuple(rare.variants) for rhythm, rare in RARE_RHYTHMS.items()}
    folder.mkdir()
    for rhythm, names in variants.items():
        for number, variant in enumerate(names):
            config = SyntheticConfig(rhythm, noise=0.01, wander=0.05, seed=SEED, variant=variant)
            name = f"{rhythm}-{number}".replace(" ", "_").replace(":", "to")
            yield write_wfdb(synthesise(config).record, folder, name)[0]


def zscored(store: DatasetStore) -> Iterator[tuple[int, ECGRecord]]:
    """Some records whose volts are lost, each with its row."""
    for row in sorted(random.Random(SEED).sample(range(len(store)), N_ZSCORED)):
        yield row, store.record(row)


def other_formats(data: Path) -> dict[str, list[Path]]:
    """The files of each folder of examples, without recordings of hours."""
    folders = sorted(path for path in (data / "formats").iterdir() if path.is_dir())
    return {
        folder.name: [path for path in sorted(folder.rglob("*")) if _is_short(path)] for folder in folders
    }


def _is_short(path: Path) -> bool:
    return path.is_file() and path.stem not in SLOW and path.parent.name not in SLOW
