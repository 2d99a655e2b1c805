"""Writes the pages docs/studies/NAME.md from the results of experiments.

    python -m docs.study_pages FOLDER [FOLDER ...]

A folder is what ``python -m ecgapp experiment NAME --collect --out FOLDER`` has filled. The page's text above
the line ``---`` is written by hand and stays; the report's data, conclusions, tables and figures follow it.
"""

import argparse
import sys
import textwrap
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.experiments.collection import read_report
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.report.experiment_pages import experiment_figures

PAGES = PROJECT / "docs" / "studies"
LINE = "\n---\n"
WIDTH = 110  # letters of a line


def main() -> None:
    """Write the page of each folder's study."""
    parser = argparse.ArgumentParser(prog="python -m docs.study_pages", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders:
        write_page(ExperimentFolder(folder))


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
    lines = "\n".join(_wrapped(line) for line in below.split("\n"))
    page.write_text(f"{above}{LINE}{lines}", "utf-8")


def _wrapped(line: str) -> str:
    """The line in lines of at most ``WIDTH``; a row of a table, a picture or a title stays one line."""
    if line.startswith(("|", "!", "#")):
        return line
    behind = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line, WIDTH, subsequent_indent=behind, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    main()
