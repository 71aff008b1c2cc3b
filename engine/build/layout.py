"""Images of an OCI layout directory as build contexts."""

from __future__ import annotations

from engine import images
from schemas.errors import Unsupported


def load(where: str) -> images.ImageRecord:
    raise Unsupported(f"oci-layout://{where}")
