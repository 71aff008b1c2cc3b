"""``services``: what a container of the project is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.compose.build import Build, Mount, Ulimits
from schemas.compose.deploy import Deploy, DeviceRequest
from schemas.compose.develop import Develop, Hook, PreStart
from schemas.compose.network import Attachment
from schemas.compose.scalars import (
    Command,
    FlagOrText,
    Hosts,
    IntOrText,
    ListOrMapping,
    Name,
    NumberOrText,
    Section,
    TextOrList,
    Unique,
    UniqueTexts,
    UniqueTextsOrNumbers,
    Variables,
)
from schemas.compose.volume import VolumeMount


class Healthcheck(Section):
    """How to know that a container does its work."""

    test: str | list[str] | None = None
    interval: str | None = None
    timeout: str | None = None
    retries: NumberOrText | None = None
    start_period: str | None = None
    start_interval: str | None = None
    disable: FlagOrText | None = None


class Dependency(Section):
    """What must be true of another service first."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]
    restart: FlagOrText | None = None
    required: bool | None = None


class Port(Section):
    """A published port."""

    name: str | None = None
    mode: str | None = None
    host_ip: str | None = None
    target: IntOrText | None = None
    published: IntOrText | None = None
    protocol: str | None = None
    app_protocol: str | None = None


class Device(Section):
    """A device node of the host."""

    source: str
    target: str | None = None
    permissions: str | None = None


class EnvFile(Section):
    """A file of variables."""

    path: str
    format: str | None = None
    required: FlagOrText | None = None


class Logging(Section):
    """Where output goes."""

    driver: str | None = None
    options: dict[str, str | float | None] | None = None


class Provider(Section):
    """A service that another program manages."""

    type: str
    options: dict[str, str | float | bool | list[str | float | bool]] | None = None


class ServiceModel(Section):
    """How a model is handed to a service."""

    endpoint_var: str | None = None
    model_var: str | None = None


class Credentials(Section):
    """Windows credential specification."""

    config: str | None = None
    file: str | None = None
    registry: str | None = None


class Extends(Section):
    """The service this one is based on."""

    service: str
    file: str | None = None


class BlockWeight(Section):
    """Weight of a device."""

    path: str | None = None
    weight: IntOrText | None = None


class BlockRate(Section):
    """Rate limit of a device."""

    path: str | None = None
    rate: IntOrText | None = None


class BlockIo(Section):
    """Block device limits."""

    weight: IntOrText | None = None
    weight_device: list[BlockWeight] | None = None
    device_read_bps: list[BlockRate] | None = None
    device_read_iops: list[BlockRate] | None = None
    device_write_bps: list[BlockRate] | None = None
    device_write_iops: list[BlockRate] | None = None


PULL_POLICY = (
    r"always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+"
)


class Service(Section):
    """A service."""

    annotations: ListOrMapping | None = None
    attach: FlagOrText | None = None
    blkio_config: BlockIo | None = None
    build: str | Build | None = None
    cap_add: UniqueTexts | None = None
    cap_drop: UniqueTexts | None = None
    cgroup: Literal["host", "private"] | None = None
    cgroup_parent: str | None = None
    command: Command = None
    configs: list[str | Mount] | None = None
    container_name: str | None = None
    cpu_count: str | Annotated[int, Field(ge=0)] | None = None
    cpu_percent: str | Annotated[int, Field(ge=0, le=100)] | None = None
    cpu_period: NumberOrText | None = None
    cpu_quota: NumberOrText | None = None
    cpu_rt_period: NumberOrText | None = None
    cpu_rt_runtime: NumberOrText | None = None
    cpu_shares: NumberOrText | None = None
    cpus: NumberOrText | None = None
    cpuset: str | None = None
    credential_spec: Credentials | None = None
    depends_on: UniqueTexts | dict[Name, Dependency] | None = None
    deploy: Deploy | None = None
    develop: Develop | None = None
    device_cgroup_rules: UniqueTexts | None = None
    devices: list[str | Device] | None = None
    dns: TextOrList | None = None
    dns_opt: UniqueTexts | None = None
    dns_search: TextOrList | None = None
    domainname: str | None = None
    entrypoint: Command = None
    env_file: str | list[str | EnvFile] | None = None
    environment: Variables | None = None
    expose: UniqueTextsOrNumbers | None = None
    extends: str | Extends | None = None
    external_links: UniqueTexts | None = None
    extra_hosts: Hosts | None = None
    gpus: Literal["all"] | list[DeviceRequest] | None = None
    group_add: UniqueTextsOrNumbers | None = None
    healthcheck: Healthcheck | None = None
    hostname: str | None = None
    image: str | None = None
    init: FlagOrText | None = None
    ipc: str | None = None
    isolation: str | None = None
    label_file: str | list[str] | None = None
    labels: Variables | None = None
    links: UniqueTexts | None = None
    logging: Logging | None = None
    mac_address: str | None = None
    mem_limit: NumberOrText | None = None
    mem_reservation: IntOrText | None = None
    mem_swappiness: IntOrText | None = None
    memswap_limit: NumberOrText | None = None
    models: UniqueTexts | dict[Name, ServiceModel | None] | None = None
    network_mode: str | None = None
    networks: UniqueTexts | dict[Name, Attachment | None] | None = None
    oom_kill_disable: FlagOrText | None = None
    oom_score_adj: str | Annotated[int, Field(ge=-1000, le=1000)] | None = None
    pid: str | None = None
    pids_limit: NumberOrText | None = None
    platform: str | None = None
    ports: (
        Annotated[list[float | str | Port], Unique, Field(json_schema_extra={"uniqueItems": True})]
        | None
    ) = None
    post_start: list[Hook] | None = None
    pre_start: list[PreStart] | None = None
    pre_stop: list[Hook] | None = None
    privileged: FlagOrText | None = None
    profiles: UniqueTexts | None = None
    provider: Provider | None = None
    pull_policy: Annotated[str, Field(pattern=PULL_POLICY)] | None = None
    pull_refresh_after: str | None = None
    read_only: FlagOrText | None = None
    restart: str | None = None
    runtime: str | None = None
    scale: IntOrText | None = None
    secrets: list[str | Mount] | None = None
    security_opt: UniqueTexts | None = None
    shm_size: NumberOrText | None = None
    stdin_open: FlagOrText | None = None
    stop_grace_period: str | None = None
    stop_signal: str | None = None
    storage_opt: dict[str, Any] | None = None
    sysctls: ListOrMapping | None = None
    tmpfs: TextOrList | None = None
    tty: FlagOrText | None = None
    ulimits: Ulimits | None = None
    use_api_socket: bool | None = None
    user: str | None = None
    userns_mode: str | None = None
    uts: str | None = None
    volumes: (
        Annotated[list[str | VolumeMount], Unique, Field(json_schema_extra={"uniqueItems": True})]
        | None
    ) = None
    volumes_from: UniqueTexts | None = None
    working_dir: str | None = None

    @classmethod
    def nullable(cls) -> frozenset[str]:
        return frozenset({"command", "entrypoint", "deploy", "develop", "pid"})
