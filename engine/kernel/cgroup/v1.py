"""Control groups version 1: one directory in each hierarchy, and one in an empty version 2 tree where it is mounted.

The version 2 tree beside it controls nothing, but its cgroup.kill and cgroup.freeze work.
"""

from __future__ import annotations

import fcntl
import os
import time

from engine.kernel.cgroup import devices, group, limits, oomwatch
from engine.kernel.cgroup.group import Setting
from schemas.errors import Failed, Unsupported
from schemas.records import Stats
from schemas.specs import Limits

# Joined always: what stats, kill, pause and the device list need, and "cpu", where a container has one share of the
# processors however many processes it has. The others cost a directory each and are made when a limit asks; "systemd" is
# there so that a session's end does not take our processes with it.
_ALWAYS = frozenset({"cpu", "memory", "pids", "cpuacct", "devices", "blkio", "systemd", "unified"})
_FREEZE_PATIENCE = 5.0
_RT_PERIOD = 1_000_000  # µs, the kernel's default
_RT_PATIENCE = 2.0  # seconds


class CgroupV1(group.Cgroup):
    """A control group on version 1."""

    def create(self, limits: Limits) -> None:
        settings = _settings(limits)
        wanted = _ALWAYS | {setting.controller for setting in settings}
        if "unified" not in self._tops:
            wanted |= {"freezer"}
        for name, path in self.directories().items():
            if wanted & set(name.split(",")):
                group.make(path)
                if "cpuset" in name.split(","):
                    self._inherit_cpuset(name)
        self._apply(limits, settings)

    def update(self, limits: Limits) -> None:
        settings = _settings(limits)
        members = self.processes()
        for name, path in self.directories().items():
            controllers = set(name.split(","))
            if os.path.isdir(path) or not controllers & {item.controller for item in settings}:
                continue
            group.make(path)
            if "cpuset" in controllers:
                self._inherit_cpuset(name)
            for pid in members:
                try:
                    group.write(f"{path}/cgroup.procs", str(pid))
                except ProcessLookupError:
                    continue
        directory_of = self._by_controller()
        try:
            group.apply(directory_of, settings)
        except Failed:
            # memory+swap must never be below memory: a raise has to begin with the former.
            group.apply(directory_of, settings[::-1])
            group.apply(directory_of, settings)

    def set_devices(self, rules: list[devices.Rule]) -> None:
        path = self._by_controller().get("devices")
        if path is None or not os.path.isdir(path):
            return
        group.write(f"{path}/devices.deny", "a")
        for rule in rules:
            file = "devices.allow" if rule.allow else "devices.deny"
            group.write(f"{path}/{file}", devices.text(rule))

    def freeze(self) -> None:
        self._freeze("FROZEN", "1")

    def thaw(self) -> None:
        self._freeze("THAWED", "0")

    def stats(self) -> Stats:
        directory_of = self._by_controller()
        memory = directory_of.get("memory", "")
        detail = group.keyed(_text(f"{memory}/memory.stat"))
        usage = _number(f"{memory}/memory.usage_in_bytes")
        limit = _number(f"{memory}/memory.limit_in_bytes")
        blkio = directory_of.get("blkio", "")
        done = {"Read": 0, "Write": 0}
        for line in _text(f"{blkio}/blkio.throttle.io_service_bytes_recursive").splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in done:
                done[words[1]] += int(words[2])
        total = group.host_memory()
        return Stats(
            cpu_seconds=_number(f"{directory_of.get('cpuacct', '')}/cpuacct.usage") / 1e9,
            memory=max(0, usage - detail.get("total_inactive_file", 0)),
            memory_limit=min(limit or total, total),
            network_received=0,
            network_sent=0,
            block_read=done["Read"],
            block_written=done["Write"],
            pids=_number(f"{directory_of.get('pids', '')}/pids.current"),
            time=time.time(),
        )

    def oom_kills(self) -> int:
        path = f"{self._by_controller().get('memory', '')}/memory.oom_control"
        return group.keyed(_text(path)).get("oom_kill", 0)

    def oom_watch(self) -> oomwatch.OomWatch | None:
        try:
            return oomwatch.EventWatch(self._by_controller().get("memory", ""))
        except OSError:
            return None

    def _by_controller(self) -> dict[str, str]:
        """Controller → this cgroup's directory in the hierarchy that has it."""
        return {
            controller: path
            for name, path in self.directories().items()
            for controller in name.split(",")
        }

    def _inherit_cpuset(self, hierarchy: str) -> None:
        """A new cpuset is empty, and nothing can join it: take over the parents' values from the top down."""
        path = self._tops[hierarchy]
        for name in self.place.split("/"):
            parent, path = path, f"{path}/{name}"
            for file in ("cpuset.cpus", "cpuset.mems"):
                if not group.read(f"{path}/{file}").strip():
                    group.write(f"{path}/{file}", group.read(f"{parent}/{file}").strip())

    def _apply(self, asked: Limits, settings: list[Setting]) -> None:
        """Write the settings; for real-time limits one container after the other, each with room made for it above."""
        runtime = asked.get("cpu_rt_runtime")
        hierarchy = next((name for name in self._tops if "cpu" in name.split(",")), None)
        if not runtime or hierarchy is None:
            group.apply(self._by_controller(), settings)
            return
        path = self._tops[hierarchy]
        share = runtime / (asked.get("cpu_rt_period") or _RT_PERIOD)
        top = os.open(f"{path}/{self.place.partition('/')[0]}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(top, fcntl.LOCK_EX)
            deadline = time.monotonic() + _RT_PATIENCE
            while True:
                self._allow_realtime(path, share)
                try:
                    group.apply(self._by_controller(), settings)
                    return
                except Failed:
                    # A group that was just removed is not seen any more, but counts until the kernel has let go of it.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
        finally:
            os.close(top)

    def _allow_realtime(self, path: str, share: float) -> None:
        """Give the groups above what this one asks for beside its neighbours: nobody can have more than there is above."""
        for name in self.place.split("/")[:-1]:
            path = f"{path}/{name}"
            needed = share + sum(
                _realtime(entry.path) for entry in os.scandir(path) if entry.is_dir()
            )
            if needed > _realtime(path):
                value = round(needed * _number(f"{path}/cpu.rt_period_us"))
                try:
                    group.write(f"{path}/cpu.rt_runtime_us", str(value))
                except OSError:
                    return  # the setting itself will be refused, by its name

    def _freeze(self, state: str, flag: str) -> None:
        directory_of = self._by_controller()
        unified = f"{directory_of.get('unified', '')}/cgroup.freeze"
        if os.path.exists(unified):
            group.write(unified, flag)
            _await(f"{os.path.dirname(unified)}/cgroup.events", f"frozen {flag}")
            return
        path = f"{directory_of.get('freezer', '')}/freezer.state"
        if not os.path.exists(path):
            raise Unsupported("pause: this machine has no cgroup freezer")
        group.write(path, state)
        _await(path, state)


def _settings(asked: Limits) -> list[Setting]:
    return limits.v1(asked, limits.device_number)


def _realtime(path: str) -> float:
    """The share of a processor that real-time tasks of a group may have."""
    return _number(f"{path}/cpu.rt_runtime_us") / (_number(f"{path}/cpu.rt_period_us") or 1)


def _await(path: str, word: str) -> None:
    deadline = time.monotonic() + _FREEZE_PATIENCE
    while word not in group.read(path):
        if time.monotonic() > deadline:
            raise Failed(f"cgroup {path} does not become {word}")
        time.sleep(0.001)


def _text(path: str) -> str:
    try:
        return group.read(path)
    except OSError:
        return ""


def _number(path: str) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0
