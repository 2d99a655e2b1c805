"""The protocols, one module for each study."""

from ecgapp.experiments.protocols import singstad2020, verma2021

__all__ = ["singstad2020", "verma2021"]
