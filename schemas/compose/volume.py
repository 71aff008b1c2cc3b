"""Top-level ``volumes`` and what services mount."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.compose.scalars import (
    External,
    FlagOrText,
    ListOrMapping,
    NumberOrText,
    Options,
    Section,
)


class BindOptions(Section):
    """Of a bind mount."""

    propagation: str | None = None
    create_host_path: FlagOrText | None = None
    recursive: Literal["enabled", "disabled", "writable", "readonly"] | None = None
    selinux: Literal["z", "Z"] | None = None


class VolumeOptions(Section):
    """Of a named volume's mount."""

    labels: ListOrMapping | None = None
    nocopy: FlagOrText | None = None
    subpath: str | None = None


class TmpfsOptions(Section):
    """Of a tmpfs mount."""

    size: str | Annotated[int, Field(ge=0)] | None = None
    mode: NumberOrText | None = None


class ImageOptions(Section):
    """Of an image mount."""

    subpath: str | None = None


class VolumeMount(Section):
    """A mount in a service's containers."""

    type: Literal["bind", "volume", "tmpfs", "cluster", "npipe", "image"]
    source: str | None = None
    target: str | None = None
    read_only: FlagOrText | None = None
    consistency: str | None = None
    bind: BindOptions | None = None
    volume: VolumeOptions | None = None
    tmpfs: TmpfsOptions | None = None
    image: ImageOptions | None = None


class Volume(Section):
    """A volume of the project."""

    name: str | None = None
    driver: str | None = None
    driver_opts: Options | None = None
    external: External | None = None
    labels: ListOrMapping | None = None
