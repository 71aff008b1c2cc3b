"""Which engine runs the containers: the one place in ``compose`` that names an implementation."""

from __future__ import annotations

from schemas.errors import UsageError
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.backends.swarm.admin import Swarm
    from schemas.engine import Engine
    from schemas.grades import Grades
    from schemas.records import Artifact
    from schemas.service_engine import ServiceEngine

ENGINES = ("local", "docker")
CLUSTERS = ("swarm",)  # engines that schedule by themselves: they are told of services
GRADED = ("local", "docker", "swarm")  # engines that say what they honour


def prepare(name: str) -> None:
    """Do what the engine called ``name`` wants done before threads and heavy imports: the local one forks the process that
    will fork the shims."""
    import os

    if name == "local" and os.geteuid() == 0:
        from engine.runtime import launcher

        launcher.prepare()


def open_engine(name: str) -> Engine:
    """The engine called ``name``; UsageError when there is none of that name."""
    if name == "local":
        from engine.local import LocalEngine

        return LocalEngine()
    if name == "docker":
        from compose.backends.docker.engine import DockerEngine

        return DockerEngine()
    raise UsageError(f'unknown engine "{name}" (there are: {", ".join(ENGINES)})')


def open_cluster(name: str) -> ServiceEngine:
    """The engine called ``name`` that schedules by itself; UsageError when there is none of that name."""
    if name not in CLUSTERS:
        raise UsageError(
            f'engine "{name}" does not schedule services (that does: {", ".join(CLUSTERS)})'
        )
    from compose.backends.swarm.engine import SwarmEngine

    return SwarmEngine()


def open_swarm() -> Swarm:
    """The membership of a Swarm of the daemon that the environment names."""
    from compose.backends.swarm.admin import Swarm

    return Swarm()


def grades_of(name: str) -> Grades:
    """What the engine called ``name`` honours, without opening it; UsageError when there is none of that name."""
    if name == "local":
        from engine.grading import GRADES
    elif name == "docker":
        from compose.backends.docker.support import GRADES
    elif name == "swarm":
        from compose.backends.swarm.support import GRADES
    else:
        raise UsageError(f'unknown engine "{name}" (there are: {", ".join(GRADED)})')
    return GRADES


def artifact_digest(reference: str) -> str:
    """The digest of an artifact in a registry, without an engine (a Compose file is read before one is chosen). EngineError."""
    from engine.image.registry import artifact

    return artifact.digest(reference)


def read_artifact(reference: str, artifact_type: str) -> Artifact:
    """An artifact in a registry, whole. EngineError."""
    from engine.image.registry import artifact

    return artifact.read(reference, artifact_type)
