"""The tables of the study of Jang et al. (2021), ours beside the paper's."""

from collections.abc import Callable, Mapping, Sequence

from ecgapp.experiments.paper_tables import jang2021_numbers as paper
from ecgapp.experiments.protocols.jang2021_comparison import (
    ArmComparison,
    compared,
    compared_arms,
    share_values,
)
from ecgapp.experiments.protocols.jang2021_config import PRETRAINING, TRAINED, Jang2021Config, LabelShare
from ecgapp.experiments.report_parts import Cell, ResultTable
from ecgapp.experiments.study_protocol import Results
from ecgapp.evaluate import trial_summary

_COMPARED = (
    "Labels", "n", "First, mean", "SD", "Second, mean", "SD", "Difference", "95 % low", "95 % high",
    "Paired p", "Welch p", "Over records, low", "high",
)  # fmt: skip
_INTERVALS = (
    "Differences are second minus first. The interval is that of the paired t-test over trials; all trials "
    "share the test records, so it does not hold their sampling. The interval over records does: it is of the "
    "mean over trials, from 1,000 draws of the test records."
)


def all_tables(config: Jang2021Config, results: Results) -> tuple[ResultTable, ...]:
    """Every table of the report."""
    images = tuple(f"image-{name}" for name in config.images if _has(results, f"image-{name}"))
    return (
        transfer_table(config, results),
        frozen_table(config, results),
        *(_pair_table(config, results, (kind, "transfer"), f"image_{kind[6:].replace('-', '_')}") for kind in images),
        table_2(config, results, "best_f1"),
        table_2(config, results, "f1"),
        table_3(config, results),
        learning_table(config, results),
        *reconstruction_table(results),
        paper_table_2(),
        paper_table_3(),
    )


def transfer_table(config: Jang2021Config, results: Results) -> ResultTable:
    """Transfer against random initialisation, by share, with the paper's figures."""
    rows = []
    for share in config.shares:
        rows += _paper_row(share)
        rows += _compared_row("Ours, best epoch on the test records", compared_arms(results, TRAINED, share, "best_f1"), share)
        rows += _compared_row("Ours, epoch chosen on validation", compared_arms(results, TRAINED, share), share)
    title = "Weighted F1: random initialisation (first) and transfer (second)"
    return ResultTable("transfer", title, ("Source", *_COMPARED), tuple(rows), (_INTERVALS,))


def frozen_table(config: Jang2021Config, results: Results) -> ResultTable:
    """The controls: a linear head on the frozen pretrained encoder, and on frozen random ones."""
    title = "Weighted F1 of a linear head: frozen random encoder (first) and frozen pretrained encoder (second)"
    return _pair_table(config, results, ("frozen-random", "frozen-pretrained"), "frozen", title)


def table_2(config: Jang2021Config, results: Results, name: str) -> ResultTable:
    """Table 2 of the paper with our trials: weighted F1 of each trial, mean, SD and Welch's p."""
    published = name == "best_f1"
    kinds = ("random", *(f"image-{network}" for network in config.images if _has(results, f"image-{network}")), "transfer")
    columns = {
        f"{kind} {share.percent} %": share_values(results, kind, share, name if kind in TRAINED else "f1")
        for share in config.shares
        for kind in kinds
    }
    key = "table2_best_epoch" if published else "table2_validation_epoch"
    which = "at the best epoch on the test records, as published" if published else "at the epoch chosen on validation"
    notes = ("The last row is Welch's p of transfer and random. Images have a linear head without epochs.",)
    return _trial_table((key, f"Table 2. Weighted F1 of each trial {which}"), columns, notes)


def table_3(config: Jang2021Config, results: Results) -> ResultTable:
    """Table 3 of the paper with our trials: the learning curve index."""
    columns = {
        f"{kind} {share.percent} %": share_values(results, kind, share, "lci")
        for share in config.shares
        for kind in TRAINED
    }
    notes = (
        "A trial whose curve never drops has no index. The index is a ratio of means over a few drops and "
        "varies widely from seed to seed: no conclusion is drawn from it.",
    )
    return _trial_table(("table3_lci", "Table 3. Learning curve index of each trial"), columns, notes, intervals=True)


def paper_table_2() -> ResultTable:
    """The paper's Table 2, with mean, sample SD and Welch's p computed by us."""
    columns = {
        f"{kind} {share} %": paper.weighted_f1_trials()[f"{kind}_{share}"]
        for share in paper.SHARES
        for kind in ("random", "image", "transfer")
    }
    notes = ("Mean, SD (n - 1) and Welch's p of transfer and random are computed from the printed trials.",)
    return _trial_table(("paper_table2", "The paper's Table 2: best weighted F1 on its test records"), columns, notes)


