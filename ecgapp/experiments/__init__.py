"""The published studies as experiments: protocols, arms that run as jobs, and tables beside the papers'."""
