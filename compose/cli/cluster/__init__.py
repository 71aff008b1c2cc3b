"""The verbs on an engine that schedules by itself (``--engine swarm``): the same names, flags and exit codes.

Each module is like those of ``compose.cli.verbs``: ``add_arguments(parser)`` and ``run(context) -> exit code``.
"""

from __future__ import annotations

from schemas.errors import Unsupported

VERBS = frozenset(
    ("down", "logs", "ls", "plan", "ps", "restart", "rollback", "scale", "start", "stop", "up")
)
# They ask no engine, or look after the Swarm itself.
ANYWHERE = frozenset(("check", "config", "convert", "login", "logout", "swarm", "version"))
_ON_NODES = "tasks run on the Swarm's nodes: use --engine docker with DOCKER_HOST naming the node (ps says which)"
_ELSEWHERE = {
    **dict.fromkeys(
        ("attach", "cp", "exec", "kill", "pause", "port", "stats", "top", "unpause"), _ON_NODES
    ),
    **dict.fromkeys(
        ("build", "image", "images", "pull", "push"),
        "nodes pull images from registries: build and push with --engine docker or local",
    ),
    **dict.fromkeys(
        ("builder", "doctor", "events", "system", "volumes"),
        "it is about one machine: --engine docker",
    ),
    "create": "a Swarm starts what it is told of: up",
    "run": "one-off containers are jobs there: deploy.mode: replicated-job, then up",
    "rm": "a Swarm keeps no stopped containers: down removes services",
    "wait": "up waits until services have converged, and until jobs are done",
}


def module_of(verb: str) -> str:
    """The module that does a verb on such an engine; Unsupported with what to do instead."""
    if verb in VERBS:
        return f"compose.cli.cluster.{verb}"
    if verb in ANYWHERE:
        return ""
    raise Unsupported(f"{verb} is not there with --engine swarm", hint=_ELSEWHERE.get(verb))
