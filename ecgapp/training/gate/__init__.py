"""Fitting of both gates: their records, bad signals, and evaluation on other records."""
