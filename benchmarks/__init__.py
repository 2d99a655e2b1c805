"""What the app must reach, measured on this machine: one module a subject, each prints one table."""
