"""Generated inputs for the loader: ``python -m tests.fuzz.loader``."""
