"""Writes the pages docs/studies/NAME.md from the results of experiments.

    python -m docs.study_pages FOLDER [FOLDER ...]

A folder is what ``python -m ecgapp experiment NAME --collect --out FOLDER`` has filled. The page's text above
the line ``---`` is written by hand and stays; the report's data, conclusions, tables and figures follow it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.experiments.collection import read_report
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.report.experiment_pages import experiment_figures

PAGES = PROJECT / "docs" / "studies"
LINE = "\n---\n"


def main(folders: Sequence[str]) -> None:
    """Write the page of each folder's study."""
    if not folders:
        sys.exit(__doc__)
    for name in folders:
        write_page(ExperimentFolder(Path(name)))


def write_page(folder: ExperimentFolder) -> None:
    """Write the page of the experiment's study and its pictures.

    Raises:
        StorageError: the report is damaged.
    """
    document = read_report(folder)
    if document is None:
        sys.exit("There is no report in this folder. Run the experiment with --collect first.")
    name = folder.record().config.protocol
    pictures = PAGES / name
    pictures.mkdir(parents=True, exist_ok=True)
    for key, picture in experiment_figures(document.report).items():
        (pictures / f"{key}.svg").write_bytes(picture)
    page = PAGES / f"{name}.md"
    above = page.read_text("utf-8").partition(LINE)[0] if page.is_file() else f"# {document.report.title}\n"
    below = document.report.to_markdown(f"{name}/").partition("\n")[2]  # without its title
    page.write_text(f"{above}{LINE}{below}", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
