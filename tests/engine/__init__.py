"""Tests on the real kernel, as root, in a network namespace of their own."""
