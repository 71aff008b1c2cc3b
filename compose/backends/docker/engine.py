"""DockerEngine: every method of ``schemas.engine.Engine``, by delegation to the module that does it."""

from __future__ import annotations

from compose.backends.docker import containers
from compose.backends.docker.client import Client
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.building import BuildSink, BuildSpec, BuildWarning
    from schemas.engine import Archive, Bytes, Channel, LabelFilter, Sink, Stream
    from schemas.records import (
        ContainerInfo,
        Event,
        Exit,
        Finding,
        ImageInfo,
        LogLine,
        NetworkInfo,
        PathInfo,
        Process,
        Stats,
        VolumeInfo,
    )
    from schemas.specs import (
        ContainerSpec,
        Endpoint,
        ExecSpec,
        LogQuery,
        NetworkSpec,
        Port,
        VolumeSpec,
    )
    from schemas.usage import CachePruned, DiskUsage, HistoryEntry


class DockerEngine:
    """A daemon. Nothing is asked of it before the first call."""

    name = "docker"
    features = frozenset(
        {
            "pause",
            "exec",
            "attach",
            "attach-created",
            "load",
            "save",
            "import",
            "pull",
            "push",
            "build",
        }
    )

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()

    def close(self) -> None:
        self.client.close()

    def recover(self) -> None:
        """A daemon looks after itself."""

    def doctor(self) -> list[Finding]:
        from compose.backends.docker import doctor

        return doctor.findings(self.client)

    # containers ---------------------------------------------------------------------------------

    def containers(
        self, *, labels: LabelFilter | None = None, all: bool = True
    ) -> list[ContainerInfo]:
        return containers.select(self.client, labels, all=all)

    def container(self, id: str) -> ContainerInfo:
        return containers.get(self.client, id)

    def inspect(self, id: str) -> dict[str, object]:
        return containers.look(self.client, id)

    def spec(self, id: str) -> ContainerSpec:
        return containers.spec(self.client, id)

    def create(self, spec: ContainerSpec) -> ContainerInfo:
        return containers.create(self.client, spec)

    def check(self, spec: ContainerSpec) -> None:
        containers.check(self.client, spec)

    def check_network(self, spec: NetworkSpec) -> None:
        from compose.backends.docker import networks

        networks.check(self.client, spec)

    def check_volume(self, spec: VolumeSpec) -> None:
        """Which drivers and options there are only the daemon knows."""

    def check_ports(self, ports: list[Port]) -> None:
        from compose.backends.docker import ports as published

        published.check(self.client, ports)

    def start(self, id: str) -> None:
        containers.start(self.client, id)

    def stop(self, id: str, *, timeout: float | None = None, signal: str | None = None) -> None:
        containers.stop(self.client, id, timeout=timeout, signal=signal)

    def kill(self, id: str, *, signal: str = "SIGKILL") -> None:
        containers.kill(self.client, id, signal=signal)

    def restart(self, id: str, *, timeout: float | None = None) -> None:
        containers.restart(self.client, id, timeout=timeout)

    def pause(self, id: str) -> None:
        containers.pause(self.client, id)

    def unpause(self, id: str) -> None:
        containers.unpause(self.client, id)

    def rename(self, id: str, name: str) -> None:
        containers.rename(self.client, id, name)

    def remove(self, id: str, *, force: bool = False, volumes: bool = False) -> None:
        containers.remove(self.client, id, force=force, volumes=volumes)

    def wait(self, id: str, *, timeout: float | None = None) -> Exit:
        return containers.wait(self.client, id, timeout=timeout)

    def wait_healthy(self, id: str, *, timeout: float | None = None) -> ContainerInfo:
        return containers.wait_healthy(self.client, id, timeout=timeout)

    def connect(self, id: str, endpoint: Endpoint) -> None:
        containers.connect(self.client, id, endpoint)

    def disconnect(self, id: str, network: str, *, force: bool = False) -> None:
        containers.disconnect(self.client, id, network, force=force)

    def logs(self, id: str, query: LogQuery) -> Stream[LogLine]:
        from compose.backends.docker import streams

        return streams.logs(self.client, id, query)

    def exec(self, id: str, spec: ExecSpec) -> Channel:
        from compose.backends.docker import channels

        return channels.execute(self.client, id, spec)

    def attach(self, id: str, *, stdin: bool = False, logs: bool = False) -> Channel:
        from compose.backends.docker import channels

        return channels.attach(self.client, id, stdin=stdin, logs=logs)

    def top(self, id: str) -> list[Process]:
        from compose.backends.docker import tables

        return tables.top(self.client, id)

    def stats(self, id: str) -> Stats:
        from compose.backends.docker import tables

        return tables.stats(self.client, id)

    def path_info(self, id: str, path: str) -> PathInfo:
        from compose.backends.docker import archives

        return archives.path_info(self.client, id, path)

    def read_archive(self, id: str, path: str) -> Archive:
        from compose.backends.docker import archives

        return archives.read(self.client, id, path)

    def export(self, id: str) -> Archive:
        from compose.backends.docker import archives

        return archives.export(self.client, id)

    def commit(
        self,
        id: str,
        reference: str,
        *,
        author: str = "",
        message: str = "",
        changes: list[str],
        pause: bool,
    ) -> str:
        from compose.backends.docker import images

        return images.commit(
            self.client, id, reference, author=author, message=message, changes=changes, pause=pause
        )

    def write_archive(self, id: str, path: str, archive: Bytes) -> None:
        from compose.backends.docker import archives

        archives.write(self.client, id, path, archive)

    def events(
        self,
        *,
        labels: LabelFilter | None = None,
        since: float | None = None,
        until: float | None = None,
        follow: bool = True,
    ) -> Stream[Event]:
        from compose.backends.docker import streams

        return streams.events(self.client, labels=labels, since=since, until=until, follow=follow)

    # networks -----------------------------------------------------------------------------------

    def networks(self, *, labels: LabelFilter | None = None) -> list[NetworkInfo]:
        from compose.backends.docker import networks

        return networks.select(self.client, labels)

    def network(self, name: str) -> NetworkInfo:
        from compose.backends.docker import networks

        return networks.get(self.client, name)

    def network_inspect(self, name: str) -> dict[str, object]:
        from compose.backends.docker import networks

        return networks.inspect(self.client, name)

    def create_network(self, spec: NetworkSpec) -> NetworkInfo:
        from compose.backends.docker import networks

        return networks.create(self.client, spec)

    def remove_network(self, name: str) -> None:
        from compose.backends.docker import networks

        networks.remove(self.client, name)

    # volumes ------------------------------------------------------------------------------------

    def volumes(self, *, labels: LabelFilter | None = None) -> list[VolumeInfo]:
        from compose.backends.docker import volumes

        return volumes.select(self.client, labels)

    def volume(self, name: str) -> VolumeInfo:
        from compose.backends.docker import volumes

        return volumes.get(self.client, name)

    def volume_inspect(self, name: str) -> dict[str, object]:
        from compose.backends.docker import volumes

        return volumes.inspect(self.client, name)

    def create_volume(self, spec: VolumeSpec) -> VolumeInfo:
        from compose.backends.docker import volumes

        return volumes.create(self.client, spec)

    def remove_volume(self, name: str, *, force: bool = False) -> None:
        from compose.backends.docker import volumes

        volumes.remove(self.client, name, force=force)

    # images -------------------------------------------------------------------------------------

    def images(self) -> list[ImageInfo]:
        from compose.backends.docker import images

        return images.images(self.client)

    def image(self, reference: str) -> ImageInfo | None:
        from compose.backends.docker import images

        return images.image(self.client, reference)

    def image_inspect(self, reference: str) -> dict[str, object]:
        from compose.backends.docker import images

        return images.inspect(self.client, reference)

    def image_history(self, reference: str) -> list[HistoryEntry]:
        from compose.backends.docker import usage

        return usage.history(self.client, reference)

    def tag_image(self, reference: str, tag: str) -> None:
        from compose.backends.docker import images

        images.tag(self.client, reference, tag)

    def remove_image(self, reference: str, *, force: bool = False) -> list[str]:
        from compose.backends.docker import images

        return images.remove(self.client, reference, force=force)

    def load_images(self, path: str, *, sink: Sink) -> list[ImageInfo]:
        from compose.backends.docker import images

        return images.load(self.client, path, sink=sink)

    def import_image(
        self, path: str, reference: str, *, changes: list[str], message: str = "", sink: Sink
    ) -> ImageInfo:
        from compose.backends.docker import images

        return images.import_image(
            self.client, path, reference, changes=changes, message=message, sink=sink
        )

    def build(self, spec: BuildSpec, *, sink: BuildSink) -> ImageInfo:
        from compose.backends.docker import building

        return building.build(self.client, spec, sink)

    def check_build(self, spec: BuildSpec) -> list[BuildWarning]:
        from compose.backends.docker import building

        return building.check(self.client, spec)

    def disk_usage(self, kinds: tuple[str, ...] = ()) -> DiskUsage:
        from compose.backends.docker import usage

        return usage.disk_usage(self.client, kinds)

    def prune_build_cache(
        self, *, everything: bool = False, until: float = 0.0, keep: int = 0
    ) -> CachePruned:
        from compose.backends.docker import usage

        return usage.prune_build_cache(self.client, everything=everything, until=until, keep=keep)

    def save_images(self, references: list[str], path: str) -> None:
        from compose.backends.docker import images

        images.save(self.client, references, path)

    # registries ---------------------------------------------------------------------------------

    def pull(self, reference: str, *, platform: str = "", sink: Sink) -> ImageInfo:
        from compose.backends.docker import transfers

        return transfers.pull(self.client, reference, platform=platform, sink=sink)

    def push(self, reference: str, *, sink: Sink) -> str:
        from compose.backends.docker import transfers

        return transfers.push(self.client, reference, sink=sink)

    def resolve_digest(self, reference: str) -> str:
        from compose.backends.docker import transfers

        return transfers.digest(self.client, reference)

    def login(self, registry: str, username: str, password: str) -> str:
        from compose.backends.docker import transfers

        return transfers.login(self.client, registry, username, password)

    def logout(self, registry: str) -> bool:
        from compose.backends.docker import transfers

        return transfers.logout(self.client, registry)

    def account(self, registry: str) -> str:
        from compose.backends.docker import transfers

        return transfers.account(self.client, registry)
