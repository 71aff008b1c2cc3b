"""The commands of ``pycompose network``."""
