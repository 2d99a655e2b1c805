"""One training in several processes: the process group, and batch norms over all of them."""
