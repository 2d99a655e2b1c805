"""The protocols, one module for each study."""
