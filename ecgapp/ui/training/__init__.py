"""Parts of the Training page: the form, the list of runs, one run with its curves, and their dialogs."""
