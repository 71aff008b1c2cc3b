"""Service ports: ``[[IP:]HOST:]CONTAINER[/PROTOCOL]`` with ranges → one long entry per port (docker/go-connections)."""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.marks import Seq, position_of
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_PROTOCOLS = ("tcp", "udp", "sctp")
_BYTES = frozenset(map(str, range(256)))


class _Wrong(ValueError):
    pass


def _range(text: str, what: str, whole: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    try:
        if not (first.isascii() and first.isdigit() and len(first) < 7):
            raise ValueError(first)
        if dash and not (last.isascii() and last.isdigit() and len(last) < 7):
            raise ValueError(last)
        start = int(first)
        end = int(last) if dash else start
        if start > 65535 or end > 65535:
            raise ValueError(text)
    except ValueError:
        raise _Wrong(f"invalid {what}: {text}") from None
    if end < start:
        raise _Wrong(f"invalid {what}: {text}")
    return start, end


def _split(text: str) -> tuple[str, str, str]:
    """(ip, host, container) of a spec without its protocol."""
    head, _, container = text.rpartition(":")
    if not head and not text.startswith(":"):
        return "", "", container
    ip, _, host = head.rpartition(":")
    if not ip and ":" not in head:
        return "", head, container
    return ip, host, container


def _check_ip(ip: str) -> str:
    bare = ip
    if ip.startswith("["):
        if not ip.endswith("]"):
            raise _Wrong(f"invalid IP address: {ip}")
        bare = ip[1:-1]
    elif ":" in ip:
        raise _Wrong(f"invalid IP address: {ip} (write [{ip}])")
    if _is_ipv4(bare) or (":" in bare and _is_ipv6(bare)):
        return bare
    raise _Wrong(f"invalid IP address: {ip}")


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part in _BYTES for part in parts)


def _is_ipv6(text: str) -> bool:
    import socket

    try:
        socket.inet_pton(socket.AF_INET6, text)
    except OSError:
        return False
    return True


def parse_port(spec: str) -> list[dict[str, Any]]:
    """The long entries of a short spec; ValueError says what is wrong."""
    text, _, rest = spec.partition("/")
    protocol = rest.partition("/")[0].lower() or "tcp"
    ip, host, container = _split(text)
    if ip:
        ip = _check_ip(ip)
    if not container:
        raise _Wrong(f"no port specified: {spec}<empty>")
    start, end = _range(container, "containerPort", spec)
    if start == 0:
        raise _Wrong(f"{spec} is missing a target port")
    published: list[str | None]
    if host:
        host_start, host_end = _range(host, "hostPort", spec)
        if host_end - host_start != end - start:
            if end != start:
                raise _Wrong(
                    f"invalid ranges specified for container and host Ports: {container} and {host}"
                )
            published = [f"{host_start}-{host_end}"]
        else:
            published = [str(number) for number in range(host_start, host_end + 1)]
    else:
        published = [None] * (end - start + 1)
    if protocol not in _PROTOCOLS:
        raise _Wrong(f"invalid proto: {protocol}")
    entries = []
    for offset, host_port in enumerate(published):
        entry: dict[str, Any] = {"mode": "ingress"}
        if ip:
            entry["host_ip"] = ip
        entry["target"] = start + offset
        if host_port is not None:
            entry["published"] = host_port
        entry["protocol"] = protocol
        entries.append(entry)
    # The reference collects them in a map and sorts it as text: 10 stands before 9.
    entries.sort(key=lambda e: f"{e['target']}/{e['protocol']}")
    return entries


def transform(
    items: list[Any], path: KeyPath, faults: list[Fault], interpolated: bool
) -> list[Any]:
    """Every port of a service in long form."""
    result = Seq()
    for index, item in enumerate(items):
        at = position_of(items, index) or 0
        if isinstance(item, dict):
            entries = [item]
        else:
            text = str(item)
            try:
                entries = parse_port(text)
            except _Wrong as error:
                if not interpolated:
                    return items  # a variable may stand for anything: kept as written
                said = str(error) if text in str(error) else f"{error} in {text!r}"
                faults.append(Fault((*path, index), said, at=at))
                continue
        result.extend(entries)
        result.at.extend([at] * len(entries))
    return result
