"""Control groups, version 1 (also beside an empty version 2) and version 2, behind one class."""

from engine.kernel.cgroup.base import MOUNT_POINT, Kind, detect, open_cgroup
from engine.kernel.cgroup.group import Cgroup

__all__ = ["MOUNT_POINT", "Cgroup", "Kind", "detect", "open_cgroup"]
