"""Speed of the app: a browser on its review page, its server process, and the page's script alone."""
