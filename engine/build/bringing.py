"""What a build needs from elsewhere: remote contexts, and images that are not here."""

from __future__ import annotations

import os
import threading

from engine import images
from engine.build import remote
from engine.build.reporting import Reporter
from engine.image import reference
from engine.image.platform import Platform, native, of_image
from schemas.building import BuildSpec
from schemas.records import Progress


class Bringer:
    """Brings things for one build. Paths in ``temporary`` are to be erased after it."""

    def __init__(self, spec: BuildSpec, reporter: Reporter) -> None:
        self._spec = spec
        self._reporter = reporter
        self._lock = threading.Lock()
        self.temporary: list[str] = []

    def context(self) -> str:
        """The directory of the main context."""
        where = self._spec["context"]
        return self.fetch(where) if remote.is_remote(where) else os.path.abspath(where)

    def fetch(self, where: str) -> str:
        """A repository or an archive as a directory."""
        from engine.build import fetching

        found = remote.git(where)
        if found is not None:
            keep = found.keep_git_dir
            if keep is None:
                keep = (self._spec.get("args") or {}).get("BUILDKIT_CONTEXT_KEEP_GIT_DIR") == "1"
            return fetching.git(found, keep_git_dir=keep).path
        path = fetching.archive_context(where)
        self.temporary.append(path)
        return path

    def image(self, name: str, platform: Platform | None) -> images.ImageRecord:
        """An image: the one that is here, unless it is of another platform or the registry shall be asked."""
        with self._lock:
            found = images.resolve(name)
            if found is not None and platform is not None and found.kind != "host":
                own = of_image(found.config)
                if own is not None and own.architecture != platform.architecture:
                    found = None
            ask = bool(self._spec.get("pull")) and not name.startswith("sha256:")
            if found is not None and (found.kind == "host" or not ask):
                return found
            return self._pull(name, platform)

    def _pull(self, name: str, platform: Platform | None) -> images.ImageRecord:
        from engine import transfers

        title = f"pull {reference.familiar(name)}"

        def told(progress: Progress) -> None:
            if progress.status == "done":
                words = f"{progress.id} {progress.text} {progress.detail}".strip()
                self._reporter.aside(title, "log", f"{words}\n".encode())

        foreign = platform is not None and platform.architecture != native().architecture
        if foreign:
            name = transfers.digest(name)  # the name goes on meaning what runs here
        wanted = str(platform) if foreign else ""
        while True:
            pulled = transfers.pull(name, platform=wanted, sink=told)
            found = images.resolve(pulled.id)
            if found is not None:
                return found
            # Somebody removed it at once. Its layers stay as long as the build runs, so this costs a look at the registry.
