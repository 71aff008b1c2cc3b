"""One module for each verb: ``add_arguments(parser)`` and ``run(context) -> exit code``."""

from __future__ import annotations

from schemas.typed import NamedTuple


class Verb(NamedTuple):
    """``starts``: may start containers, so the launcher is forked before anything else happens."""

    summary: str
    starts: bool = False
    module: str = ""  # when it is not the verb's own name


VERBS: dict[str, Verb] = {
    "attach": Verb(
        "Attach local standard input, output, and error streams to a service's running container"
    ),
    "build": Verb("Build or rebuild services"),
    "builder": Verb("Manage the build cache: prune"),
    "check": Verb("Say how far the engine honours what the files ask for"),
    "commit": Verb("Create a new image from a service container's changes"),
    "config": Verb("Parse, resolve and render compose file in canonical format"),
    "convert": Verb("", module="config"),
    "cp": Verb("Copy files/folders between a service container and the local filesystem"),
    "create": Verb("Creates containers for a service"),
    "doctor": Verb("Say what this machine offers containers, and what it lacks"),
    "down": Verb("Stop and remove containers, networks"),
    "events": Verb("Receive real time events from containers"),
    "exec": Verb("Execute a command in a running container"),
    "export": Verb("Export a service container's filesystem as a tar archive"),
    "image": Verb(
        "Manage images: pull, push, import, load, save, ls, inspect, history, tag, rm, prune"
    ),
    "images": Verb("List images used by the created containers"),
    "inspect": Verb("Display detailed information on the containers of services"),
    "kill": Verb("Force stop service containers"),
    "login": Verb("Authenticate to a registry"),
    "logout": Verb("Log out from a registry"),
    "logs": Verb("View output from containers"),
    "ls": Verb("List running compose projects"),
    "network": Verb("Manage networks: ls, create, inspect, rm, prune, connect, disconnect"),
    "pause": Verb("Pause services"),
    "plan": Verb("Say what up would do, why, and which fields differ; changes nothing"),
    "port": Verb("Print the public port for a port binding"),
    "ps": Verb("List containers"),
    "pull": Verb("Pull service images"),
    "push": Verb("Push service images"),
    "restart": Verb("Restart service containers", starts=True),
    "rollback": Verb("Bring services back to what they were before their last change (Swarm)"),
    "rm": Verb("Removes stopped service containers"),
    "run": Verb("Run a one-off command on a service", starts=True),
    "scale": Verb("Scale services", starts=True),
    "start": Verb("Start services", starts=True),
    "stats": Verb("Display a live stream of container(s) resource usage statistics"),
    "stop": Verb("Stop services"),
    "swarm": Verb("Manage a Swarm: init, join-token, join, leave, nodes"),
    "system": Verb("Manage the room on the disk: df, prune"),
    "top": Verb("Display the running processes"),
    "unpause": Verb("Unpause services"),
    "up": Verb("Create and start containers", starts=True),
    "version": Verb("Show the version information"),
    "volume": Verb("Manage volumes: ls, create, inspect, rm, prune"),
    "volumes": Verb("List volumes"),
    "wait": Verb("Block until containers of all (or specified) services stop."),
}

# Docker Compose has these; an honest error is better than "unknown command".
NOT_BUILT = frozenset(("alpha", "bridge", "commit", "export", "publish", "viz", "watch"))
