"""The part of ``inspect`` that says what a container is given of the host (Engine API, HostConfig)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from engine.runtime import masks
from schemas.specs import ContainerSpec, DeviceRequest, Limits, Mount

if TYPE_CHECKING:
    from engine.state.containers import ContainerRow

# Compose key, key of the Engine API, and what each entry has beside its path.
_BLKIO = (
    ("weight_device", "BlkioWeightDevice", "weight"),
    ("device_read_bps", "BlkioDeviceReadBps", "rate"),
    ("device_write_bps", "BlkioDeviceWriteBps", "rate"),
    ("device_read_iops", "BlkioDeviceReadIOps", "rate"),
    ("device_write_iops", "BlkioDeviceWriteIOps", "rate"),
)


def host_config(row: ContainerRow, spec: ContainerSpec) -> dict[str, object]:
    """What the container is given of the host, as HostConfig."""
    limits = spec.get("limits") or {}
    restart = spec.get("restart") or {"name": "no"}
    logging = spec.get("logging") or {}
    endpoints = spec.get("endpoints") or []
    unconfined = "systempaths=unconfined" in (spec.get("security_opt") or [])
    privileged = bool(spec.get("privileged"))
    return {
        "Binds": [_bind(mount) for mount in row.facts["mounts"] if mount["type"] == "bind"] or None,
        "LogConfig": {
            "Type": logging.get("driver") or "json-file",
            "Config": logging.get("options") or {},
        },
        "NetworkMode": row.facts["network_mode"]
        or (endpoints[0]["network"] if endpoints else "bridge"),
        "PortBindings": _port_bindings(spec),
        "RestartPolicy": {
            "Name": restart["name"],
            "MaximumRetryCount": restart.get("max_retries", 0),
        },
        "AutoRemove": row.facts["auto_remove"],
        "CapAdd": spec.get("cap_add") or None,
        "CapDrop": spec.get("cap_drop") or None,
        "CgroupnsMode": spec.get("cgroup") or "private",
        "Dns": spec.get("dns") or [],
        "DnsOptions": spec.get("dns_opt") or [],
        "DnsSearch": spec.get("dns_search") or [],
        "ExtraHosts": [host.replace("=", ":", 1) for host in spec.get("extra_hosts") or []] or None,
        "Annotations": spec.get("annotations") or {},
        "Cgroup": "",
        "ConsoleSize": [0, 0],
        "ContainerIDFile": "",
        "VolumeDriver": "",
        "VolumesFrom": None,
        "StorageOpt": spec.get("storage_opt") or {},
        "GroupAdd": spec.get("group_add") or None,
        "IpcMode": spec.get("ipc") or "private",
        "Links": spec.get("links") or None,
        "OomScoreAdj": spec.get("oom_score_adj") or 0,
        "PidMode": spec.get("pid") or "",
        "Privileged": bool(spec.get("privileged")),
        "PublishAllPorts": False,
        "ReadonlyRootfs": bool(spec.get("read_only")),
        "SecurityOpt": spec.get("security_opt") or None,
        "UTSMode": spec.get("uts") or "",
        "UsernsMode": spec.get("userns_mode") or "",
        "ShmSize": spec.get("shm_size") or 64 << 20,
        "Sysctls": spec.get("sysctls") or {},
        "Runtime": "pycompose",
        "Isolation": "",
        "Init": spec.get("init"),
        "Tmpfs": {
            mount["target"]: ",".join(mount.get("options") or [])
            for mount in row.facts["mounts"]
            if mount["type"] == "tmpfs"
        },
        "CgroupParent": spec.get("cgroup_parent") or "",
        "Devices": [
            {
                "PathOnHost": device["source"],
                "PathInContainer": device["target"],
                "CgroupPermissions": device["permissions"],
            }
            for device in spec.get("devices") or []
        ],
        "DeviceCgroupRules": spec.get("device_cgroup_rules") or None,
        "Ulimits": [
            {"Name": name, "Soft": limit["soft"], "Hard": limit["hard"]}
            for name, limit in (spec.get("ulimits") or {}).items()
        ],
        "DeviceRequests": [_request(request) for request in spec.get("device_requests") or []]
        or None,
        "MaskedPaths": None if privileged else [] if unconfined else list(masks.MASKED_PATHS),
        "ReadonlyPaths": None if privileged else [] if unconfined else list(masks.READONLY_PATHS),
        **_resources(limits),
    }


def _resources(limits: Limits) -> dict[str, object]:
    return {
        "NanoCpus": int(limits.get("cpus", 0) * 1e9),
        "CpuShares": limits.get("cpu_shares", 0),
        "CpuPeriod": limits.get("cpu_period", 0),
        "CpuQuota": limits.get("cpu_quota", 0),
        "CpuRealtimePeriod": limits.get("cpu_rt_period", 0),
        "CpuRealtimeRuntime": limits.get("cpu_rt_runtime", 0),
        "CpusetCpus": limits.get("cpuset", ""),
        "CpusetMems": "",
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumBandwidth": 0,
        "IOMaximumIOps": 0,
        "Memory": limits.get("memory", 0),
        "MemoryReservation": limits.get("memory_reservation", 0),
        "MemorySwap": limits.get("memory_swap", 0),
        "MemorySwappiness": limits.get("memory_swappiness"),
        "OomKillDisable": limits.get("oom_kill_disable", False),
        "PidsLimit": limits.get("pids"),
        **_blkio(limits.get("blkio") or {}),
    }


def _blkio(asked: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = {"BlkioWeight": asked.get("weight") or 0}
    for key, name, value in _BLKIO:
        entries = cast("list[dict[str, object]]", asked.get(key) or [])
        found[name] = [{"Path": entry["path"], value.title(): entry[value]} for entry in entries]
    return found


def _request(request: DeviceRequest) -> dict[str, object]:
    return {
        "Driver": request.get("driver") or "",
        "Count": request.get("count") or 0,
        "DeviceIDs": request.get("device_ids"),
        "Capabilities": [request["capabilities"]] if request.get("capabilities") else None,
        "Options": request.get("options") or {},
    }


def _bind(mount: Mount) -> str:
    return f"{mount.get('source')}:{mount['target']}:{'ro' if mount.get('read_only') else 'rw'}"


def _port_bindings(spec: ContainerSpec) -> dict[str, list[dict[str, str]]]:
    """The bindings asked for; an empty HostPort is any free one."""
    found: dict[str, list[dict[str, str]]] = {}
    for port in spec.get("ports") or []:
        host = str(port.get("published") or "")
        if "published_range" in port:
            host = "{}-{}".format(*port["published_range"])
        found.setdefault(f"{port['target']}/{port['protocol']}", []).append(
            {"HostIp": port.get("host_ip") or "", "HostPort": host}
        )
    return found
