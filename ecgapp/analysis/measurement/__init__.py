"""Measurements of a record: waves, beats, intervals, axes and ST levels."""
