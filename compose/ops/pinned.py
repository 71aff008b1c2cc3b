"""The project with each image pinned to the digest that its tag stands for now (``config --resolve-image-digests``)."""

from __future__ import annotations

from compose.loader.select import with_services
from compose.ops.together import run_together
from compose.project import Project
from schemas.engine import Engine


def pinned(
    engine: Engine, project: Project, services: tuple[str, ...], *, only_images: bool, limit: int
) -> Project:
    """Ask the registries, ``limit`` at a time (0: all at once). ``only_images``: nothing else is left of the project (an
    override file). EngineError for an image that is not there."""
    project = with_services(project, services)
    names = sorted({body["image"] for body in project.services.values() if body.get("image")})
    full: dict[str, str] = {}

    def resolve(name: str) -> None:
        full[name] = engine.resolve_digest(name)

    run_together(resolve, names, limit=limit)
    found = {
        name: {**body, "image": full[body["image"]]} if body.get("image") else body
        for name, body in project.services.items()
    }
    if only_images:
        locked = {
            name: {"image": body["image"]} if body.get("image") else {}
            for name, body in found.items()
        }
        return project._replace(tree={"services": locked})
    return project._replace(tree={**project.tree, "services": found})
