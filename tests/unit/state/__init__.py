"""Rows, locks and the journal."""
