"""Files, JSON documents, SQLite databases, locks and text that is safe to export."""
