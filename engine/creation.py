"""Make a container: its name, addresses and volumes recorded, its directory made, all or nothing."""

from __future__ import annotations

import os
import sqlite3
import time

from engine import addresses, images, networks, paths, process, support
from engine.containers import info, record
from engine.erase import erase
from engine.state import containers as rows
from engine.state import db, volume_uses
from engine.state import images as image_rows
from engine.state.containers import ContainerRow, Facts
from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.records import ContainerInfo
from schemas.specs import ContainerSpec, Mount

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def create(spec: ContainerSpec) -> ContainerInfo:
    """Record a container with its name, addresses and volumes, all or nothing, and make its directory.

    Conflict when the name or an address is taken; NotFound for image, network, volume or a container it shares with.
    """
    name = spec["name"]
    if len(name) < 2 or not name[0].isalnum() or not _NAME.issuperset(name):
        raise InvalidArgument(
            f'container name "{name}" is not possible: letters, digits, "_", "." and "-", two at least'
        )
    support.check_container(spec)
    image = images.resolve(spec["image"])
    if image is None:
        raise NotFound(f"No such image: {spec['image']}")
    _check_platform(spec, image.config)
    config: dict[str, object] = image.config.get("config") or {}
    _check_sources(spec)
    id = os.urandom(32).hex()
    row = ContainerRow(
        id,
        name,
        spec["image"],
        image.id,
        spec.get("labels") or {},
        time.time(),
        _facts(spec, config),
    )
    if networks.DEFAULT in {endpoint["network"] for endpoint in addresses.wanted(spec)}:
        networks.default()
    made: list[str] = []
    try:
        with db.transaction() as database:
            if image_rows.get(image.id) is None:  # removed since; from here on our row keeps it
                raise NotFound(f"No such image: {spec['image']}")
            row = row._replace(facts=_claim_volumes(database, row))
            rows.insert(database, row, spec)
            volume_uses.insert(database, id, _volumes(row))
            places = [
                addresses.allocate(
                    database, id, endpoint, position=position, mac=spec.get("mac_address") or ""
                )
                for position, endpoint in enumerate(addresses.wanted(spec))
            ]
            made.append(_make_directory(id))
    except BaseException:
        for path in made:
            erase(path)
        raise
    record(row, "create")
    return info(row, places, None)


def _check_platform(spec: ContainerSpec, config: dict[str, object]) -> None:
    """Conflict when the image that is here is another platform's than the one asked for."""
    asked = spec.get("platform")
    if not asked:
        return
    from engine.image import platform

    wanted, found = platform.parse(asked), platform.of_image(config)
    if found is not None and found not in platform.acceptable(wanted):
        raise Conflict(
            f"image with reference {spec['image']} was found but its platform ({found})"
            f" does not match the specified platform ({wanted})",
            hint="pull it for that platform, or build it",
        )


def _facts(spec: ContainerSpec, config: dict[str, object]) -> Facts:
    command = process.arguments(spec, config)
    if not command:
        raise InvalidArgument(
            f"{spec['name']}: no command specified, and image {spec['image']} has none"
        )
    exposed = list(config.get("ExposedPorts") or {})  # type: ignore[call-overload]
    exposed += [port if "/" in port else f"{port}/tcp" for port in spec.get("expose") or []]
    exposed += [f"{port['target']}/{port['protocol']}" for port in spec.get("ports") or []]
    mode = spec.get("network_mode") or ""
    if mode.startswith("container:"):
        mode = f"container:{rows.get(mode.partition(':')[2]).id}"
    return {
        "command": command,
        "tty": bool(spec.get("tty")),
        "exposed": list(dict.fromkeys(exposed)),
        "network_mode": mode,
        "mounts": _mounts(spec, config),
        "anonymous": [],
        "healthcheck": process.healthcheck(spec, config) is not None,
        "auto_remove": bool(spec.get("auto_remove")),
        "limited": bool(spec.get("storage_opt")),
        "logging": (spec.get("logging") or {}).get("driver") or "json-file",
    }


def _mounts(spec: ContainerSpec, config: dict[str, object]) -> list[Mount]:
    """The mounts asked for, and an anonymous volume for every VOLUME of the image that none of them covers."""
    mounts = [*(spec.get("mounts") or [])]
    covered = {os.path.normpath(mount["target"]) for mount in mounts}
    declared: dict[str, object] = config.get("Volumes") or {}  # type: ignore[assignment]
    mounts += [
        {"type": "volume", "target": target}
        for target in declared
        if os.path.normpath(target) not in covered
    ]
    return mounts


def _claim_volumes(database: sqlite3.Connection, row: ContainerRow) -> Facts:
    """Name every volume: make rows for anonymous ones, find the others. NotFound."""
    mounts: list[Mount] = []
    anonymous: list[str] = []
    for mount in row.facts["mounts"]:
        if mount["type"] == "volume":
            source = mount.get("source")
            if not source:
                source = os.urandom(32).hex()
                volume_uses.insert_anonymous(
                    database, source, mount.get("labels") or {}, row.created
                )
                mount = {**mount, "source": source}
            if volume_uses.is_anonymous(database, source):
                anonymous.append(source)
        mounts.append(mount)
    return {**row.facts, "mounts": mounts, "anonymous": anonymous}


def _volumes(row: ContainerRow) -> list[str]:
    return [mount["source"] for mount in row.facts["mounts"] if mount["type"] == "volume"]


def _check_sources(spec: ContainerSpec) -> None:
    """A bind source that must be there is looked for before anything is made; one that may be missing is made last.

    Made now, not at the start: what shares the volumes of this container finds them there.
    """
    missing: list[Mount] = []
    for mount in spec.get("mounts") or []:
        source = mount.get("source") or ""
        if mount["type"] != "bind" or os.path.lexists(source):
            continue
        if (mount.get("bind") or {}).get("create_host_path"):
            missing.append(mount)
        else:
            raise InvalidArgument(
                f'invalid mount config for type "bind": bind source path does not exist: {source}'
            )
    for file in spec.get("files") or []:
        if "source" in file and not os.path.isfile(file["source"]):
            raise InvalidArgument(f"{file['target']}: source file does not exist: {file['source']}")
    if missing:
        from engine.volume import mounts  # most creations make no directory

        for mount in missing:
            mounts.bind(mount)


def _make_directory(id: str) -> str:
    directory = paths.container_dir(id)
    try:
        os.mkdir(directory, 0o711)
    except FileNotFoundError:  # it is the first one
        from engine.kernel import spread

        parent = os.path.dirname(directory)
        os.makedirs(parent, mode=0o711, exist_ok=True)
        spread.spread(parent)
        os.mkdir(directory, 0o711)
    return directory
