"""Source layouts, one module each; ``ecgapp.datasets`` imports all, which registers them."""
