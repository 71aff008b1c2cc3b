"""The protocols between the reconciler and whoever can carry out a step.

Calls are synchronous and may be made from several threads; long waits are streams, ended by ``close()``.
Every method raises the kinds of ``schemas.errors.EngineError`` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from schemas.building import BuildSink, BuildSpec, BuildWarning
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
    Progress,
    Stats,
    VolumeInfo,
)
from schemas.specs import ContainerSpec, Endpoint, ExecSpec, LogQuery, NetworkSpec, Port, VolumeSpec
from schemas.typed import Protocol
from schemas.usage import CachePruned, DiskUsage, HistoryEntry

T_co = TypeVar("T_co", covariant=True)
Sink = Callable[[Progress], None]
# A feature: a container that is made and not started can be attached to. Where it cannot, its log keeps all that it says.
ATTACH_CREATED = "attach-created"
LabelFilter = dict[str, str]  # an empty value asks only for the key


class Stream(Protocol[T_co]):
    """An iterator that ``close()`` ends from any thread."""

    def __iter__(self) -> Iterator[T_co]: ...
    def __next__(self) -> T_co: ...
    def close(self) -> None: ...


class Bytes(Protocol):
    """Something to read from; b"" is the end."""

    def read(self, size: int, /) -> bytes: ...


class Archive(Bytes, Protocol):
    """A tar that is being read; to be closed."""

    def close(self) -> None: ...


class Channel(Protocol):
    """A running exec or an attached container: its descriptors and its end."""

    tty: bool

    def stdin(self) -> int:
        """Descriptor to write to, or -1."""

    def stdout(self) -> int:
        """Descriptor to read from (tty: the terminal, both ways)."""

    def stderr(self) -> int:
        """Descriptor to read from, or -1 (tty)."""

    def close_stdin(self) -> None: ...
    def resize(self, rows: int, columns: int) -> None: ...
    def signal(self, name: str) -> None: ...
    def wait(self) -> int:
        """Block until the process has ended; its exit code (128 + n for signal n)."""

    def close(self) -> None: ...


class Engine(Protocol):
    """What every engine can do. ``features`` names optional abilities ("pause", "build" …)."""

    name: str
    features: frozenset[str]

    def close(self) -> None: ...
    def recover(self) -> None:
        """Put right what killed commands and supervisors left. Whatever changes something does so first; so does a command
        that finds nothing to change."""

    def doctor(self) -> list[Finding]: ...

    # containers ---------------------------------------------------------------------------------
    def containers(
        self, *, labels: LabelFilter | None = None, all: bool = True
    ) -> list[ContainerInfo]:
        """List containers, oldest first; ``all=False``: only running, paused and restarting ones."""

    def container(self, id: str) -> ContainerInfo:
        """One container by id, unambiguous id prefix or name; NotFound."""

    def inspect(self, id: str) -> dict[str, object]:
        """The container in the shape of ``docker inspect``."""

    def spec(self, id: str) -> ContainerSpec:
        """The spec a container was created from."""

    def create(self, spec: ContainerSpec) -> ContainerInfo:
        """Create; Conflict when the name exists, NotFound for image, network or volume. Anonymous volumes are made here."""

    def check(self, spec: ContainerSpec) -> None:
        """Raise Unsupported or InvalidArgument for what ``create`` would refuse whatever exists; makes nothing."""

    def check_network(self, spec: NetworkSpec) -> None:
        """The same for ``create_network``."""

    def check_volume(self, spec: VolumeSpec) -> None:
        """The same for ``create_volume``."""

    def check_ports(self, ports: list[Port]) -> None:
        """Raise Conflict naming the first published port that something on this host holds already."""

    def start(self, id: str) -> None:
        """Start; a no-op when running. StartFailed with the step that failed."""

    def stop(self, id: str, *, timeout: float | None = None, signal: str | None = None) -> None:
        """Signal, wait for the grace period (None: the container's), then SIGKILL. A no-op when not running."""

    def kill(self, id: str, *, signal: str = "SIGKILL") -> None:
        """Send a signal to pid 1; Conflict when not running."""

    def restart(self, id: str, *, timeout: float | None = None) -> None: ...
    def pause(self, id: str) -> None: ...
    def unpause(self, id: str) -> None: ...
    def rename(self, id: str, name: str) -> None: ...
    def remove(self, id: str, *, force: bool = False, volumes: bool = False) -> None:
        """Remove; ``volumes`` also the anonymous ones. Conflict when running and not ``force``. Absent: NotFound."""

    def wait(self, id: str, *, timeout: float | None = None) -> Exit:
        """Block until not running; TimeoutError."""

    def wait_healthy(self, id: str, *, timeout: float | None = None) -> ContainerInfo:
        """Block until health is healthy or unhealthy, or the container has ended; TimeoutError."""

    def connect(self, id: str, endpoint: Endpoint) -> None: ...
    def disconnect(self, id: str, network: str, *, force: bool = False) -> None: ...
    def logs(self, id: str, query: LogQuery) -> Stream[LogLine]: ...
    def exec(self, id: str, spec: ExecSpec) -> Channel: ...
    def attach(self, id: str, *, stdin: bool = False, logs: bool = False) -> Channel: ...
    def top(self, id: str) -> list[Process]: ...
    def stats(self, id: str) -> Stats: ...
    def path_info(self, id: str, path: str) -> PathInfo:
        """What is at ``path`` in the container, running or not; NotFound."""

    def read_archive(self, id: str, path: str) -> Archive:
        """The file or tree at ``path`` as a tar whose first member has the path's last name; NotFound."""

    def export(self, id: str) -> Archive:
        """The container's root as a tar, running or not; what is mounted in it is left out."""

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
        """Make an image of what the container has changed, under the name ``reference`` ("" for none); its id.

        ``changes`` are Dockerfile instructions; ``pause`` holds its processes meanwhile. InvalidArgument, NotFound.
        """

    def write_archive(self, id: str, path: str, archive: Bytes) -> None:
        """Unpack a tar into the directory ``path``, which must be there: NotFound, InvalidArgument when it is none.

        Nothing outside of the container is written, whatever links and names the archive or the container holds. A
        directory does not take a file's place, nor a file a directory's: Conflict.
        """

    def events(
        self,
        *,
        labels: LabelFilter | None = None,
        since: float | None = None,
        until: float | None = None,
        follow: bool = True,
    ) -> Stream[Event]: ...

    # networks -----------------------------------------------------------------------------------
    def networks(self, *, labels: LabelFilter | None = None) -> list[NetworkInfo]: ...
    def network(self, name: str) -> NetworkInfo:
        """By name or id; NotFound."""

    def network_inspect(self, name: str) -> dict[str, object]:
        """The network in the shape of ``docker network inspect``; NotFound."""

    def create_network(self, spec: NetworkSpec) -> NetworkInfo: ...
    def remove_network(self, name: str) -> None:
        """Conflict while containers are attached; NotFound."""

    # volumes ------------------------------------------------------------------------------------
    def volumes(self, *, labels: LabelFilter | None = None) -> list[VolumeInfo]: ...
    def volume(self, name: str) -> VolumeInfo: ...
    def volume_inspect(self, name: str) -> dict[str, object]:
        """The volume in the shape of ``docker volume inspect``; NotFound."""

    def create_volume(self, spec: VolumeSpec) -> VolumeInfo: ...
    def remove_volume(self, name: str, *, force: bool = False) -> None:
        """Conflict while a container uses it; NotFound."""

    # images -------------------------------------------------------------------------------------
    def images(self) -> list[ImageInfo]: ...
    def image(self, reference: str) -> ImageInfo | None:
        """By reference, digest or id prefix; None when it is not here."""

    def image_inspect(self, reference: str) -> dict[str, object]: ...
    def image_history(self, reference: str) -> list[HistoryEntry]:
        """How an image was made, newest step first; NotFound."""

    def tag_image(self, reference: str, tag: str) -> None: ...
    def remove_image(self, reference: str, *, force: bool = False) -> list[str]:
        """Untag and, with the last tag, delete; what was done as lines. Conflict while a container uses it."""

    def load_images(self, path: str, *, sink: Sink) -> list[ImageInfo]:
        """Load a ``docker save`` or OCI archive (file, gz/zstd or plain; "-" = stdin); images with the names it gives."""

    def import_image(
        self, path: str, reference: str, *, changes: list[str], message: str = "", sink: Sink
    ) -> ImageInfo:
        """Make a one-layer image of a root filesystem tar; ``message`` is what its history says."""

    def build(self, spec: BuildSpec, *, sink: BuildSink) -> ImageInfo:
        """Build an image and give it its tags. BuildFailed for what is wrong with the Dockerfile or fails in a step."""

    def check_build(self, spec: BuildSpec) -> list[BuildWarning]:
        """What build checks find; builds nothing. BuildFailed for a Dockerfile that cannot be read."""

    def save_images(self, references: list[str], path: str) -> None: ...

    # disk ---------------------------------------------------------------------------------------
    def disk_usage(self, kinds: tuple[str, ...] = ()) -> DiskUsage:
        """What takes up room; counting files takes its time, so only ``kinds`` (of ``schemas.usage.KINDS``; none: all)."""

    def prune_build_cache(
        self, *, everything: bool = False, until: float = 0.0, keep: int = 0
    ) -> CachePruned:
        """Remove what builds keep: without ``everything`` not what images share; ``until``: only what was not used since;
        ``keep``: leave the newest so many bytes. Nothing that a running build may use."""

    # registries ---------------------------------------------------------------------------------
    def pull(self, reference: str, *, platform: str = "", sink: Sink) -> ImageInfo:
        """Bring an image here. NotFound, Unauthorized, Unavailable, Unsupported.

        Progress: one id for each layer, in Docker's words; what is said of the image as a whole has no id.
        """

    def push(self, reference: str, *, sink: Sink) -> str:
        """Send an image to the registry that its name says; its digest there. Progress as with ``pull``."""

    def resolve_digest(self, reference: str) -> str:
        """The full reference with the digest that it stands for in its registry at this moment; nothing is brought here."""

    def login(self, registry: str, username: str, password: str) -> str:
        """Prove credentials and keep them for later calls; ``registry`` "" is Docker's own. Without a name those that are kept
        are proven. Unauthorized when they are wrong. The file that now holds the password in the clear, "" when none does."""

    def logout(self, registry: str) -> bool:
        """Forget the credentials; whether there were any."""

    def account(self, registry: str) -> str:
        """The name under which we are logged in; "" when we are not."""
