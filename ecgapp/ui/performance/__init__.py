"""Parts of the Performance page: tables, curves, thresholds, calibration, subgroups, wrong answers."""
