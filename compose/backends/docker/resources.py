"""Limits, devices and ulimits of a spec in the daemon's words. Pure."""

from __future__ import annotations

from schemas.specs import ContainerSpec
from schemas.typed import Any

_SAME = {
    "cpu_shares": "CpuShares",
    "cpu_period": "CpuPeriod",
    "cpu_quota": "CpuQuota",
    "cpu_rt_period": "CpuRealtimePeriod",
    "cpu_rt_runtime": "CpuRealtimeRuntime",
    "cpuset": "CpusetCpus",
    "memory": "Memory",
    "memory_reservation": "MemoryReservation",
    "memory_swap": "MemorySwap",
    "memory_swappiness": "MemorySwappiness",
    "pids": "PidsLimit",
    "oom_kill_disable": "OomKillDisable",
}
_BLKIO = {
    "weight_device": ("BlkioWeightDevice", "weight", "Weight"),
    "device_read_bps": ("BlkioDeviceReadBps", "rate", "Rate"),
    "device_write_bps": ("BlkioDeviceWriteBps", "rate", "Rate"),
    "device_read_iops": ("BlkioDeviceReadIOps", "rate", "Rate"),
    "device_write_iops": ("BlkioDeviceWriteIOps", "rate", "Rate"),
}


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """The part of HostConfig that says what may be used."""
    limits = spec.get("limits") or {}
    found: dict[str, Any] = {
        name: limits[key]  # type: ignore[literal-required]
        for key, name in _SAME.items()
        if key in limits
    }
    if "cpus" in limits:
        found["NanoCpus"] = round(limits["cpus"] * 1e9)
    found |= _blkio(limits.get("blkio") or {})
    if spec.get("devices"):
        found["Devices"] = [
            {
                "PathOnHost": device["source"],
                "PathInContainer": device["target"],
                "CgroupPermissions": device["permissions"],
            }
            for device in spec["devices"]
        ]
    if spec.get("device_requests"):
        found["DeviceRequests"] = [
            {
                "Driver": request.get("driver") or "",
                "Count": request.get("count") or 0,
                "DeviceIDs": request.get("device_ids") or [],
                "Capabilities": [request.get("capabilities") or ["gpu"]]
                if request.get("driver") != "cdi"
                else [],
                "Options": request.get("options") or {},
            }
            for request in spec["device_requests"]
        ]
    if spec.get("ulimits"):
        found["Ulimits"] = [
            {"Name": name, "Soft": limit["soft"], "Hard": limit["hard"]}
            for name, limit in spec["ulimits"].items()
        ]
    return found


def _blkio(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.get("weight"):
        found["BlkioWeight"] = int(given["weight"])
    for key, (name, word, own) in _BLKIO.items():
        if given.get(key):
            found[name] = [{"Path": entry["path"], own: int(entry[word])} for entry in given[key]]
    return found
