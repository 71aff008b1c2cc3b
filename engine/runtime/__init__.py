"""Containers as processes: the launcher, a shim for each container, its first process, and what clients say to it."""
