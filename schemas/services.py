"""Services of a cluster that schedules by itself (Docker Swarm): what to create, and what is.

Specs are plain JSON-able dictionaries as in ``schemas.specs``: sizes in bytes, times in seconds, an absent key means "not
asked for". Records are named tuples, times epoch seconds (0.0 = never).
"""

from __future__ import annotations

from typing import Literal, Required

from schemas.specs import Healthcheck, Labels, Logging, Mount, Ulimit
from schemas.typed import NamedTuple, TypedDict

Mode = Literal["replicated", "global", "replicated-job", "global-job"]
JOBS = ("replicated-job", "global-job")
Kind = Literal["secrets", "configs"]


class ServiceMount(Mount, total=False):
    """A mount of every task. A volume is each node's own: it is made there with ``driver`` and ``labels``."""

    driver: str  # "local" when absent
    driver_opts: dict[str, str]


class Grant(TypedDict, total=False):
    """A secret or config that a service may read, as a file."""

    source: Required[str]  # its name on the cluster
    target: Required[str]  # secrets: below /run/secrets unless absolute; configs: absolute
    uid: str
    gid: str
    mode: int  # default 0o444


class Resources(TypedDict, total=False):
    cpus: float
    memory: int
    pids: int  # limits only
    generic: dict[str, str]  # reservations only: kind → a number, or a name


class TaskRestart(TypedDict, total=False):
    condition: Literal["none", "on-failure", "any"]
    delay: float
    max_attempts: int
    window: float


class Placement(TypedDict, total=False):
    constraints: list[str]  # "node.role == worker"
    preferences: list[str]  # spread over the values of these: "node.labels.zone"
    max_replicas_per_node: int
    platforms: list[str]  # "linux/amd64"


class Rollout(TypedDict, total=False):
    """How tasks are replaced, in an update or in a roll-back."""

    parallelism: int
    delay: float
    failure_action: str  # pause, continue, rollback (updates only)
    monitor: float
    max_failure_ratio: float
    order: Literal["stop-first", "start-first"]


class ServicePort(TypedDict, total=False):
    target: Required[int]
    protocol: Required[str]
    published: int  # absent: chosen by the cluster
    mode: Required[Literal["ingress", "host"]]


class ServiceNetwork(TypedDict, total=False):
    network: Required[str]  # name
    aliases: list[str]
    driver_opts: dict[str, str]


class ServiceSpec(TypedDict, total=False):
    """A service. ``None`` for command or entrypoint means the image's own."""

    name: Required[str]
    image: Required[str]  # with its digest, where that is known
    labels: Labels  # of the service
    container_labels: Labels
    mode: Required[Mode]
    replicas: int  # replicated: tasks; replicated-job: completions
    command: list[str]
    entrypoint: list[str]
    environment: dict[str, str | None]
    working_dir: str
    user: str
    group_add: list[str]
    hostname: str
    tty: bool
    stdin_open: bool
    init: bool
    read_only: bool
    stop_signal: str
    stop_grace_period: float
    cap_add: list[str]
    cap_drop: list[str]
    security_opt: list[str]
    sysctls: dict[str, str]
    ulimits: dict[str, Ulimit]
    oom_score_adj: int
    mounts: list[ServiceMount]
    secrets: list[Grant]
    configs: list[Grant]
    networks: list[ServiceNetwork]
    ports: list[ServicePort]
    endpoint_mode: Literal["vip", "dnsrr"]
    extra_hosts: list[str]  # "name=address"
    dns: list[str]
    dns_opt: list[str]
    dns_search: list[str]
    healthcheck: Healthcheck
    logging: Logging
    limits: Resources
    reservations: Resources
    restart: TaskRestart
    placement: Placement
    update: Rollout
    rollback: Rollout
    force_update: int  # another number makes every task anew


class StoredSpec(TypedDict, total=False):
    """A secret or config to be kept by the cluster. ``content`` is absent when a driver provides it."""

    name: Required[str]
    content: bytes
    labels: Labels
    driver: str  # secrets only
    driver_opts: dict[str, str]
    template_driver: str


class ServiceInfo(NamedTuple):
    """``previous``: what a roll-back would bring back; None when there is nothing."""

    id: str
    name: str
    version: int
    spec: ServiceSpec
    previous: ServiceSpec | None
    created: float
    updated: float
    update_state: str = (
        ""  # updating, paused, completed, rollback_started, rollback_paused, rollback_completed
    )
    update_message: str = ""
    iteration: int = 0  # jobs: which run it is
    ports: tuple[ServicePort, ...] = ()  # as they really are, in ingress mode

    @property
    def labels(self) -> Labels:
        """The labels of the service."""
        return self.spec.get("labels") or {}


class TaskInfo(NamedTuple):
    """One container of a service, past or present. ``state`` is where it is, ``desired`` where it is to go.

    ``current``: it was made from the service's present spec, and in the present run of a job.
    """

    id: str
    service_id: str
    service: str  # name
    slot: int  # 0: of a global service
    node_id: str  # "" while none is chosen
    desired: str
    state: str
    message: str
    error: str
    exit_code: int
    image: str
    container_id: str
    created: float
    changed: float  # when the state was entered
    current: bool
    ports: tuple[ServicePort, ...] = ()  # in host mode
    addresses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``web.2``; ``agent.<node id>`` for a global service."""
        return f"{self.service}.{self.slot or self.node_id}"


class NodeInfo(NamedTuple):
    id: str
    hostname: str
    state: str  # ready, down, unknown, disconnected
    availability: str  # active, pause, drain
    role: str  # manager, worker
    leader: bool
    address: str
    version: str  # of the daemon


class StoredInfo(NamedTuple):
    """A secret or config that the cluster keeps."""

    id: str
    name: str
    labels: Labels
    created: float


class TaskLine(NamedTuple):
    """A line that a task has written."""

    time: float
    stream: Literal["stdout", "stderr"]
    line: bytes
    task_id: str
    node_id: str
