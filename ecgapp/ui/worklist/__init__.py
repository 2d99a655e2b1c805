"""Parts of the Worklist page: drop, table, actions, and the walk from one ECG to the next."""
