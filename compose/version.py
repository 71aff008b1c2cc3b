"""The version of this program (the same as in pyproject.toml; asking the package's metadata would cost 20 ms)."""

from __future__ import annotations

VERSION = "0.1.0"
