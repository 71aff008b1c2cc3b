"""Tasks and nodes of a cluster in the words of ``ps`` and ``swarm nodes``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compose.plan.convergence import reason
from compose.render.record import Record
from compose.render.template import Layout, label_of, label_text
from compose.render.text import ago, moment
from schemas.services import NodeInfo, ServiceInfo, ServicePort, TaskInfo

LAYOUT = Layout(
    ("Name", "Image", "Service", "Node", "Desired", "Status", "Error", "Ports"),
    {
        "ID": "TASK ID",
        "Name": "NAME",
        "Image": "IMAGE",
        "Service": "SERVICE",
        "Node": "NODE",
        "Desired": "DESIRED",
        "State": "STATE",
        "Status": "STATUS",
        "Error": "ERROR",
        "Ports": "PORTS",
        "RunningFor": "CREATED",
        "CreatedAt": "CREATED AT",
        "Container": "CONTAINER ID",
        "Project": "PROJECT",
        "Labels": "LABELS",
    },
)
NODES = Layout(
    ("Hostname", "Status", "Availability", "Role", "Address", "EngineVersion"),
    {
        "ID": "ID",
        "Hostname": "HOSTNAME",
        "Status": "STATUS",
        "Availability": "AVAILABILITY",
        "Role": "ROLE",
        "Address": "ADDRESS",
        "EngineVersion": "ENGINE VERSION",
    },
)
_SHORT = 12
LOST = "lost"


def task_fields(
    task: TaskInfo,
    key: str,
    service: ServiceInfo,
    nodes: Mapping[str, NodeInfo],
    now: float,
    *,
    whole: bool = False,
) -> Record:
    """What ``ps --format`` knows of a task of the service ``key``."""
    node = nodes.get(task.node_id)
    state = task_state(task, nodes)
    error = reason(task) if task.error or task.exit_code else ""
    if state == LOST and node is not None:
        error = f"node {node.hostname} is {node.state}" + (f"; {error}" if error else "")
    elif state == LOST:
        error = "its node has left the Swarm"
    image, _, digest = task.image.partition("@")
    return Record(
        Container=task.container_id if whole else task.container_id[:_SHORT],
        CreatedAt=moment(task.created),
        Desired=task.desired,
        Error=error,
        ExitCode=task.exit_code,
        ID=task.id if whole else task.id[:_SHORT],
        Image=task.image if whole and digest else image,
        Label=label_of(service.labels),
        Labels=label_text(service.labels),
        Name=task_name(task, nodes),
        Node=node.hostname if node else task.node_id,
        Ports=", ".join(dict.fromkeys(map(port_text, (*task.ports, *service.ports)))),
        Project=service.name.removesuffix(f"_{key}"),
        RunningFor=ago(task.created, now),
        Service=key,
        State=state,
        Status=f"{state} {ago(task.changed, now)}" if task.changed else state,
    )


def task_state(task: TaskInfo, nodes: Mapping[str, NodeInfo]) -> str:
    """Where a task is; ``lost`` when its node cannot say any more."""
    node = nodes.get(task.node_id)
    away = bool(task.node_id) and (node is None or node.state != "ready")
    return (
        LOST if away and task.state in ("running", "starting", "preparing", "ready") else task.state
    )


def task_name(task: TaskInfo, nodes: Mapping[str, NodeInfo]) -> str:
    """``web.2``; ``agent.node1`` for a global service."""
    node = nodes.get(task.node_id)
    return f"{task.service}.{task.slot or (node.hostname if node else task.node_id)}"


def port_text(port: ServicePort) -> str:
    """``*:8080->80/tcp``"""
    return f"*:{port.get('published', '?')}->{port['target']}/{port['protocol']}"


def node_fields(node: NodeInfo) -> Record:
    """What ``swarm nodes --format`` knows of a node."""
    return Record(
        Address=node.address,
        Availability=node.availability,
        EngineVersion=node.version,
        Hostname=node.hostname,
        ID=node.id,
        Role="leader" if node.leader else node.role,
        Status=node.state,
    )


def away(nodes: Iterable[NodeInfo]) -> list[str]:
    """A sentence for every node that is not there."""
    return [f"node {node.hostname} is {node.state}" for node in nodes if node.state != "ready"]
