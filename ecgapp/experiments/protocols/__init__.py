"""The protocols, one module for each study, in the order in which pages list them."""

from ecgapp.experiments.protocols import jang2021  # isort: skip
from ecgapp.experiments.protocols import ansari2020, singstad2020, verma2021  # isort: skip

__all__ = ["ansari2020", "jang2021", "singstad2020", "verma2021"]
