"""What the nodes of a Swarm need to know of registries: an image's digest, and who may pull it."""

from __future__ import annotations

from compose.backends.docker.client import Client
from compose.backends.docker.place import config_directory
from compose.backends.docker.wire import quote


def resolve(client: Client, reference: str) -> str:
    """``reference`` with its digest in its registry at this moment, asked for by the manager. NotFound, Unauthorized,
    Unavailable."""
    name, at, _ = reference.partition("@")
    if at:
        return reference
    secret = header(client, reference)
    response = client.wire.stream(
        "GET",
        f"/distribution/{quote(name)}/json",
        what=f"image {reference}",
        headers={"X-Registry-Auth": secret} if secret else {},
    )
    try:
        import json

        found = json.loads(response.all())
    finally:
        response.close()
    return f"{name}@{found['Descriptor']['digest']}"


def header(client: Client, reference: str) -> str:
    """The credentials for an image's registry as the daemon takes them, from Docker's configuration and its helpers; "" when
    there are none."""
    import os

    directory = config_directory(client.environ)
    path = os.path.join(directory, "config.json")
    if not os.path.exists(path):
        return ""
    # docker-py knows the forms of the file and how to ask credential helpers; it takes a tenth of a second to load.
    from docker import auth

    registry, _ = auth.resolve_repository_name(reference.partition("@")[0])
    config = auth.load_config(path)
    found = config.resolve_authconfig(registry)
    return auth.encode_header(found).decode("ascii") if found else ""
