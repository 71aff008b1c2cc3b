"""Control groups version 2: one directory for everything (Documentation/admin-guide/cgroup-v2.rst)."""

from __future__ import annotations

import time

from engine.kernel.cgroup import devices, group, limits, oomwatch
from schemas.errors import Failed
from schemas.records import Stats
from schemas.specs import Limits

_CONTROLLERS = ("cpu", "memory", "pids", "io", "cpuset")
_FREEZE_PATIENCE = 5.0


class CgroupV2(group.Cgroup):
    """A control group on version 2."""

    def create(self, limits: Limits) -> None:
        # First: a group above that is not empty is not taken away by a neighbour that ends.
        group.make(self._path())
        self._delegate()
        self.update(limits)

    def update(self, limits: Limits) -> None:
        settings = _settings(limits)
        directory = self._path()
        group.apply({setting.controller: directory for setting in settings}, settings)

    def set_devices(self, rules: list[devices.Rule]) -> None:
        devices.attach(self._path(), rules)

    def freeze(self) -> None:
        self._freeze("1")

    def thaw(self) -> None:
        self._freeze("0")

    def stats(self) -> Stats:
        memory = group.keyed(self._text("memory.stat"))
        limit = self._text("memory.max").strip()
        total = group.host_memory()
        read = written = 0
        for line in self._text("io.stat").splitlines():
            words = dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)
            read += int(words.get("rbytes", 0))
            written += int(words.get("wbytes", 0))
        usage = int(self._text("memory.current").strip() or 0)
        return Stats(
            cpu_seconds=group.keyed(self._text("cpu.stat")).get("usage_usec", 0) / 1e6,
            memory=max(0, usage - memory.get("inactive_file", 0)),
            memory_limit=min(int(limit), total) if limit.isdigit() else total,
            network_received=0,
            network_sent=0,
            block_read=read,
            block_written=written,
            pids=int(self._text("pids.current").strip() or 0),
            time=time.time(),
        )

    def oom_kills(self) -> int:
        return group.keyed(self._text("memory.events")).get("oom_kill", 0)

    def oom_watch(self) -> oomwatch.OomWatch | None:
        from engine.kernel.inotify import IN_MODIFY, Watch

        watch = Watch()
        if watch.add(f"{self._path()}/memory.events", IN_MODIFY):
            return watch
        watch.close()
        return None

    def _path(self) -> str:
        return self.directories()["unified"]

    def _text(self, file: str) -> str:
        try:
            return group.read(f"{self._path()}/{file}")
        except OSError:
            return ""

    def _delegate(self) -> None:
        """Let the controllers reach down to this cgroup. One that cannot shows when a limit's file is missing."""
        path = self._tops["unified"]
        for name in self.place.split("/"):
            have = group.read(f"{path}/cgroup.controllers").split()
            enabled = group.read(f"{path}/cgroup.subtree_control").split()
            for controller in _CONTROLLERS:
                if controller in have and controller not in enabled:
                    try:
                        group.write(f"{path}/cgroup.subtree_control", f"+{controller}")
                    except OSError:
                        continue
            path = f"{path}/{name}"

    def _freeze(self, flag: str) -> None:
        group.write(f"{self._path()}/cgroup.freeze", flag)
        deadline = time.monotonic() + _FREEZE_PATIENCE
        while f"frozen {flag}" not in self._text("cgroup.events"):
            if time.monotonic() > deadline:
                raise Failed(f"cgroup {self._path()} does not freeze")
            time.sleep(0.001)


def _settings(asked: Limits) -> list[group.Setting]:
    return limits.v2(asked, limits.device_number)
