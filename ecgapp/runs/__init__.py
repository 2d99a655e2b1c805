"""Training runs as pages and commands need them: configs from forms, metrics, warnings, sentences."""
