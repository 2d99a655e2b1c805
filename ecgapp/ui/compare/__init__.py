"""Parts of the Compare page: two ECGs of one patient and the changes between them."""
