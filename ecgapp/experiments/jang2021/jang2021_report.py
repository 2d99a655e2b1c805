"""The report of the study of Jang et al. (2021): its tables, figures and conclusions."""

from ecgapp.experiments.jang2021.jang2021_conclusions import all_conclusions
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_figures import all_figures
from ecgapp.experiments.jang2021.jang2021_tables import all_tables
from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.experiments.study_protocol import DataReport, Results


def jang2021_report(
    names: tuple[str, str], config: Jang2021Config, data: DataReport, results: Results
) -> ExperimentReport:
    """The report of the results so far; ``names`` are title and citation."""
    return ExperimentReport(
        *names,
        (*data.data, *_notes(results), *data.differences),
        all_conclusions(config, results),
        all_tables(config, results),
        all_figures(config, results),
    )


def _notes(results: Results) -> tuple[str, ...]:
    """The sentences of all arms on the files of weights that they used, each once."""
    return tuple(dict.fromkeys(note for arm in results.values() for note in arm.trials[0].notes))
