"""``top`` and ``stats``: what runs in a container, and what it uses."""

from __future__ import annotations

import time
from typing import Any

from compose.backends.docker import containers
from compose.backends.docker.client import Client
from schemas.errors import Conflict
from schemas.records import Process, Stats

_NANO = 10**9


def top(client: Client, id: str) -> list[Process]:
    """As ``ps -ef`` prints it; Conflict when it does not run."""
    found = client.wire.get(containers.path(id, "top"), {"ps_args": "-ef"})
    rows = []
    for row in found.get("Processes") or ():
        uid, pid, parent, cpu, start, tty, used, command = (*row, *[""] * 8)[:8]
        rows.append(Process(uid, int(pid), int(parent), cpu, start, tty, used, command))
    return rows


def stats(client: Client, id: str) -> Stats:
    """What it uses now; Conflict when it does not run."""
    query = {"stream": False, "one-shot": True}
    found: dict[str, Any] = client.wire.get(containers.path(id, "stats"), query)
    memory = found.get("memory_stats") or {}
    if not memory.get("limit") and not (found.get("pids_stats") or {}).get("current"):
        info = containers.get(client, id)
        if info.state not in containers.ACTIVE:
            raise Conflict(f'container "{info.name}" is not running')
    networks = (found.get("networks") or {}).values()
    blocks = (found.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []
    return Stats(
        cpu_seconds=(found.get("cpu_stats") or {}).get("cpu_usage", {}).get("total_usage", 0)
        / _NANO,
        memory=_memory(memory),
        memory_limit=memory.get("limit") or 0,
        network_received=sum(each.get("rx_bytes", 0) for each in networks),
        network_sent=sum(each.get("tx_bytes", 0) for each in networks),
        block_read=_blocks(blocks, "read"),
        block_written=_blocks(blocks, "write"),
        pids=(found.get("pids_stats") or {}).get("current") or 0,
        time=time.time(),
    )


def _memory(found: dict[str, Any]) -> int:
    """Without the page cache that the kernel would give up at once (as ``docker stats`` reckons)."""
    used = int(found.get("usage") or 0)
    details = found.get("stats") or {}
    for key in ("total_inactive_file", "inactive_file"):  # cgroup v1, v2
        if key in details:
            return used - min(used, int(details[key]))
    return used


def _blocks(found: list[dict[str, Any]], kind: str) -> int:
    return sum(int(each.get("value") or 0) for each in found if str(each.get("op")).lower() == kind)
