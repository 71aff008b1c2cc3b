"""Start a container: everything the shim needs, gathered in one bundle.

The shim reads no database, so what is decided here holds until the container is started again.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from engine import addresses, containers, image_roots, images, networks, paths
from engine.state import containers as rows
from engine.state import locks
from engine.state import networks as network_rows
from engine.state.containers import ContainerRow
from schemas.errors import Conflict, Failed, NotFound
from schemas.specs import ContainerSpec

if TYPE_CHECKING:
    from engine.network.endpoint import EndpointPlan
    from engine.runtime.bundle import Bundle, Root

_ATTEMPTS = 3  # to start what another start of the same container gets in the way of


def start(reference: str) -> None:
    """Start the container, once it has ended if it is being stopped; a no-op when it runs. StartFailed with the step that
    failed."""
    from engine.runtime import launcher, status

    row = rows.get(reference)
    if status.read(row.id).stopping:
        from engine import waiting

        waiting.wait_stopped(row.id)
    try:
        # Held until the container runs: of two commands that start it, the second finds it running.
        with locks.on_directory(paths.container_dir(row.id)):
            now = status.read(row.id)
            if now.needs_adoption:
                launcher.adopt(row.id)
                now = status.read(row.id)
                if now.needs_cleanup:  # it has ended meanwhile
                    from engine.runtime import cleaning

                    cleaning.cleanup(row.id)
            if now.state == "paused":
                raise Conflict(f'container "{row.name}" is paused', hint="unpause it instead")
            if now.state in containers.ACTIVE:
                return
            bundle = build(row)
            _check_receiver(bundle)
            _launch(row.id, bundle)
    except FileNotFoundError as err:
        raise NotFound(f"No such container: {reference}") from err


def _launch(id: str, bundle: Bundle) -> None:
    """Hand the bundle over. A command that was killed may have it half started: when its supervisor comes to the end of
    that meanwhile, it runs, or there is nothing left of it and of our bundle."""
    from engine.runtime import launcher, status
    from engine.runtime.messages import Taken

    for attempt in range(_ATTEMPTS):
        _write(id, bundle)
        try:
            launcher.start(id)
        except Taken:
            if status.read(id).state in containers.ACTIVE:
                return
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _check_receiver(bundle: Bundle) -> None:
    """A container whose lines go elsewhere does not start where nobody takes them, as with Docker. Failed."""
    from engine.runtime.drivers import options

    if bundle["logging"].get("driver") in options.REMOTE:
        from engine.runtime.drivers import remote

        remote.check(bundle["logging"])


def build(row: ContainerRow) -> Bundle:
    """The bundle of a container as things are now; brings its networks into being."""
    from engine.assembly import make_bundle
    from engine.volume import local

    spec = containers.resolved_spec(row)
    places = rows.endpoints(row.id)
    for place in places:
        networks.ensure(network_rows.get(place.network_id))
    layers = images.layers(row.image_id)
    root = image_roots.root(row.image_id, row.id)
    _limit(row, spec, root)
    plans = addresses.plans(row, places, spec)
    return make_bundle(
        row,
        _shared(spec),
        images.config(row.image_id),
        root=root,
        mounts=local.prepare_mounts(row.id, spec, layers),
        endpoints=plans,
        links=_links(spec),
        default_bind=_default_bind(plans),
    )


def _limit(row: ContainerRow, spec: ContainerSpec, root: Root) -> None:
    """Hold what the container writes to the size asked for; before its first start there is nothing in its directories."""
    text = (spec.get("storage_opt") or {}).get("size")
    if not text:
        return
    from engine.kernel import quota
    from engine.volume import sizes

    size = sizes.check(str(text), "storage_opt size")
    keys = ("upper", "work", "usr_upper", "usr_work")
    quota.limit([root[key] for key in keys if key in root], quota.project(row.id), size)  # type: ignore[literal-required]


def _links(spec: ContainerSpec) -> dict[str, str]:
    """Further names of other containers, in lower case, with those by which the networks know them. NotFound."""
    found: dict[str, str] = {}
    for link in spec.get("links") or []:
        name, _, alias = link.partition(":")
        found[(alias or name).lower()] = rows.get(name).name
    return found


def _default_bind(plans: list[EndpointPlan]) -> str:
    """The host address for published ports that the network of the default route names; "" for none."""
    for plan in plans:
        if plan["default_route"]:
            return networks.plan_of(network_rows.get(plan["network_id"])).get("binding", "")
    return ""


def _shared(spec: ContainerSpec) -> ContainerSpec:
    """The spec with the containers whose namespaces it joins named by id; Conflict when one does not run."""
    from engine.runtime import status

    found: ContainerSpec = {**spec}
    for key in ("network_mode", "pid", "ipc"):
        kind, _, name = str(found.get(key) or "").partition(":")
        if kind == "container":
            other = rows.get(name)
            if status.read(other.id).state not in ("running", "paused"):
                raise Conflict(
                    f'{key}: container "{other.name}" does not run, so nothing can join its namespace'
                )
            found[key] = f"container:{other.id}"
    return found


def _write(id: str, bundle: Bundle) -> None:
    directory = paths.runtime_dir(id)
    temporary = f"{directory}/.bundle"
    text = json.dumps(bundle)
    for _ in range(100):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        try:
            with open(temporary, "w") as file:
                file.write(text)
            os.rename(temporary, f"{directory}/bundle.json")
        except FileNotFoundError:
            continue  # the shim of the run before was just removing the directory
        return
    raise Failed(f"{directory}: cannot be written")
