"""Small source folders in the public layouts, written for the tests."""

from contextlib import contextmanager

import numpy as np

from ecgapp.datasets.importing.assembly import assemble
from ecgapp.datasets.importing.part import PartWriter
from ecgapp.datasets.manifest import StoreManifest
from ecgapp.datasets.membership import Membership
from ecgapp.datasets.store import DatasetStore
from ecgapp.records import LEADS, ECGRecord, write_wfdb


def ecg(seed=0, seconds=10.0, rate=100.0, leads=LEADS, codes=()):
    """Smooth noise of about 1 mV that obeys no lead equation; each seed gives another."""
    noise = np.random.default_rng(seed).normal(size=(len(leads), round(seconds * rate)))
    signal = np.cumsum(noise, axis=1).astype(np.float32) / 30
    return ECGRecord(f"r{seed}", signal, rate, leads=tuple(leads), codes=tuple(codes))


def write_mat(record, folder, name):
    """A challenge record: .mat version 4 (24 bytes of header) and its .hea with a date wfdb refuses."""
    steps = np.round(record.signal * 1000).astype("<i2")
    folder.mkdir(parents=True, exist_ok=True)
    head = np.array([30, *steps.shape, 0, 4], dtype="<i4").tobytes() + b"val\0"
    (folder / f"{name}.mat").write_bytes(head + steps.T.tobytes())
    lines = [f"{name} {len(record.leads)} {record.sampling_rate:g} {record.n_samples} 05-Feb-2020 11:39:16"]
    for lead, row in zip(record.leads, steps.astype(int), strict=True):
        checksum = (int(row.sum()) + 32768) % 65536 - 32768
        lines.append(f"{name}.mat 16+24 1000/mV 16 0 {row[0]} {checksum} 0 {lead}")
    if record.codes:
        lines.append("#Dx: " + ",".join(code.partition(":")[2] for code in record.codes))
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")


def write_ptb_xl(source, folds=(1, 2, 2), patients=(11, 12, 12)):
    """PTB-XL's layout at 100 Hz; record k says NORM where k is odd, else AFIB and LAFB."""
    folder = source / "records100" / "00000"
    folder.mkdir(parents=True)
    lines = ["ecg_id,patient_id,scp_codes,strat_fold,filename_lr,filename_hr"]
    for k, (fold, patient) in enumerate(zip(folds, patients, strict=True), start=1):
        write_wfdb(ecg(k), folder, f"{k:05d}_lr")
        codes = "{'NORM': 100.0}" if k % 2 else "{'AFIB': 0.0, 'LAFB': 50.0}"
        files = f"records100/00000/{k:05d}_lr,records500/00000/{k:05d}_hr"
        lines.append(f'{k},{patient}.0,"{codes}",{fold},{files}')
    (source / "ptbxl_database.csv").write_text("\n".join(lines))
    return source


def write_zscored(source, n=3):
    """The z-scored layout: record k is fold k, patient k; all are AFIB."""
    source.mkdir(parents=True, exist_ok=True)
    array = np.random.default_rng(0).integers(-4000, 4000, size=(n, 12, 1000)).astype(np.int16)
    np.save(source / "signals_100hz_int16.npy", array)
    rows = [f"{k},{k}.0,\"{{'AFIB': 100.0}}\",{k}" for k in range(1, n + 1)]
    (source / "index.csv").write_text("\n".join(["ecg_id,patient_id,scp_codes,strat_fold", *rows]))
    return array


@contextmanager
def written_store(path, manifest):
    """A context manager: what is added to its part becomes the store at ``path``."""
    path.mkdir(parents=True)
    with PartWriter(path, 0, manifest.leads, manifest.sampling_rate) as part:
        yield part
        note = part.finish("test", {})
    assemble(path, [note], manifest)


def make_store(path, records, members=None, leads=LEADS):
    """A store of ``records``; without ``members`` each is its own patient, in folds 1, 2, 3 ..."""
    members = members or [(f"p{k}", k % 10 + 1, record.codes) for k, record in enumerate(records)]
    rate, units = records[0].sampling_rate, records[0].units
    with written_store(path, StoreManifest(path.name, "folder", rate, tuple(leads), units, "none")) as part:
        for k, (record, (patient, fold, codes)) in enumerate(zip(records, members, strict=True)):
            part.add(record, Membership(f"t/{k}", patient, fold, tuple(codes), "test"))
    return DatasetStore.open(path)
