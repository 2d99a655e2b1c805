"""Singstad and Tronstad 2020: the settings, the folds and the report of the protocol."""
