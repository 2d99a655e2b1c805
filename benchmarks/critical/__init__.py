"""Critical findings: on marked recordings, on random windows, and on synthetic ECGs."""
