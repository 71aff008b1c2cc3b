"""What to create: plain JSON-able dictionaries, so that they can be cached, hashed, stored and sent as they are.

Sizes are bytes, times are seconds, modes are integers; an absent key means "not asked for".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired, Required

from schemas.typed import TypedDict

Labels = dict[str, str]


class BindOptions(TypedDict, total=False):
    propagation: str  # private, rprivate, shared, rshared, slave, rslave
    create_host_path: bool
    selinux: str
    recursive: str  # enabled, disabled, writable, readonly


class Mount(TypedDict, total=False):
    """A mount of the container, in the order asked for."""

    type: Required[Literal["bind", "volume", "tmpfs", "image"]]
    target: Required[str]  # absolute path in the container
    source: str  # host path (bind), volume name (volume; absent = anonymous), reference (image)
    read_only: bool
    bind: BindOptions
    nocopy: bool  # volume: no copy-up of image content
    subpath: str  # volume, image
    labels: Labels  # for an anonymous volume that is made
    size: int  # tmpfs
    mode: int  # tmpfs
    uid: int  # tmpfs
    gid: int  # tmpfs
    owner: str  # bind, volume: whom the content is to belong to: "user" (the container's), or as ``user`` is written
    options: list[str]  # tmpfs: further mount options as words ("exec", "nosuid" …)


class FileMount(TypedDict, total=False):
    """A secret or config: a file put on a private tmpfs of the container, read-only."""

    target: Required[str]  # absolute path in the container
    source: str  # host path to read at start; exactly one of source and content
    content: str
    uid: int
    gid: int
    mode: int  # default 0o444


class Port(TypedDict, total=False):
    """A published port. A host port of 0 (or absent) asks for a free one."""

    target: Required[int]
    protocol: Required[str]  # tcp, udp (sctp is Unsupported)
    published: int
    published_range: list[int]  # [first, last]: any free one of these
    host_ip: str  # absent: every address, IPv4 and IPv6


class Endpoint(TypedDict, total=False):
    """How a container sits on one network."""

    network: Required[str]  # network name
    aliases: list[str]
    ipv4_address: str
    ipv6_address: str
    link_local_ips: list[str]
    mac_address: str
    interface_name: str
    priority: int
    gw_priority: int
    driver_opts: dict[str, str]


class Ulimit(TypedDict):
    soft: int
    hard: int


class Healthcheck(TypedDict, total=False):
    test: list[str]  # ["CMD", …], ["CMD-SHELL", s], ["NONE"]; absent: the image's
    interval: float
    timeout: float
    start_period: float
    start_interval: float
    retries: int
    restart: (
        bool  # what turns unhealthy is stopped and started again, whatever the policy says of ends
    )


class Restart(TypedDict, total=False):
    name: Required[Literal["no", "always", "unless-stopped", "on-failure"]]
    max_retries: int  # 0 or absent: without end
    delay: float  # fixed delay instead of the back-off
    window: float  # a run of this length was a success: attempts are counted anew


class Limits(TypedDict, total=False):
    cpus: float
    cpu_shares: int
    cpu_period: int  # µs
    cpu_quota: int  # µs
    cpu_rt_period: int
    cpu_rt_runtime: int
    cpuset: str
    memory: int
    memory_reservation: int
    memory_swap: int  # memory + swap; -1 without limit
    memory_swappiness: int
    pids: int
    oom_kill_disable: bool
    blkio: dict[str, object]  # the Compose blkio_config, canonical


class Hook(TypedDict, total=False):
    """A command at a point of a container's life, run by the reconciler: after its start and before its stop inside of it,
    before its start (``pre_start``) in a container of its own."""

    command: Required[list[str]]
    environment: dict[str, str | None]  # None takes the container's value away
    user: str
    working_dir: str
    privileged: bool
    image: str  # pre_start; absent: the container's own
    per_replica: (
        bool  # pre_start; False: once for all containers of the service that are started together
    )


class Device(TypedDict, total=False):
    """A device node. What is absent after the first three is that of the source."""

    source: Required[str]
    target: Required[str]
    permissions: Required[str]
    kind: str  # "c", "b" or "p"; with major and minor the source need not be there
    major: int
    minor: int
    mode: int
    uid: int
    gid: int


class DeviceRequest(TypedDict, total=False):
    """Devices by what they are instead of where: ``gpus``, device reservations, CDI names (driver "cdi")."""

    driver: str  # absent: nvidia
    count: int  # -1: all of them
    device_ids: list[str]  # instead of a count
    capabilities: list[str]
    options: dict[str, str]


class Logging(TypedDict, total=False):
    driver: str  # json-file, local, none …
    options: dict[str, str]


class ContainerSpec(TypedDict, total=False):
    """One container. ``None`` for command or entrypoint means the image's own."""

    name: Required[str]
    image: Required[str]  # reference or image id
    platform: str
    labels: Labels
    annotations: dict[str, str]
    command: list[str] | None
    entrypoint: list[str] | None
    environment: dict[str, str | None]  # None takes the image's value away
    working_dir: str
    user: str
    group_add: list[str]
    hostname: str
    domainname: str
    tty: bool
    stdin_open: bool
    stdin_once: bool  # close stdin when the first attached client leaves (run)
    init: bool
    read_only: bool
    privileged: bool
    runtime: str  # another one than the engine's usual
    stop_signal: str
    stop_grace_period: float
    cap_add: list[str]
    cap_drop: list[str]
    security_opt: list[str]
    sysctls: dict[str, str]
    ulimits: dict[str, Ulimit]
    mounts: list[Mount]
    files: list[FileMount]
    devices: list[Device]
    device_requests: list[DeviceRequest]
    device_cgroup_rules: list[str]
    shm_size: int
    endpoints: list[Endpoint]  # bridge networks; empty with network_mode none or host
    network_mode: str  # "none", "host", "container:<id or name>", or absent
    mac_address: str
    pid: str
    ipc: str
    uts: str
    cgroup: str
    cgroup_parent: str
    userns_mode: str
    ports: list[Port]
    expose: list[str]
    extra_hosts: list[str]  # "name=address"; address may be "host-gateway"
    links: list[str]  # "container name:alias"
    dns: list[str]
    dns_opt: list[str]
    dns_search: list[str]
    healthcheck: Healthcheck
    restart: Restart
    limits: Limits
    logging: Logging
    oom_score_adj: int
    storage_opt: dict[str, str]
    auto_remove: bool
    pre_start: list[Hook]
    post_start: list[Hook]
    pre_stop: list[Hook]


class IpamPool(TypedDict, total=False):
    subnet: str
    gateway: str
    ip_range: str
    aux_addresses: dict[str, str]


class NetworkSpec(TypedDict, total=False):
    name: Required[str]
    driver: str  # "bridge" when absent
    driver_opts: dict[str, str]
    internal: bool
    attachable: bool
    enable_ipv4: bool
    enable_ipv6: bool
    ipam_driver: str
    ipam_options: dict[str, str]
    ipam: list[IpamPool]
    labels: Labels


class VolumeSpec(TypedDict, total=False):
    name: Required[str]
    driver: str  # "local" when absent
    driver_opts: dict[str, str]
    labels: Labels


class ExecSpec(TypedDict, total=False):
    command: Required[list[str]]
    environment: Mapping[str, str | None]  # None takes the container's value away
    user: str
    working_dir: str
    tty: bool
    stdin: bool
    privileged: bool
    detach: bool
    rows: NotRequired[int]
    columns: NotRequired[int]


class LogQuery(TypedDict, total=False):
    follow: bool
    tail: int  # lines; absent: all
    since: float  # epoch seconds
    until: float
    details: bool  # the labels and variables that the logging options name, before each line
