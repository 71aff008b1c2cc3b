"""One container in the words of ``ps``: status, ports, command, and the fields of its formats."""

from __future__ import annotations

from compose.render.record import Record
from compose.render.template import Layout, label_of, label_text
from compose.render.text import ago, human_duration, moment, quote, short_id, shorten
from schemas import labels
from schemas.records import ContainerInfo, PortBinding

LAYOUT = Layout(
    ("Name", "Image", "Command", "Service", "RunningFor", "Status", "Ports"),
    {
        "ID": "CONTAINER ID",
        "Name": "NAME",
        "Image": "IMAGE",
        "Command": "COMMAND",
        "Service": "SERVICE",
        "RunningFor": "CREATED",
        "CreatedAt": "CREATED AT",
        "Status": "STATUS",
        "State": "STATE",
        "Ports": "PORTS",
        "Project": "PROJECT",
        "Labels": "LABELS",
        "Size": "SIZE",
    },
)
RAW = (
    "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate: {{.State}}\n"
    "status: {{.Status}}\nnames: {{.Names}}\nlabels: {{.Labels}}\nports: {{.Ports}}\n"
)
_COMMAND_WIDTH = 20
_MOUNT_WIDTH = 15
_ALIVE = ("running", "paused", "restarting")


def fields(info: ContainerInfo, now: float, *, whole: bool = False) -> Record:
    """What ``ps --format`` knows of a container; ``whole``: nothing is cut short."""
    mounts = [mount.source for mount in info.mounts]
    return Record(
        Command=command(info, whole=whole),
        CreatedAt=moment(info.created),
        ExitCode=info.exit_code if info.state in ("exited", "dead") else 0,
        Health=info.health if info.state == "running" else "",
        ID=info.id if whole else short_id(info.id),
        Image=info.image,
        Label=label_of(info.labels),
        Labels=label_text(info.labels),
        LocalVolumes=str(sum(mount.type == "volume" for mount in info.mounts)),
        Mounts=",".join(mounts if whole else (shorten(name, _MOUNT_WIDTH) for name in mounts)),
        Name=info.name,
        Names=info.name,
        Networks=networks(info),
        Ports=ports(info),
        Project=info.labels.get(labels.PROJECT, ""),
        Publishers=[_publisher(port) for port in publishers(info)],
        RunningFor=ago(info.created, now),
        Service=info.labels.get(labels.SERVICE, ""),
        Size="0B",
        State=info.state,
        Status=status(info, now),
    )


def networks(info: ContainerInfo) -> str:
    """The networks it is on; "host" and "none" count as such."""
    if info.network_mode in ("host", "none"):
        return info.network_mode
    return ",".join(place.network for place in info.networks)


def status(info: ContainerInfo, now: float) -> str:
    """The STATUS column: "Up 3 minutes (healthy)", "Exited (0) 2 seconds ago"."""
    up = f"Up {human_duration(now - info.started)}"
    if info.state == "paused":
        return f"{up} (Paused)"
    if info.state == "running":
        health = {"": "", "starting": " (health: starting)"}.get(info.health, f" ({info.health})")
        return up + health
    if info.state == "restarting":
        return f"Restarting ({info.exit_code}) {ago(info.finished, now)}"
    if info.state == "exited":
        return f"Exited ({info.exit_code}) {ago(info.finished, now)}"
    return {"created": "Created", "removing": "Removal In Progress", "dead": "Dead"}[info.state]


def command(info: ContainerInfo, *, whole: bool = False) -> str:
    """The COMMAND column: quoted, cut to twenty characters."""
    words = [f"'{word}'" if " " in word and i else word for i, word in enumerate(info.command)]
    text = " ".join(words)
    return quote(text if whole else shorten(text, _COMMAND_WIDTH))


def ports(info: ContainerInfo) -> str:
    """The PORTS column; neighbours whose numbers are the same inside and outside are joined to a range."""
    done: list[str] = []
    mapped: list[str] = []
    open_groups: dict[tuple[str, str], tuple[int, int]] = {}
    for port in publishers(info):
        number = port.container_port
        if port.host_ip and port.host_port != number:
            mapped.append(f"{_host(port.host_ip)}:{port.host_port}->{number}/{port.protocol}")
            continue
        place = (port.host_ip, port.protocol)
        first, last = open_groups.get(place, (number, number))
        if number > last + 1:
            done.append(_span(place, first, last))
            first = number
        open_groups[place] = (first, number)
    done += [_span(place, *group) for place, group in open_groups.items()]
    return ", ".join(done + mapped)


def publishers(info: ContainerInfo) -> list[PortBinding]:
    """Published ports, and exposed ones without a host port, in the order of ``ps``. Only while the container runs."""
    if info.state not in _ALIVE:
        return []
    found = list(info.ports)
    published = {(port.container_port, port.protocol) for port in found}
    for text in info.exposed:
        number, _, protocol = text.partition("/")
        if number.isdigit() and (int(number), protocol or "tcp") not in published:
            found.append(PortBinding("", 0, int(number), protocol or "tcp"))
    return sorted(found, key=_order)


def _order(port: PortBinding) -> tuple[int, str, int, str]:
    return (port.container_port, port.host_ip, port.host_port, port.protocol)


def _publisher(port: PortBinding) -> Record:
    return Record(
        URL=port.host_ip,
        TargetPort=port.container_port,
        PublishedPort=port.host_port,
        Protocol=port.protocol,
    )


def _span(place: tuple[str, str], first: int, last: int) -> str:
    host, protocol = place
    span = str(first) if first == last else f"{first}-{last}"
    return f"{_host(host)}:{span}->{span}/{protocol}" if host else f"{span}/{protocol}"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
