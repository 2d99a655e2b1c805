"""The parts that every page needs: its head, the session, the choice of a model, the administrator."""