def paper_table_3() -> ResultTable:
    """The paper's Table 3, with mean, sample SD and Welch's p computed by us."""
    columns = {
        f"{kind} {share} %": paper.learning_curve_index_trials()[f"{kind}_{share}"]
        for share in paper.SHARES
        for kind in TRAINED
    }
    notes = ("Mean, SD (n - 1) and Welch's p are computed from the printed trials.",)
    return _trial_table(("paper_table3", "The paper's Table 3: learning curve index"), columns, notes, intervals=True)


def learning_table(config: Jang2021Config, results: Results) -> ResultTable:
    """Whether each arm learnt at all: its training loss at the end beside that of a constant answer."""
    rows: list[tuple[Cell, ...]] = []
    for share in config.shares:
        for kind in TRAINED:
            loss, constant = (_mean(share_values(results, kind, share, name)) for name in ("train_loss", "constant_loss"))
            rows.append((f"{share.percent} %", kind, share.epochs, share.passes, loss, constant))
    columns = ("Labels", "Start", "Epochs", "Passes an epoch", "Training loss at the end", "Loss of a constant answer")
    return ResultTable("learning", "Training loss beside that of the best constant answer, means over trials", columns, tuple(rows))


def reconstruction_table(results: Results) -> tuple[ResultTable, ...]:
    """The autoencoder's error on our test records beside the paper's on theirs."""
    if PRETRAINING not in results:
        return ()
    trial = results[PRETRAINING].trials[0]
    v, n = trial.values, trial.counts
    rows: tuple[tuple[Cell, ...], ...] = (
        ("Paper, its own test records", None, None, paper.RECONSTRUCTION_ERROR, paper.RECONSTRUCTION_ERROR / 2048, None, None),
        ("Ours, test records", n["records"], n["windows"], v["summed"], v["mse"], v["mse_low"], v["mse_high"]),
    )
    columns = ("Source", "Records", "Windows", "Summed over a window", "Per sample", "95 % low", "95 % high")
    note = "Other data, leads and filters than the paper's: the errors do not compare as such."
    return (ResultTable("reconstruction", "Squared error of the reconstruction, z-scored units", columns, rows, (note,)),)


def _pair_table(config: Jang2021Config, results: Results, kinds: tuple[str, str], key: str, title: str = "") -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for share in config.shares:
        rows += [row[1:] for row in _compared_row("", compared_arms(results, kinds, share), share)]
    title = title or f"Weighted F1: {kinds[0]} with a linear head (first) and transfer at the validation epoch (second)"
    return ResultTable(key, title, _COMPARED, tuple(rows), (_INTERVALS,))


def _paper_row(share: LabelShare) -> list[tuple[Cell, ...]]:
    if share.percent not in paper.SHARES:
        return []
    trials = paper.weighted_f1_trials()
    pair = compared(trials[f"random_{share.percent}"], trials[f"transfer_{share.percent}"])
    return _compared_row("Paper, best epoch on its test records", pair, share)


def _compared_row(source: str, pair: ArmComparison | None, share: LabelShare) -> list[tuple[Cell, ...]]:
    if pair is None:
        return []
    records = pair.records.difference if pair.records else None
    figures: tuple[Cell, ...] = (
        pair.first.mean, pair.first.sd, pair.second.mean, pair.second.sd, pair.paired.difference,
        pair.paired.low, pair.paired.high, pair.paired.p, pair.welch.p,
        records.low if records else None, records.high if records else None,
    )  # fmt: skip
    return [(source, f"{share.percent} %", pair.paired.n, *figures)]


def _trial_table(
    names: tuple[str, str], columns: Mapping[str, Sequence[float | None]], notes: tuple[str, ...], *, intervals: bool = False
) -> ResultTable:
    """Trials as rows and arms as columns, then n, mean and SD, the interval if asked for, and Welch's p."""
    filled = {name: values for name, values in columns.items() if values}
    n = max(map(len, filled.values()), default=0)
    rows: list[tuple[Cell, ...]] = [
        (str(number + 1), *(values[number] if number < len(values) else None for values in filled.values()))
        for number in range(n)
    ]
    defined = {name: [v for v in values if v is not None] for name, values in filled.items()}
    rows.append(("n", *map(len, defined.values())))
    rows.append(("Mean", *(_summary(values, "mean") for values in defined.values())))
    rows.append(("SD", *(_summary(values, "sd") for values in defined.values())))
    if intervals:
        rows += [(f"95 % {end}", *(_end(values, end) for values in defined.values())) for end in ("low", "high")]
    rows.append(("Welch p", *(_welch_cell(name, defined) for name in defined)))
    return ResultTable(*names, ("Trial", *filled), tuple(rows), notes)
