"""The first code of each record, where the publisher put the main diagnosis first."""

from ecgapp.datasets.columns import Rows
from ecgapp.datasets.layouts.layout import LAYOUTS
from ecgapp.datasets.store import DatasetStore
from ecgapp.errors import DatasetError


def has_first_codes(store: DatasetStore) -> bool:
    """Whether the data set's layout keeps the publisher's order of each record's codes."""
    layout = LAYOUTS.get(store.manifest.layout)
    return layout is not None and layout.first_code_leads


def first_codes(store: DatasetStore, rows: Rows | None = None) -> list[str]:
    """The first code of each of ``rows``, by default of all; "" for a record without codes.

    Raises:
        DatasetError: the data set does not keep the order of the codes.
    """
    if not has_first_codes(store):
        raise DatasetError(
            f"The data set {store.name} does not say which label of a record comes first. Import the "
            "recordings of 2018 as their organisers published them."
        )
    return [codes[0] if codes else "" for codes in store.codes(rows)]
