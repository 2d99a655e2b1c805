"""Tables 2 and 3 of Jang et al. (2021), the paper's and ours: each trial's figure, mean, SD and Welch's p."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ecgapp.evaluate import paired_test, trial_summary
from ecgapp.experiments.jang2021.jang2021_arms import IMAGE_TITLES, TRAINED, image_kind
from ecgapp.experiments.jang2021.jang2021_comparison import compared, p_cell, share_values
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.paper_tables.published_trials import published_trials
from ecgapp.experiments.report_parts import Cell, ResultTable
from ecgapp.experiments.study_protocol import Results

PUBLISHED_SHARES = ("100", "50", "25")  # percent of the training records
F1, LCI = "weighted F1", "learning curve index"  # as the paper's tables are named here
_SHORT = 20  # changes: means over rises and drops of fewer rest on about ten values each
_BY_US = "Mean, SD (n - 1) and Welch's p of transfer and random are computed from the printed trials."

Columns = Mapping[tuple[str, str], Sequence[float | None]]  # by kind of arm and percent of the labels


def table_2(config: Jang2021Config, results: Results, *, as_published: bool) -> ResultTable:
    """Our trials in the form of the paper's Table 2: weighted F1 of each trial."""
    kinds = ("random", *image_kinds(config, results), "transfer")
    name = "best_f1" if as_published else "f1"
    columns = {
        (kind, share.percent): share_values(results, kind, share, name if kind in TRAINED else "f1")
        for share in config.shares
        for kind in kinds
    }
    key = "table2_best_epoch" if as_published else "table2_validation_epoch"
    which = "best epoch on the test records, as published" if as_published else "epoch chosen on validation"
    notes = (
        "Welch's p is that of transfer and random. Linear heads on images have no epochs to choose from.",
    )
    return _trial_table((key, f"Table 2, ours: weighted F1 of each trial, {which}"), columns, notes)


def table_3(config: Jang2021Config, results: Results) -> ResultTable:
    """Our trials in the form of the paper's Table 3: the learning curve index of each trial."""
    columns = {
        (kind, share.percent): share_values(results, kind, share, "lci")
        for share in config.shares
        for kind in TRAINED
    }
    notes = (
        "A trial whose curve never drops has no index. The index is a ratio of mean changes from epoch to "
        "epoch and varies widely from seed to seed, so no conclusion is drawn from it.",
        *_short_curves(config),
    )
    table = _trial_table(("table3_lci", "Table 3, ours: learning curve index of each trial"), columns, notes)
    changes = {f"{kind} {s.percent} %": s.epochs - 1 for s in config.shares for kind in TRAINED}
    row: tuple[Cell, ...] = ("Changes in a curve", *(changes[title] for title in table.columns[1:]))
    return replace(table, rows=(*table.rows, row))


def _short_curves(config: Jang2021Config) -> list[str]:
    """The sentence on shares whose curves have too few changes for an index."""
    short = [f"{share.percent} %" for share in config.shares if share.epochs <= _SHORT]
    if not short:
        return []
    return [
        f"The curves of {', '.join(short)} of the labels have fewer than {_SHORT} changes, the paper's have "
        "149: they are too short for an index that could be compared with the paper's."
    ]


def paper_table_2() -> ResultTable:
    """The paper's Table 2, with mean, sample SD and Welch's p computed by us."""
    title = "Table 2, the paper's: weighted F1 of each trial, best epoch on its test records"
    columns = _published(F1, ("random", "image", "transfer"))
    return replace(_trial_table(("paper_table2", title), columns, (_BY_US,)), published=True)


def paper_table_3() -> ResultTable:
    """The paper's Table 3, with mean, sample SD and Welch's p computed by us."""
    title = "Table 3, the paper's: learning curve index of each trial"
    columns = _published(LCI, TRAINED)
    return replace(_trial_table(("paper_table3", title), columns, (_BY_US,)), published=True)


def image_kinds(config: Jang2021Config, results: Results) -> tuple[str, ...]:
    """The image arms that have figures."""
    kinds = map(image_kind, config.images)
    return tuple(kind for kind in kinds if kind in results and any(t.values for t in results[kind].trials))


def image_titles(config: Jang2021Config, results: Results) -> dict[str, str]:
    """The title of the network of each image arm that has figures, by the arm's kind."""
    titles = {image_kind(network): IMAGE_TITLES[network] for network in config.images}
    return {kind: titles[kind] for kind in image_kinds(config, results)}


def _published(figure: str, arms: Sequence[str]) -> Columns:
    return {
        (arm, percent): published_trials(figure, arm, int(percent))
        for percent in PUBLISHED_SHARES
        for arm in arms
    }


def _trial_table(names: tuple[str, str], columns: Columns, notes: tuple[str, ...]) -> ResultTable:
    """Trials as rows and arms as columns, then n, mean, SD, interval of the mean, range, and Welch's p."""
    filled = {name: values for name, values in columns.items() if values}
    n = max(map(len, filled.values()), default=0)
    rows = [(str(trial + 1), *(_cell(values, trial) for values in filled.values())) for trial in range(n)]
    defined = [[value for value in values if value is not None] for values in filled.values()]
    rows.append(("n", *map(len, defined)))
    rows.append(("Mean", *(trial_summary(values).mean if values else None for values in defined)))
    rows.append(("SD", *(trial_summary(values).sd if values else None for values in defined)))
    intervals = [_interval_of_mean(values) for values in defined]
    rows.append(("Mean, 95 % low", *(low for low, _ in intervals)))
    rows.append(("Mean, 95 % high", *(high for _, high in intervals)))
    rows.append(("Lowest", *(min(values, default=None) for values in defined)))
    rows.append(("Highest", *(max(values, default=None) for values in defined)))
    rows.append(("Welch p", *(_welch_p(filled, name) for name in filled)))
    titles = tuple(f"{kind} {percent} %" for kind, percent in filled)
    return ResultTable(*names, ("Trial", *titles), tuple(rows), notes)


def _cell(values: Sequence[float | None], trial: int) -> Cell:
    return values[trial] if trial < len(values) else None


def _interval_of_mean(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean over trials by Student's t: that of the paired differences to 0."""
    if len(values) < 2:
        return None, None
    difference = paired_test([0.0] * len(values), values)
    return difference.low, difference.high


def _welch_p(columns: Columns, name: tuple[str, str]) -> Cell:
    """Welch's p of transfer and random, in the column of transfer alone."""
    kind, percent = name
    pair = compared(columns.get(("random", percent), ()), columns[name]) if kind == "transfer" else None
    return p_cell(pair.welch.p) if pair else None
