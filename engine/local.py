"""LocalEngine: every method of ``schemas.engine.Engine``, by delegation to the module that does it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from engine import containers
from engine.local_images import LocalImages

if TYPE_CHECKING:
    from schemas.engine import Archive, Bytes, Channel, LabelFilter, Stream
    from schemas.records import (
        ContainerInfo,
        Event,
        Exit,
        Finding,
        LogLine,
        NetworkInfo,
        PathInfo,
        Process,
        Stats,
        VolumeInfo,
    )
    from schemas.specs import (
        ContainerSpec,
        Endpoint,
        ExecSpec,
        LogQuery,
        NetworkSpec,
        Port,
        VolumeSpec,
    )


class LocalEngine(LocalImages):
    """The engine of this machine. Reads need no preparation; the first call that changes something recovers first."""

    name = "local"
    features = frozenset(
        {"pause", "exec", "attach", "load", "save", "import", "pull", "push", "build"}
    )

    def __init__(self) -> None:
        self._unrecovered = [True]  # emptied by the first recovery
        self._recovering = threading.Lock()

    def close(self) -> None:
        # Only what was used has anything to close, and loading it for that would take time.
        for module in ("engine.runtime.launcher", "engine.state.db"):
            if module in sys.modules:
                sys.modules[module].close()

    def recover(self) -> None:
        """Put right what killed commands and shims left, once; called by every method that changes what there is.

        Not by what only speaks to one running container (exec, attach, files): that one is looked after when it is met.
        """
        if self._unrecovered:
            with self._recovering:
                if self._unrecovered:
                    from engine import recovery

                    recovery.recover()
                    self._unrecovered.clear()

    def doctor(self) -> list[Finding]:
        from engine import doctor

        return doctor.findings()

    # containers ---------------------------------------------------------------------------------

    def containers(
        self, *, labels: LabelFilter | None = None, all: bool = True
    ) -> list[ContainerInfo]:
        return containers.select(labels, all=all)

    def container(self, id: str) -> ContainerInfo:
        return containers.get(id)

    def inspect(self, id: str) -> dict[str, object]:
        from engine import inspect

        return inspect.inspect(id)

    def spec(self, id: str) -> ContainerSpec:
        return containers.spec(id)

    def create(self, spec: ContainerSpec) -> ContainerInfo:
        from engine import creation

        self.recover()
        return creation.create(spec)

    def check(self, spec: ContainerSpec) -> None:
        from engine import support

        support.check_container(spec)

    def check_network(self, spec: NetworkSpec) -> None:
        from engine import support

        support.check_network(spec)

    def check_volume(self, spec: VolumeSpec) -> None:
        from engine import support

        support.check_volume(spec)

    def check_ports(self, ports: list[Port]) -> None:
        from engine.network import binding
        from engine.network import ports as published

        published.check(binding.bound(ports))

    def start(self, id: str) -> None:
        from engine import starting

        self.recover()
        starting.start(id)

    def stop(self, id: str, *, timeout: float | None = None, signal: str | None = None) -> None:
        from engine import running

        self.recover()
        running.stop(id, timeout=timeout, signal=signal)

    def kill(self, id: str, *, signal: str = "SIGKILL") -> None:
        from engine import running

        self.recover()
        running.kill(id, signal=signal)

    def restart(self, id: str, *, timeout: float | None = None) -> None:
        from engine import running, starting

        self.recover()
        running.stop(id, timeout=timeout)
        starting.start(id)

    def pause(self, id: str) -> None:
        from engine import running

        self.recover()
        running.pause(id)

    def unpause(self, id: str) -> None:
        from engine import running

        self.recover()
        running.unpause(id)

    def rename(self, id: str, name: str) -> None:
        self.recover()
        containers.rename(id, name)

    def remove(self, id: str, *, force: bool = False, volumes: bool = False) -> None:
        from engine import removal

        self.recover()
        removal.remove(id, force=force, volumes=volumes)

    def wait(self, id: str, *, timeout: float | None = None) -> Exit:
        from engine import waiting

        self.recover()
        return waiting.wait(id, timeout=timeout)

    def wait_healthy(self, id: str, *, timeout: float | None = None) -> ContainerInfo:
        from engine import waiting

        self.recover()
        return waiting.wait_healthy(id, timeout=timeout)

    def connect(self, id: str, endpoint: Endpoint) -> None:
        from engine import attaching

        self.recover()
        attaching.connect(id, endpoint)

    def disconnect(self, id: str, network: str, *, force: bool = False) -> None:
        from engine import attaching

        self.recover()
        attaching.disconnect(id, network, force=force)

    def logs(self, id: str, query: LogQuery) -> Stream[LogLine]:
        from engine import running

        return running.logs(id, query)

    def exec(self, id: str, spec: ExecSpec) -> Channel:
        from engine import running

        return running.exec(id, spec)

    def attach(self, id: str, *, stdin: bool = False, logs: bool = False) -> Channel:
        from engine import running

        return running.attach(id, stdin=stdin, logs=logs)

    def top(self, id: str) -> list[Process]:
        from engine import running

        return running.top(id)

    def stats(self, id: str) -> Stats:
        from engine import running

        return running.stats(id)

    def path_info(self, id: str, path: str) -> PathInfo:
        from engine import archive

        return archive.path_info(id, path)

    def read_archive(self, id: str, path: str) -> Archive:
        from engine import archive

        return archive.read(id, path)

    def export(self, id: str) -> Archive:
        from engine import archive

        return archive.export(id)

    def commit(
        self,
        id: str,
        reference: str,
        *,
        author: str = "",
        message: str = "",
        changes: list[str],
        pause: bool,
    ) -> str:
        from engine import committing

        return committing.commit(
            id, reference, author=author, message=message, changes=changes, pause=pause
        )

    def write_archive(self, id: str, path: str, archive: Bytes) -> None:
        from engine import archive as archives

        archives.write(id, path, archive)

    def events(
        self,
        *,
        labels: LabelFilter | None = None,
        since: float | None = None,
        until: float | None = None,
        follow: bool = True,
    ) -> Stream[Event]:
        from engine.state.events import EventStream

        return EventStream(labels=labels, since=since, until=until, follow=follow)

    # networks -----------------------------------------------------------------------------------

    def networks(self, *, labels: LabelFilter | None = None) -> list[NetworkInfo]:
        from engine import networks

        return networks.select(labels)

    def network(self, name: str) -> NetworkInfo:
        from engine import networks

        return networks.get(name)

    def network_inspect(self, name: str) -> dict[str, object]:
        from engine import inspect_resources

        return inspect_resources.network(name)

    def create_network(self, spec: NetworkSpec) -> NetworkInfo:
        from engine import networks

        self.recover()
        return networks.create(spec)

    def remove_network(self, name: str) -> None:
        from engine import networks

        self.recover()
        networks.remove(name)

    # volumes ------------------------------------------------------------------------------------

    def volumes(self, *, labels: LabelFilter | None = None) -> list[VolumeInfo]:
        from engine import volumes

        return volumes.select(labels)

    def volume(self, name: str) -> VolumeInfo:
        from engine import volumes

        return volumes.get(name)

    def volume_inspect(self, name: str) -> dict[str, object]:
        from engine import inspect_resources

        return inspect_resources.volume(name)

    def create_volume(self, spec: VolumeSpec) -> VolumeInfo:
        from engine import volumes

        self.recover()
        return volumes.create(spec)

    def remove_volume(self, name: str, *, force: bool = False) -> None:
        from engine import volumes

        self.recover()
        volumes.remove(name, force=force)
