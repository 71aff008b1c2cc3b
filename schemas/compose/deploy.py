"""``services.*.deploy`` and device requests."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from schemas.compose.scalars import IntOrText, ListOrMapping, NumberOrText, Section, UniqueTexts


class DeviceRequest(Section):
    """Devices to reserve, by capability or driver."""

    capabilities: UniqueTexts | None = None
    count: IntOrText | None = None
    device_ids: UniqueTexts | None = None
    driver: str | None = None
    options: ListOrMapping | None = None


class DeviceReservation(DeviceRequest):
    """A reservation says what the device must be capable of, or which driver serves it."""

    @model_validator(mode="after")
    def _capability_or_driver(self) -> DeviceReservation:
        if self.capabilities is None and self.driver is None:
            raise ValueError("capabilities is required")
        return self


class UpdateConfig(Section):
    """How replicas are replaced."""

    parallelism: IntOrText | None = None
    delay: str | None = None
    failure_action: str | None = None
    monitor: str | None = None
    max_failure_ratio: NumberOrText | None = None
    order: Literal["start-first", "stop-first"] | None = None


class DiscreteResource(Section):
    """A countable resource."""

    kind: str | None = None
    value: NumberOrText | None = None


class GenericResource(Section):
    """A user-defined resource."""

    discrete_resource_spec: DiscreteResource | None = None


class Limits(Section):
    """Most that a container may use."""

    cpus: NumberOrText | None = None
    memory: str | None = None
    pids: IntOrText | None = None


class Reservations(Section):
    """What a container must be able to get."""

    cpus: NumberOrText | None = None
    memory: str | None = None
    generic_resources: list[GenericResource] | None = None
    devices: list[DeviceReservation] | None = None


class Resources(Section):
    """Limits and reservations."""

    limits: Limits | None = None
    reservations: Reservations | None = None


class RestartPolicy(Section):
    """When a replica is started again."""

    condition: str | None = None
    delay: str | None = None
    max_attempts: IntOrText | None = None
    window: str | None = None


class Preference(Section):
    """Spreading over nodes."""

    spread: str | None = None


class Placement(Section):
    """Where replicas may run."""

    constraints: list[str] | None = None
    preferences: list[Preference] | None = None
    max_replicas_per_node: IntOrText | None = None


class Deploy(Section):
    """Replicas and their resources."""

    mode: str | None = None
    endpoint_mode: str | None = None
    replicas: IntOrText | None = None
    labels: ListOrMapping | None = None
    rollback_config: UpdateConfig | None = None
    update_config: UpdateConfig | None = None
    resources: Resources | None = None
    restart_policy: RestartPolicy | None = None
    placement: Placement | None = None
