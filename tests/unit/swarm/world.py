"""Stacks from text, and a cluster of values: what a Swarm would answer. For testing plans."""

from __future__ import annotations

from typing import Any

from compose.cluster import Observed, by_service, key_of
from compose.plan.services import StackOptions, StackPlan, stack_plan
from compose.stack import Stack, stack
from schemas import labels
from schemas.records import NetworkInfo
from schemas.services import NodeInfo, ServiceInfo, ServiceSpec, StoredInfo, TaskInfo
from tests.support.projects import project

NODE = NodeInfo("n1", "node1", "ready", "active", "manager", True, "10.0.0.1", "26.1")


def wish(text: str, *, environ: dict[str, str] = {}, **how: Any) -> Stack:
    """What a compose file wants of a cluster."""
    loaded = project(text, environ=environ)
    return stack(loaded, read=lambda path: open(path, "rb").read(), **how)


def spec(text: str, name: str = "web", **how: Any) -> ServiceSpec:
    return wish(text, **how).services[name].spec


def task(service: ServiceInfo, slot: int = 1, **facts: Any) -> TaskInfo:
    """A task that runs as it should."""
    made = TaskInfo(
        id=f"{service.name}{slot}",
        service_id=service.id,
        service=service.name,
        slot=slot,
        node_id=NODE.id,
        desired="running",
        state="running",
        message="started",
        error="",
        exit_code=0,
        image=service.spec["image"],
        container_id="c",
        created=float(slot),
        changed=float(slot),
        current=True,
    )
    return made._replace(**facts)


def service(wanted: ServiceSpec, **facts: Any) -> ServiceInfo:
    return ServiceInfo(f"id-{wanted['name']}", wanted["name"], 1, wanted, None, 1.0, 1.0)._replace(
        **facts
    )


def converged(wanted: Stack, *, state: str = "running") -> Observed:
    """A cluster that is what a stack wants."""
    services = [service(each.spec) for each in wanted.services.values()]
    tasks = [
        task(info, slot, state=state)
        for info in services
        for slot in range(1, info.spec.get("replicas", 1) + 1)
    ]
    files: dict[Any, dict[str, StoredInfo]] = {"secrets": {}, "configs": {}}
    for file in wanted.files:
        own = dict((file.spec or {}).get("labels") or {})
        files[file.kind][file.name] = StoredInfo(f"id-{file.name}", file.name, own, 1.0)
    return Observed(
        wanted.project,
        {key_of(info, wanted.project): info for info in services},
        {
            each.name: NetworkInfo(
                f"id-{each.name}",
                each.name,
                "overlay",
                dict(each.spec.get("labels") or {}),
                False,
                (),
                (),
                1.0,
            )
            for each in wanted.networks.values()
        },
        files,
        by_service(tasks),
        {NODE.id: NODE},
    )


def empty(wanted: Stack) -> Observed:
    return Observed(wanted.project, {}, {}, {"secrets": {}, "configs": {}}, {}, {NODE.id: NODE})


def planned(wanted: Stack, observed: Observed, **options: Any) -> StackPlan:
    return stack_plan(wanted, observed, {}, StackOptions(**options))


def lines(found: StackPlan) -> list[str]:
    return [line.strip() for line in str(found.plan).splitlines()]


__all__ = [
    "NODE",
    "converged",
    "empty",
    "labels",
    "lines",
    "planned",
    "service",
    "spec",
    "task",
    "wish",
]
