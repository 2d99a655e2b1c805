"""Metrics and decision rules of the gates, the delineator and the ventricular network."""
