"""What is: the records an engine answers with. Times are epoch seconds (0.0 = never)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from schemas.typed import NamedTuple

State = Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
Health = Literal["", "starting", "healthy", "unhealthy"]


class PortBinding(NamedTuple):
    """A published port as it really is."""

    host_ip: str
    host_port: int
    container_port: int
    protocol: str


class Attachment(NamedTuple):
    """A container's place on one network."""

    network: str  # name
    network_id: str
    ipv4: str  # address without prefix length; "" when none
    ipv6: str
    mac: str
    aliases: tuple[str, ...]
    interface: str = ""


class MountPoint(NamedTuple):
    type: str  # bind, volume, tmpfs, image
    target: str
    source: str  # host path, volume name or reference
    read_only: bool
    anonymous: bool = False


class ContainerInfo(NamedTuple):
    id: str  # 64 hex digits
    name: str
    image: str  # reference as asked for
    image_id: str  # "sha256:…"
    labels: dict[str, str]
    created: float
    state: State
    health: Health = ""
    pid: int = 0  # of the container's init on the host
    exit_code: int = 0
    started: float = 0.0
    finished: float = 0.0
    restarts: int = 0
    oom_killed: bool = False
    error: str = ""
    command: tuple[str, ...] = ()  # entrypoint + command as run
    tty: bool = False
    ports: tuple[PortBinding, ...] = ()
    exposed: tuple[str, ...] = ()  # "80/tcp"
    networks: tuple[Attachment, ...] = ()
    network_mode: str = ""
    mounts: tuple[MountPoint, ...] = ()
    has_healthcheck: bool = False
    stopping: bool = False  # it still runs, and is made to end: a start waits for that


class ImageInfo(NamedTuple):
    id: str  # "sha256:…" digest of the config
    tags: tuple[str, ...]  # familiar references: "busybox:latest"
    digests: tuple[str, ...]  # "repo@sha256:…"
    created: float
    size: int  # bytes of the unpacked layers
    architecture: str
    os: str
    labels: dict[str, str]
    volumes: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    has_healthcheck: bool = False
    tagged: float = 0.0  # when it last was given a name, or a registry confirmed one


class NetworkInfo(NamedTuple):
    id: str
    name: str
    driver: str
    labels: dict[str, str]
    internal: bool
    subnets: tuple[str, ...]
    gateways: tuple[str, ...]
    created: float
    containers: tuple[str, ...] = ()  # ids attached
    spec: Mapping[str, object] = {}  # the NetworkSpec that it was made from, where the engine knows


class VolumeInfo(NamedTuple):
    name: str
    driver: str
    labels: dict[str, str]
    mountpoint: str
    created: float
    anonymous: bool = False
    options: dict[str, str] = {}


class LogLine(NamedTuple):
    time: float
    stream: Literal["stdout", "stderr"]
    line: bytes  # without the newline


class Event(NamedTuple):
    time: float
    type: str  # container, network, volume, image
    action: str  # create start die stop kill health_status: healthy destroy …
    id: str
    attributes: dict[str, str]  # name, image, labels, exitCode, signal …


class Exit(NamedTuple):
    code: int
    time: float
    oom_killed: bool = False
    error: str = ""


class PathInfo(NamedTuple):
    """What is at a path in a container; a link is not followed."""

    name: str
    size: int
    mode: int  # with the kind of file, as stat(2) has it
    mtime: float
    link: str  # where a link leads, from the container's root; "" when it is none


class Process(NamedTuple):
    """A row of ``top``: as ps -ef prints it."""

    uid: str
    pid: int
    ppid: int
    cpu: str
    start: str
    tty: str
    time: str
    command: str


class Stats(NamedTuple):
    cpu_seconds: float
    memory: int
    memory_limit: int
    network_received: int
    network_sent: int
    block_read: int
    block_written: int
    pids: int
    time: float


class Progress(NamedTuple):
    """Something a command reports while it works."""

    id: str  # "Container demo-web-1"
    text: str  # "Creating"
    status: Literal["working", "done", "warning", "error"]
    detail: str = ""
    current: int = 0
    total: int = 0
    parent: str = ""


class Part(NamedTuple):
    """One of the contents of an artifact."""

    media_type: str
    annotations: dict[str, str]
    data: bytes


class Artifact(NamedTuple):
    """Something that is no image but lies in a registry, whole."""

    digest: str
    type: str
    parts: tuple[Part, ...]


class Finding(NamedTuple):
    """A line of ``doctor``: what was looked at, what was found, and what to do about a lack."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    essential: bool = True  # without it no container runs


class Support(NamedTuple):
    """How far an engine honours an attribute, and why not wholly."""

    level: Literal["honoured", "partial", "unsupported"]
    reason: str = ""
