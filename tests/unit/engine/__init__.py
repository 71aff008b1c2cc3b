"""Decisions of the engine that need no kernel."""
