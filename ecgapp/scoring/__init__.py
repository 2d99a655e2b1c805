"""Scoring of whole archives: a folder of ECG files or a data set into Parquet files, part by part."""

from ecgapp.scoring.collected_scores import CollectedScores, collect
from ecgapp.scoring.part_scoring import PartsReport, ScoringOrder, score_parts
from ecgapp.scoring.scoring_plan import ScoringPlan, open_plan
from ecgapp.scoring.scoring_source import ScoringSource, open_source

__all__ = [
    "CollectedScores",
    "PartsReport",
    "ScoringOrder",
    "ScoringPlan",
    "ScoringSource",
    "collect",
    "open_plan",
    "open_source",
    "score_parts",
]
