"""The reader's part of a page: who reads, the form of answers, calipers, and the history of a review."""
