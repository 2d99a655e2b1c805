"""Processes and memory of this machine."""
