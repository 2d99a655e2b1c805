"""The results of trainings, the worklist and reviews, as plain values."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.behaviour.home import Home, numbers, table_rows
from benchmarks.behaviour.one_ecg import printed_report
from ecgapp.analysis import InstalledModels, OpenedECG
from ecgapp.config import PROJECT
from ecgapp.records import ECGRecord, fingerprint, write_wfdb
from ecgapp.reviews import (
    EventKind,
    Journal,
    ReviewAnswer,
    ReviewEvent,
    State,
    beside_normal,
    keep_for_training,
    stamp,
)
from ecgapp.worklist import SORTS, ListView, Worklist, arranged, as_csv
from ecgapp.worklist.scorer import Scorer

RECIPES = PROJECT / "docs" / "recipes"
UNSTEADY = ("device/", "throughput", "progress/")  # series of a training that depend on the machine
RATE, LEADS = 100.0, ("I", "II")
AUTOENCODER = {
    "architecture": "patch_autoencoder",
    "n_leads": 2,
    "n_samples": 256,
    "patch": 8,
    "stem_kernel": 8,
    "widths": [8, 8],
    "depths": [1, 1],
    "kernel": 3,
    "squeeze": 4,
    "latent": 8,
}
TRAINING = {
    "stores": ["tiny"],
    "preprocessing": {
        "leads": LEADS,
        "sampling_rate": RATE,
        "highpass": 0.5,
        "lowpass": 40.0,
        "filter_order": 2,
        "window": 256,
        "stride": 128,
    },
    "train_folds": [1, 2, 3],
    "validation_folds": [4],
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 5e-3,
    "precision": "fp32",
    "device": "cpu",
    "augmentation": {"polarity": 0.2, "gain": 0.1, "wander": 0.1, "muscle": 0.1, "shift": 0.1},
}
CLASSIFIER = {
    "phase": "finetune",
    "label_columns": ["fast", "turned"],
    "network": {"architecture": "ecg_classifier", "encoder": AUTOENCODER, "n_labels": 2, "dropout": 0.1},
}
FITS: dict[str, tuple[str, str, dict[str, Any]]] = {  # recipe, folder of the data, what is shortened
    "delineate": (
        "delineator",
        "ludb",
        {"epochs": 1, "parts": 0, "train_folds": [1], "test_folds": [2], "precision": "fp32"},
    ),
    "fit-gate": (
        "gate_readable",
        "",
        {
            "sources": ["ludb"],
            "rhythm_sources": [],
            "synthetic": ["VT"],
            "spoiled_source": "ludb",
            "spoiled_records": 3,
        },
    ),
    "fit-gate similar": (
        "gate_lead",
        "",
        {"sources": ["ludb"], "spoiled_source": "ludb", "spoiled_records": 3},
    ),
    "fit-ventricular": (
        "ventricular",
        "",
        {
            "steps": 4,
            "synthetic": 1,
            "sources": {"challenge": 1.0, "cinc2017": 0.001},
            "marks": str(RECIPES / "marks"),
        },
    ),
}


def trainings(home: Home) -> dict[str, Any]:
    """Pretraining, fine-tuning from it and from random weights, and an ensemble, on a tiny data set."""
    write_tiny_source(home.home / "tiny source")
    home.settings.stores.mkdir(parents=True, exist_ok=True)
    (home.settings.stores / ".patient-key").write_bytes(bytes(range(32)))  # else patients' ids are random
    results: dict[str, Any] = {"import": home.imported("folder", home.home / "tiny source", "tiny")}
    run, results["pretrain"] = trained(home, "tiny_pre", {"phase": "pretrain", "network": AUTOENCODER})
    transferred = CLASSIFIER | {"pretrained": f"run:{run}", "initialisation": "transfer"}
    _, results["finetune from pretrain"] = trained(home, "tiny_transfer", transferred)
    _, results["finetune"] = trained(home, "tiny_random", CLASSIFIER)
    _, results["ensemble"] = trained(home, "tiny_members", CLASSIFIER | {"members": 2})
    return results


def trained(home: Home, name: str, changes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The run's name; its weights, card and figures."""
    config, exported = home.home / f"{name}.json", home.home / f"export of {name}"
    config.write_text(json.dumps({"name": name, **TRAINING, **changes}), encoding="utf-8")
    output = home.command("train", config)
    (run,) = re.findall(r"Run ([0-9a-f]+) on", " ".join(output["out"]))
    home.command("runs", "export", run, exported)
    metrics: dict[str, list[list[float | str]]] = {}
    for series, *point in csv.reader(io.StringIO((exported / "metrics.csv").read_text("utf-8"))):
        if not series.startswith(UNSTEADY):
            metrics.setdefault(series, []).append(numbers([point[:2]])[0])
    return run, {"exit": output["exit"], **home.model(home.settings.home, name), "metrics": metrics}


