"""The methods of the local engine that are about images: registries, archives, builds and what they take up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.building import BuildSink, BuildSpec, BuildWarning
    from schemas.engine import Sink
    from schemas.records import ImageInfo
    from schemas.usage import CachePruned, DiskUsage, HistoryEntry


class LocalImages:
    """By delegation, as ``LocalEngine``."""

    def recover(self) -> None:
        """See LocalEngine."""
        raise NotImplementedError

    def images(self) -> list[ImageInfo]:
        from engine import images

        return images.images()

    def image(self, reference: str) -> ImageInfo | None:
        from engine import images

        return images.image(reference)

    def image_inspect(self, reference: str) -> dict[str, object]:
        from engine import images

        return images.inspect(reference)

    def image_history(self, reference: str) -> list[HistoryEntry]:
        from engine import history

        return history.history(reference)

    def tag_image(self, reference: str, tag: str) -> None:
        from engine import image_names

        image_names.tag(reference, tag)

    def remove_image(self, reference: str, *, force: bool = False) -> list[str]:
        from engine import image_names

        return image_names.remove(reference, force=force)

    def load_images(self, path: str, *, sink: Sink) -> list[ImageInfo]:
        from engine import image_files

        return image_files.load(path, sink=sink)

    def import_image(
        self, path: str, reference: str, *, changes: list[str], message: str = "", sink: Sink
    ) -> ImageInfo:
        from engine import image_files

        return image_files.import_rootfs(
            path, reference, changes=changes, message=message, sink=sink
        )

    def build(self, spec: BuildSpec, *, sink: BuildSink) -> ImageInfo:
        from engine.build import builder

        self.recover()
        return builder.build(spec, sink)

    def check_build(self, spec: BuildSpec) -> list[BuildWarning]:
        from engine.build import builder

        return builder.check(spec)

    def disk_usage(self, kinds: tuple[str, ...] = ()) -> DiskUsage:
        from engine import usage

        return usage.disk_usage(kinds)

    def prune_build_cache(
        self, *, everything: bool = False, until: float = 0.0, keep: int = 0
    ) -> CachePruned:
        from engine.build import pruning

        self.recover()
        return pruning.prune(everything=everything, until=until, keep=keep)

    def save_images(self, references: list[str], path: str) -> None:
        from engine import image_files

        image_files.save(references, path)

    def pull(self, reference: str, *, platform: str = "", sink: Sink) -> ImageInfo:
        from engine import transfers

        self.recover()
        return transfers.pull(reference, platform=platform, sink=sink)

    def push(self, reference: str, *, sink: Sink) -> str:
        from engine import transfers

        return transfers.push(reference, sink=sink)

    def resolve_digest(self, reference: str) -> str:
        from engine import transfers

        return transfers.digest(reference)

    def login(self, registry: str, username: str, password: str) -> str:
        from engine import transfers

        return transfers.login(registry, username, password)

    def logout(self, registry: str) -> bool:
        from engine import transfers

        return transfers.logout(registry)

    def account(self, registry: str) -> str:
        from engine import transfers

        return transfers.account(registry)
