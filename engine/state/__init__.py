"""Durable state: rows in one SQLite file, locks, and the journal of events."""