def write_tiny_source(folder: Path) -> None:
    """Forty noisy records of leads I and II with peaks, fast or slow, upright or turned; ``labels.csv``."""
    rng, lines = np.random.default_rng(0), ["record,patient,fold,fast,turned"]
    folder.mkdir(parents=True)
    for number in range(40):
        fast, turned = rng.integers(2, size=2)
        times = np.arange(round(rng.uniform(3, 9) * RATE)) / RATE
        peaks = (1 - 2 * turned) * np.cos(np.pi * (1.5 + 2.5 * fast) * (times + rng.random())) ** 8
        signal = np.outer([1.0, 0.5], peaks) + 0.02 * rng.standard_normal((2, len(times)))
        write_wfdb(ECGRecord(f"{number}", signal.astype(np.float32), RATE, LEADS), folder, f"r{number:02d}")
        known = turned if number % 7 != 3 else ""
        lines.append(f"r{number:02d},p{number},{number % 5},{fast},{known}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def fits(home: Home, data: Path) -> dict[str, Any]:
    """Shortened recipes of the delineator, both gates and the ventricular network."""
    results = {}
    for title, (recipe, folder, changes) in FITS.items():
        config = json.loads((RECIPES / f"{recipe}.json").read_text("utf-8")) | changes
        if recipe == "ventricular":
            config["network"] |= {"members": 2, "width": 8}
        path, out = home.home / f"{recipe}.json", home.home / f"{title} out"
        path.write_text(json.dumps(config), encoding="utf-8")
        output = home.command(title.split()[0], path, "--data", data / folder, "--out", out)
        results[title] = {**output, **home.model(out, recipe)}
    return results


def worklist(home: Home, records: Sequence[ECGRecord]) -> dict[str, Any]:
    """The rows of the table to take away, and the order of the list, after one process has scored all."""
    listed = Worklist(home.settings)
    for record in records:
        listed.add(record, 1, record.signal.nbytes, "nine_class")
    Scorer(home.settings, 0).run(0.0)
    items = listed.items()
    orders = {sort: [item.number for item in arranged(items, ListView(sort))] for sort in SORTS}
    return {"rows": table_rows(as_csv(items)), "orders": orders}


def reviews(home: Home, records: Sequence[ECGRecord], models: InstalledModels) -> dict[str, Any]:
    """Three reviewed ECGs as the export, the list and the audit trail have them."""
    done: dict[str, Any] = {}
    card, journal = models.cards()["nine_class"], Journal(home.settings)
    for number, record in enumerate(records):
        key, model = fingerprint(record), stamp(card)
        ecg = OpenedECG(record, models)
        rows = ecg.findings(card).rows
        states = [State.PRESENT if row.positive else State.ABSENT for row in rows]
        if number:
            states[number] = State.PRESENT
            states[-number] = State.NOT_JUDGED
        answers = tuple(
            ReviewAnswer("nine_class", row.label, state, row.probability, row.threshold)
            for row, state in zip(rows, states, strict=True)
        )
        kind = EventKind.EDITED if number else EventKind.CONFIRMED
        both = beside_normal(answers)
        journal.add(ReviewEvent(key, kind, "AB", model, answers, ("U waves",) * number, beside_normal=both))
        journal.add(ReviewEvent(key, EventKind.COMMENTED, "CD", model, comment="Seen before."))
        if number != 1:
            journal.add(ReviewEvent(key, EventKind.SIGNED, "EF", model))
        keep_for_training(record, "AB", home.settings)
        printed = printed_report(ecg, card, journal.review(key))
        done[f"report {number}"] = home.lines("\n".join(printed["report_text"]))
    folder = home.home / "reviewed"
    done["list"] = home.command("reviews", "list")
    done["export"] = home.command("reviews", "export", folder)
    for path in sorted(filter(Path.is_file, folder.rglob("*"))):
        done[path.name] = _content(path, home)
    return done


def _content(path: Path, home: Home) -> object:
    if path.name == "audit.csv":
        return table_rows(path.read_text("utf-8"))
    if path.suffix == ".dat":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return home.lines(path.read_text("utf-8"))
