"""Layers as directories: tar → directory, and the merged view of a stack of them."""
