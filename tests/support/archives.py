"""Small archives of synthetic ECG files, scored by a tiny classifier in this process."""

from worklists import ecg

from ecgapp.analysis import available_models
from ecgapp.records import write_wfdb
from ecgapp.scoring import ScoringOrder, open_plan, open_source, score_parts
from ecgapp.scoring.chunk_pool import ScorerSetup

MODEL = "tiny_nine"


def write_archive(folder, n_records, duration=4.0):
    """WFDB records in two folders below ``folder``."""
    for number in range(n_records):
        write_wfdb(ecg(number, duration), folder / f"ward-{number % 2}", f"r{number:03d}")
    return folder


def order(source, out, settings, share=(1, 1), workers=1):
    """The order to score a share of the parts."""
    opened, cards = open_source(str(source), settings), available_models(settings)
    plan = open_plan(opened, cards[MODEL], cards, out)
    setup = ScorerSetup(opened, MODEL, settings)
    return ScoringOrder(plan, out, plan.share(*share), cards[MODEL], setup, workers)


def scored(source, out, settings, share=(1, 1), workers=1, follow=lambda done, total: None):
    """The report on scoring a share of the parts."""
    return score_parts(order(source, out, settings, share, workers), follow)


def contents(out):
    """The bytes of each part's file, by name."""
    return {path.name: path.read_bytes() for path in sorted((out / "parts").iterdir())}
