"""Tests of pure parts: no root, no kernel facility, no network."""
