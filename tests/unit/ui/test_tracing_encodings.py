"""One ECG, however its file holds it, is one tracing."""

import numpy as np
import pytest
from scipy.io import savemat

from ecgapp.records import LEADS, SyntheticConfig, read_record, synthesise
from ecgapp.signals.paper import lay_out
from ecgapp.ui.tracing.tracing import tracing

RATE = 500
MILLIVOLTS = np.round(synthesise(SyntheticConfig()).record.signal[:, :5000] * 200) / 200  # steps of 5 uV
# name: steps per unit, unit, baseline, rows of LEADS in the file's order, how lead names are written
ENCODINGS = {
    "1000 steps per mV": (1000, "mV", 0, range(12), str),
    "200 steps per mV": (200, "mV", 0, range(12), str),
    "microvolts": (1, "uV", 0, range(12), str),
    "a baseline": (1000, "mV", 3000, range(12), str),
    "another order, other names": (1000, "mV", 0, range(11, -1, -1), lambda name: f"ECG {name.lower()}"),
    "a MATLAB file": (1000, "mV", 0, range(12), str),
}
PER_MILLIVOLT = {"mV": 1, "uV": 1000}


def encoded(folder, name):
    """The record's files in this encoding."""
    gain, unit, baseline, rows, spelt = ENCODINGS[name]
    steps = np.rint(MILLIVOLTS[list(rows)] * gain * PER_MILLIVOLT[unit] + baseline).astype("<i2")
    suffix, kind = ("mat", "16+24") if name == "a MATLAB file" else ("dat", "16")
    lines = [f"x 12 {RATE} {MILLIVOLTS.shape[1]}"]
    for row, own in zip(rows, steps, strict=True):
        total = int(own.astype(np.int64).sum()) & 0xFFFF
        lines.append(
            f"x.{suffix} {kind} {gain}({baseline})/{unit} 16 0 {own[0]} {total} 0 {spelt(LEADS[row])}"
        )
    (folder / "x.hea").write_text("\n".join(lines) + "\n")
    if suffix == "mat":
        savemat(folder / "x.mat", {"val": steps}, format="4")
    else:
        (folder / "x.dat").write_bytes(steps.T.tobytes())
    return [folder / "x.hea", folder / f"x.{suffix}"]


def drawn(record):
    return tracing(record, lay_out(record))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_of_an_ecg_gives_the_same_tracing(tmp_path, name):
    record = read_record(encoded(tmp_path, name))
    assert record.warnings == ()
    reference = read_record(encoded(tmp_path, next(iter(ENCODINGS))))
    for line, same in zip(drawn(record).data, drawn(reference).data, strict=True):
        assert line.name == same.name
        if line.name in LEADS:
            np.testing.assert_allclose(line.y, same.y, atol=0.005)
            assert (line.x0, line.dx) == (same.x0, same.dx)
    assert drawn(record).layout.annotations[0].text == drawn(reference).layout.annotations[0].text
