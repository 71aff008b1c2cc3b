"""What a build gives to all its RUN steps."""

from __future__ import annotations

from schemas.errors import NotFound
from schemas.specs import Limits, Ulimit
from schemas.typed import NamedTuple

HOSTNAME = "buildkitsandbox"


class Settings(NamedTuple):
    """What the build says about all RUNs."""

    extra_hosts: tuple[str, ...] = ()  # name=address
    hostname: str = HOSTNAME
    shm_size: int = 0
    ulimits: dict[str, Ulimit] = {}
    limits: Limits = {}
    cgroup_parent: str = ""
    insecure: bool = False
    host_network: bool = False


class Secret(NamedTuple):
    """A secret of the build: the content of a file, or a text."""

    file: str = ""
    text: str | None = None

    def read(self) -> str:
        if self.text is not None:
            return self.text
        try:
            with open(self.file, encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except OSError as err:
            raise NotFound(f"secret file {self.file}: {err.strerror}") from err
