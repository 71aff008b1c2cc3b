"""The layers of a stage, as an overlay will stack them."""

from __future__ import annotations

import os

from engine import paths
from schemas.typed import NamedTuple


class Stack(NamedTuple):
    """Layers, top first. ``host``: below them lies this host's own system (``engine.image.host``)."""

    layers: tuple[str, ...] = ()
    host: bool = False

    def over(self, layer: str) -> Stack:
        """This stack with one more layer on top."""
        return self._replace(layers=(layer, *self.layers))

    def lowers(self, *, mount_points: bool = False) -> list[str]:
        """The lower directories of an overlay of it: never none, and never only one. ``mount_points``: with what a running
        container wants to be there."""
        from engine import image_roots

        lowest = image_roots.mount_points() if mount_points else _empty()
        return [*self.layers, *(image_roots.host_layers() if self.host else ()), lowest]

    def usr(self) -> list[str]:
        """Those of /usr, which is a mount of its own on a host's system."""
        own = [f"{layer}/usr" for layer in self.layers]
        return [*(path for path in own if os.path.isdir(path)), "/usr"] if self.host else []


def _empty() -> str:
    """An empty directory: overlayfs wants two lower ones where there is no upper one."""
    path = f"{paths.root()}/build/empty"
    os.makedirs(path, mode=0o755, exist_ok=True)
    return path
