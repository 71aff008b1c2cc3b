"""The container's root filesystem, built by its first process inside its new namespaces.

``prepare_root`` runs STEPS in order and leaves the process in the new root with nothing of the host's tree in reach.
The caller is in its own mount namespace, and already in the network, pid, ipc, uts and cgroup namespaces the container
will have: proc and sysfs show the namespaces of the process that mounts them. Its cgroup exists and holds it.
Everything is imported before: after pivot_root no module of the host can be loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from engine import paths
from engine.kernel import cgroup, inroot, mount, mountinfo, sysctl
from engine.runtime import hookcalls, rootdev, rootmounts
from engine.runtime.bundle import Bundle
from schemas.errors import EngineError, StartFailed

_PROC_FLAGS = mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC
_ATTR_MASK = mount.MOUNT_ATTR_NOSUID | mount.MOUNT_ATTR_NODEV | mount.MOUNT_ATTR_NOEXEC


def prepare_root(bundle: Bundle) -> None:
    """Build the root and move into it; StartFailed names the step that failed."""
    for name, step in STEPS:
        try:
            step(bundle)
        except EngineError as err:
            raise StartFailed(
                err.message, step=name, errno=getattr(err, "errno", 0), hint=err.hint
            ) from err
        except OSError as err:
            about = f"{err.filename}: " if err.filename else ""
            message = about + os.strerror(err.errno or 0)
            raise StartFailed(message, step=name, errno=err.errno or 0) from err


def mount_for_visit(bundle: Bundle) -> None:
    """Mount the root and what was asked for in it at ``root_path``, to look into a container that does not run."""
    for step in (_propagation, _overlay, _host_tree, _mounts):
        step(bundle)


def root_path(bundle: Bundle) -> str:
    """Where the root is mounted while it is built (seen in the container's mount namespace only)."""
    return f"{paths.runtime_dir(bundle['id'])}/root"


def _propagation(bundle: Bundle) -> None:
    """Cut the host's mounts off, as far as the bind mounts asked for allow it."""
    asked = {item.get("propagation", "") for item in bundle["mounts"]}
    place = root_path(bundle)
    os.makedirs(place, exist_ok=True)
    if asked & {"shared", "rshared"}:
        # The tree stays in the host's peer groups, but pivot_root(2) refuses a shared parent of the new root.
        mount.mount("", mountinfo.covering(place).target, "", mount.MS_PRIVATE)
        return
    flags = mount.MS_SLAVE if asked & {"slave", "rslave"} else mount.MS_PRIVATE
    mount.mount("", "/", "", flags | mount.MS_REC)


def _overlay(bundle: Bundle) -> None:
    """Stack the image's layers under the container's writable one."""
    root, place = bundle["root"], root_path(bundle)
    os.makedirs(root["upper"], exist_ok=True)
    os.makedirs(root["work"], exist_ok=True)
    mount.fsopen_overlay(root["lowers"], root["upper"], root["work"], place)


def _host_tree(bundle: Bundle) -> None:
    """Lay the host's own /usr, copy-on-write, into a root of kind "host"."""
    root = bundle["root"]
    if root["kind"] != "host":
        return
    os.makedirs(root["usr_upper"], exist_ok=True)
    os.makedirs(root["usr_work"], exist_ok=True)
    with inroot.Root(root_path(bundle)) as fd:
        usr = inroot.directory(fd, "/usr")
        lowers = root.get("usr_lowers") or ["/usr"]
        mount.fsopen_overlay(lowers, root["usr_upper"], root["usr_work"], inroot.fd_path(usr))
        os.close(usr)
        for path in root.get("extra", ()):
            tree = mount.clone_tree(path, recursive=False)
            mount.mount_setattr(
                "",
                mount.MOUNT_ATTR_RDONLY,
                recursive=False,
                dirfd=tree,
                propagation=mount.MS_PRIVATE,
            )
            rootmounts.attach(fd, tree, path, is_directory=os.path.isdir(path))


def _proc(bundle: Bundle) -> None:
    with inroot.Root(root_path(bundle)) as fd:
        _filesystem(fd, "proc", "/proc", _PROC_FLAGS)


def _sysfs(bundle: Bundle) -> None:
    flags = _PROC_FLAGS | (0 if bundle["privileged"] else mount.MS_RDONLY)
    with inroot.Root(root_path(bundle)) as fd:
        _filesystem(fd, "sysfs", "/sys", flags)


def _cgroup(bundle: Bundle) -> None:
    """Show the container its own cgroups, read-only unless privileged."""
    kind = cgroup.detect()
    if kind == "none":
        return
    read_only = 0 if bundle["privileged"] else mount.MS_RDONLY
    with inroot.Root(root_path(bundle)) as fd:
        if kind == "v2":
            if bundle["namespaces"]["cgroup"] == "private":
                _filesystem(fd, "cgroup2", "/sys/fs/cgroup", _PROC_FLAGS | read_only)
            else:
                _bind_cgroup(fd, cgroup.MOUNT_POINT, "/sys/fs/cgroup", read_only)
            return
        _filesystem(fd, "tmpfs", "/sys/fs/cgroup", _PROC_FLAGS, "mode=755")
        plan = bundle["cgroup"]
        own = cgroup.open_cgroup(plan["name"], parent=plan["parent"])
        links: dict[str, str] = {}
        for hierarchy, directory in own.directories().items():
            if os.path.isdir(directory):
                _bind_cgroup(fd, directory, f"/sys/fs/cgroup/{hierarchy}", read_only)
                links.update(dict.fromkeys(hierarchy.split(","), hierarchy))
        top = inroot.directory(fd, "/sys/fs/cgroup")
        for name, hierarchy in links.items():
            if name != hierarchy:
                os.symlink(hierarchy, name, dir_fd=top)
        if read_only:
            flags = mount.MS_REMOUNT | _PROC_FLAGS | mount.MS_RDONLY
            mount.mount("tmpfs", inroot.fd_path(top), "tmpfs", flags, "mode=755")
        os.close(top)


def _bind_cgroup(root: int, source: str, target: str, read_only: int) -> None:
    tree = mount.clone_tree(source, recursive=True)
    attributes = _ATTR_MASK | (mount.MOUNT_ATTR_RDONLY if read_only else 0)
    mount.mount_setattr("", attributes, recursive=True, dirfd=tree, propagation=mount.MS_PRIVATE)
    rootmounts.attach(root, tree, target, is_directory=True)


def _sysctls(bundle: Bundle) -> None:
    """Set the container's kernel parameters while /proc/sys can still be written."""
    wanted = bundle["sysctls"]
    if not wanted:
        return
    modes = bundle["namespaces"]
    sysctl.check(wanted, own_net=modes["net"] != "host", own_ipc=modes["ipc"] != "host")
    with inroot.Root(root_path(bundle)) as fd:
        proc = inroot.directory(fd, "/proc")
        sysctl.apply(wanted, proc)
        os.close(proc)


def _masked(bundle: Bundle) -> None:
    """Hide: an empty read-only directory or the null device over each path."""
    with inroot.Root(root_path(bundle)) as fd:
        for path in bundle["masked_paths"]:
            target = inroot.existing(fd, path)
            if target is None:
                continue
            place = inroot.fd_path(target)
            if os.path.isdir(place):
                mount.mount("tmpfs", place, "tmpfs", mount.MS_RDONLY | _PROC_FLAGS)
            else:
                tree = rootdev.null_tree(fd)
                mount.move_mount(tree, "", dirfd=target)
                os.close(tree)
            os.close(target)


def _read_only_paths(bundle: Bundle) -> None:
    with inroot.Root(root_path(bundle)) as fd:
        for path in bundle["readonly_paths"]:
            target = inroot.existing(fd, path)
            if target is None:
                continue
            tree = mount.clone_tree(inroot.fd_path(target), recursive=True)
            mount.mount_setattr("", mount.MOUNT_ATTR_RDONLY, recursive=True, dirfd=tree)
            mount.move_mount(tree, "", dirfd=target)
            os.close(tree)
            os.close(target)


def _hooks(bundle: Bundle) -> None:
    if bundle["hooks"]:
        hookcalls.run_all(bundle, root_path(bundle))


def _working_directory(bundle: Bundle) -> None:
    """Make the working directory when the image lacks it, before the root may become read-only."""
    if bundle["cwd"] not in ("", "/"):
        with inroot.Root(root_path(bundle)) as fd:
            os.close(inroot.directory(fd, bundle["cwd"]))


def _read_only_root(bundle: Bundle) -> None:
    if bundle["read_only"]:
        place = root_path(bundle)
        mount.mount_setattr_readonly(place, False)
        if bundle["root"]["kind"] == "host":
            mount.mount_setattr_readonly(f"{place}/usr", False)


def _pivot(bundle: Bundle) -> None:
    """Make it the root and let the host's tree go."""
    old = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.chdir(root_path(bundle))
    mount.pivot_root(".", ".")
    # The host's root is stacked on ours now. What it shares with the host must not be unmounted there as well; what ours
    # shares (propagation: shared) stays so.
    os.fchdir(old)
    os.close(old)
    mount.mount("", ".", "", mount.MS_SLAVE | mount.MS_REC)
    mount.umount(".", mount.MNT_DETACH)
    os.chdir("/")


def _filesystem(root: int, fstype: str, target: str, flags: int, data: str = "") -> None:
    directory = inroot.directory(root, target)
    mount.mount(fstype, inroot.fd_path(directory), fstype, flags, data)
    os.close(directory)


def _dev(bundle: Bundle) -> None:
    with inroot.Root(root_path(bundle)) as fd:
        rootdev.populate(fd, bundle)


def _mounts(bundle: Bundle) -> None:
    with inroot.Root(root_path(bundle)) as fd:
        rootmounts.attach_all(fd, bundle)


def _files(bundle: Bundle) -> None:
    with inroot.Root(root_path(bundle)) as fd:
        rootmounts.attach_files(fd, bundle)


STEPS: list[tuple[str, Callable[[Bundle], None]]] = [
    ("mount propagation", _propagation),
    ("root filesystem", _overlay),
    ("host tree", _host_tree),
    ("proc", _proc),
    ("sysfs", _sysfs),
    ("dev", _dev),
    ("cgroup mount", _cgroup),
    ("mounts", _mounts),
    # Later than the mounts: a tmpfs asked for on /run must not hide /run/secrets.
    ("files in /etc, secrets and configs", _files),
    ("sysctls", _sysctls),
    ("masked paths", _masked),
    ("read-only paths", _read_only_paths),
    ("hooks", _hooks),
    ("working directory", _working_directory),
    ("read-only root", _read_only_root),
    ("pivot_root", _pivot),
]
