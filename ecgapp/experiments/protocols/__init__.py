"""The protocols, one module for each study."""

from ecgapp.experiments.protocols import verma2021

__all__ = ["verma2021"]
