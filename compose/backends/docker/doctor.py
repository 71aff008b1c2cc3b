"""What the daemon is, what it lacks, and what to do about it."""

from __future__ import annotations

import subprocess
from typing import Any

from compose.backends.docker.building import buildx
from compose.backends.docker.client import Client
from schemas.errors import PycomposeError
from schemas.records import Finding

_MODERN = (1, 44)


def findings(client: Client) -> list[Finding]:
    """The first lack that nothing can be done without ends the list."""
    place = client.place
    try:
        version = client.version
        info: dict[str, Any] = client.wire.get("/info")
        about: dict[str, Any] = client.wire.get("/version")
    except PycomposeError as error:
        return [Finding("daemon", False, error.message, error.hint or "")]
    shown = ".".join(map(str, version))
    found = [
        Finding("daemon", True, f"{place.url} ({place.source})"),
        Finding(
            "version",
            version >= _MODERN,
            f"{about.get('Version')}, API {shown}",
            ""
            if version >= _MODERN
            else "Docker 25 and later have start_interval, and a mac_address for each network",
            essential=False,
        ),
        Finding(
            "platform",
            True,
            f"{info.get('OSType')}/{info.get('Architecture')}, kernel {info.get('KernelVersion')}",
        ),
        Finding("storage", True, f"{info.get('Driver')} in {info.get('DockerRootDir')}"),
        Finding(
            "control groups",
            True,
            f"version {info.get('CgroupVersion') or 1}, {info.get('CgroupDriver')}",
        ),
    ]
    found += [
        _limit(name, bool(info.get(key)), remedy)
        for name, key, remedy in (
            ("memory", "MemoryLimit", "the daemon's kernel needs the memory controller"),
            ("pids", "PidsLimit", "the daemon's kernel needs the pids controller"),
            ("cpu", "CpuCfsQuota", "the daemon's kernel needs CONFIG_CFS_BANDWIDTH"),
        )
    ]
    found += [
        Finding("daemon's warning", False, str(text).removeprefix("WARNING: "), essential=False)
        for text in info.get("Warnings") or ()
    ]
    found.append(_buildx(client))
    return found


def _buildx(client: Client) -> Finding:
    path = buildx(client.environ)
    if path:
        try:
            done = subprocess.run(
                [path, "version"], capture_output=True, text=True, timeout=10, check=True
            )
            return Finding("buildx", True, f"{done.stdout.split()[1]} ({path})", essential=False)
        except (OSError, subprocess.SubprocessError, IndexError) as error:
            return Finding("buildx", False, f"{path} does not run: {error}", essential=False)
    return Finding(
        "buildx",
        False,
        "not here: the classic builder builds, without RUN --mount, secrets and ssh",
        "install docker-buildx",
        essential=False,
    )


def _limit(name: str, there: bool, remedy: str) -> Finding:
    if there:
        return Finding(name, True, "limits can be set", essential=False)
    return Finding(name, False, "no limits", remedy, essential=False)
