"""Parts of the Data page: imports, data sets, and the export of reviews."""
