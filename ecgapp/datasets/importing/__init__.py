"""An import: parts read by several processes, resumed after an interruption, assembled into a store."""
