"""Logging drivers: their options, what they call a container, and the ones that send lines elsewhere."""
