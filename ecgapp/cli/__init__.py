"""The commands of ``python -m ecgapp``, one module each, which call the same code as the pages."""
