"""Verma, Dige and Gill 2021: the settings, the arms, the trials and the report of the protocol."""
