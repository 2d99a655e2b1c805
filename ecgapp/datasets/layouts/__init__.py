"""One module for each layout of a source folder. ``ecgapp.datasets`` imports all, which registers them."""
