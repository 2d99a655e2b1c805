"""What every page needs: its head, the session, the choice of a model, and administrators' rights."""
