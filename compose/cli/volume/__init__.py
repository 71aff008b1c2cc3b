"""The commands of ``pycompose volume``."""
