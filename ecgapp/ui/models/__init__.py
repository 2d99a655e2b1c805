"""Parts of the Models page: installed models, their history, promotion and import."""
