"""Small source folders in the public layouts of the Shaoxing, Ningbo and CPSC 2018 databases."""

from pathlib import Path

import numpy as np
from dataset_sources import ecg, write_mat
from openpyxl import Workbook
from scipy.io import savemat

from ecgapp.records import LEADS

COLUMNS = ("FileName", "Rhythm", "Beat", "PatientAge", "Gender", "VentricularRate", "QOffset")
MUSE = "MUSE_20180111_1557{:02d}_19000"


def muse(k):
    """The name of the k-th record."""
    return MUSE.format(k)


def write_workbook(path, rows, columns=COLUMNS):
    """A workbook whose first sheet has these rows, filled up with numbers."""
    book = Workbook()
    book.active.append(columns)
    for row in rows:
        book.active.append([*row, *[61] * (len(columns) - len(row))])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def write_csv(path, millivolts, header=True):
    """One record's CSV file, in microvolts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ",".join(lead.upper() if "a" in lead else lead for lead in LEADS)
    np.savetxt(path, millivolts.T * 1000, "%.4f", ",", header=names if header else "", comments="")


def write_shaoxing(source, rhythms=("SB   ", " SR", "AF"), folder="ECGData", header=True):
    """One record for each rhythm, with acronyms as padded as published ones; returns the folder."""
    beats = ("RBBB TWC  ", "NONE", "APB")
    rows = [(muse(k), rhythm, beats[k % 3]) for k, rhythm in enumerate(rhythms)]
    write_workbook(source / "Diagnostics.xlsx", rows)
    for k, _ in enumerate(rhythms):
        write_csv(source / folder / f"{muse(k)}.csv", ecg(k, 10, 500.0).signal, header)
    return source


def write_ecg_arrhythmia(source, records=("JS00001", "JS10647")):
    """One record each of Shaoxing and Ningbo in the archive's tree; returns the folder of their headers."""
    folder = source / "WFDBRecords" / "01" / "010"
    for k, name in enumerate(records, start=1):
        write_mat(ecg(k, 10, 500.0, codes=("SNOMED:164890007", "SNOMED:55827005")), folder, name)
        header = folder / f"{name}.hea"
        header.write_text(header.read_text().replace(" 05-Feb-2020 11:39:16", ""))
    (source / "RECORDS").write_text("WFDBRecords/01/010/\n")
    names = "Acronym Name,Full Name,Snomed_CT\nAF,Atrial Flutter,164890007\n"
    (source / "ConditionNames_SNOMED-CT.csv").write_text(names)
    return folder


def write_cpsc2018(source, labels=("5,2,", "1,,", "9,8,3")):
    """One recording for each line of labels, dealt to three training sets; returns the folder."""
    lines = ["Recording,First_label,Second_label,Third_label"]
    for k, line in enumerate(labels):
        folder = source / f"TrainingSet{k % 3 + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        age = np.array([[55 + k]]) if k else np.zeros((0, 0))  # five published records have none
        signal = ecg(k, 7 + k, 500.0).signal.astype(np.float64)
        savemat(folder / f"A{k + 1:04d}.mat", {"ECG": {"sex": "Male", "age": age, "data": signal}})
        lines.append(f"A{k + 1:04d},{line}")
    (source / "TrainingSet1" / "REFERENCE.csv").write_text("\n".join(lines) + "\n")
    return source


def merge_first_lines(header: Path) -> None:
    """Take out what JS01052 and JS23074 lack as published: a line break and the characters behind it."""
    first, second, *others = header.read_text().splitlines()
    header.write_text("\n".join([first + second.partition(".mat 16+24 10")[2], *others]) + "\n")
