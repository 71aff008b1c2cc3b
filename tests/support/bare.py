"""A container of the kernel layer alone: namespaces, cgroup, root, capabilities and filter, without shim, network and image.

Run as a program (it must have one thread): bundle as JSON on stdin, command as arguments; its exit code is the command's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from engine import paths
from engine.kernel import caps, cgroup, namespaces, prctl, seccomp, ulimits
from engine.kernel.cgroup import devices
from engine.runtime import masks, rootfs
from schemas.errors import EngineError

_WORDS = (
    "sh ls cat echo stat mount umount mknod head wc true false grep touch mkdir rm ln id sleep dd readlink test kill "
    "chroot hostname date unshare seq df find setsid chown"
)
APPLETS = _WORDS.split()
FAILED = 99


class Result(NamedTuple):
    code: int
    out: str
    err: str


def busybox_root(directory: Path) -> Path:
    """A root with a static busybox and its applets."""
    (directory / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", directory / "bin/busybox")
    for applet in APPLETS:
        (directory / "bin" / applet).symlink_to("busybox")
    for name in ("etc", "tmp", "root"):
        (directory / name).mkdir()
    (directory / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    return directory


def bundle(id: str, lowers: list[Path], **changes: Any) -> dict[str, Any]:
    """A bundle with Docker's defaults."""
    own = paths.container_dir(id)
    made: dict[str, Any] = {
        "id": id, "name": "bare", "hostname": id, "domainname": "", "argv": [], "env": [], "cwd": "/", "user": "",
        "group_add": [], "tty": False, "stdin_open": False, "stdin_once": False, "init": False, "privileged": False,
        "read_only": False,
        "root": {"kind": "layers", "lowers": [str(path) for path in lowers], "upper": f"{own}/upper", "work": f"{own}/work"},
        "mounts": [], "files": [],
        "etc": {"hosts": "127.0.0.1 localhost\n", "hostname": f"{id}\n", "resolv_conf": "nameserver 127.0.0.11\n"},
        "caps": sorted(caps.resolve([], [], False)), "seccomp": None, "no_new_privs": False, "sysctls": {}, "rlimits": {},
        "masked_paths": list(masks.MASKED_PATHS), "readonly_paths": list(masks.READONLY_PATHS), "devices": [],
        "device_rules": [], "shm_size": 0, "oom_score_adj": None,
        "namespaces": {"net": "new", "pid": "new", "ipc": "new", "uts": "new", "cgroup": "private"},
        "cgroup": {"name": f"pycompose-test/{id}", "parent": None, "limits": {}},
        "hooks": [],
    }  # fmt: skip
    return {**made, **changes}


def run(made: dict[str, Any], *command: str, timeout: float = 30) -> Result:
    """Run ``command`` in the container that ``made`` describes; only its writable layer remains."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.bare", *command],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    shutil.rmtree(paths.runtime_dir(made["id"]), ignore_errors=True)
    return Result(done.returncode, done.stdout, done.stderr)


def shell(made: dict[str, Any], script: str) -> Result:
    """Run a shell script in it."""
    return run(made, "/bin/sh", "-c", script)


def main(argv: list[str]) -> int:
    made = json.load(sys.stdin)
    group = cgroup.open_cgroup(made["cgroup"]["name"], parent=made["cgroup"]["parent"])
    group.create(made["cgroup"]["limits"])
    rules = devices.rules(made["devices"], made["device_rules"], privileged=made["privileged"])
    group.set_devices(rules)
    filter = Path(made["seccomp"]).read_bytes() if made["seccomp"] else b""
    flags = namespaces.CLONE_NEWNS | namespaces.CLONE_NEWPID | namespaces.CLONE_NEWUTS
    for kind, flag in (("net", namespaces.CLONE_NEWNET), ("ipc", namespaces.CLONE_NEWIPC)):
        flags |= flag if made["namespaces"][kind] == "new" else 0
    go, ready = os.pipe()
    pid = namespaces.clone(flags)
    if pid == 0:
        os.read(go, 1)
        try:
            _start(made, argv, filter)
        except EngineError as err:
            sys.stderr.write(f"{getattr(err, 'step', '')}: {err}\n")
        sys.stderr.flush()
        os._exit(FAILED)
    group.join(pid)
    os.write(ready, b"x")
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    sys.stderr.write(f"oom kills: {group.oom_kills()}\n" if group.oom_kills() else "")
    group.remove()
    return code if code >= 0 else 128 - code


def _start(made: dict[str, Any], argv: list[str], filter: bytes) -> None:
    if made["namespaces"]["cgroup"] == "private":
        namespaces.unshare(namespaces.CLONE_NEWCGROUP)
    rootfs.prepare_root(made)  # type: ignore[arg-type]
    ulimits.apply(made["rlimits"])
    os.chdir(made["cwd"])
    if made["no_new_privs"]:
        prctl.no_new_privs()
    if filter:
        seccomp.load(filter)
    uid = int(made["user"] or 0)
    caps.become(uid, uid, [], frozenset(made["caps"]))
    os.execve(argv[0], argv, {"PATH": "/bin"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
