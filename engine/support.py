"""What this engine honours of services, networks and volumes, and the checks of values that their attributes may not have.

Every attribute is listed, also those that the reconciler carries out (depends_on, env_file, profiles …). ``partial`` says
what is missing; what is missing raises Unsupported when it is asked for, or is warned of when nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.network import wishes
from schemas.errors import Conflict, InvalidArgument, NotFound, Unsupported
from schemas.records import Support
from schemas.specs import ContainerSpec, NetworkSpec, VolumeSpec

_YES = Support("honoured")
_WINDOWS = Support("unsupported", "Windows containers only")
WATCH = Support("unsupported", "watch is not there yet")
MODELS = Support("unsupported", "there is no model runner")

SERVICE: dict[str, Support] = {
    "annotations": _YES,
    "attach": _YES,
    "blkio_config": _YES,
    "build": _YES,
    "cap_add": _YES,
    "cap_drop": _YES,
    "cgroup": _YES,
    "cgroup_parent": _YES,
    "command": _YES,
    "configs": _YES,
    "container_name": _YES,
    "cpu_count": _WINDOWS,
    "cpu_percent": _WINDOWS,
    "cpu_period": _YES,
    "cpu_quota": _YES,
    "cpu_rt_period": _YES,
    "cpu_rt_runtime": _YES,
    "cpu_shares": _YES,
    "cpus": _YES,
    "cpuset": _YES,
    "credential_spec": _WINDOWS,
    "depends_on": _YES,
    "deploy": _YES,
    "develop": WATCH,
    "device_cgroup_rules": _YES,
    "devices": _YES,
    "dns": _YES,
    "dns_opt": _YES,
    "dns_search": _YES,
    "domainname": _YES,
    "entrypoint": _YES,
    "env_file": _YES,
    "environment": _YES,
    "expose": _YES,
    "extends": _YES,
    "external_links": _YES,
    "extra_hosts": _YES,
    "gpus": Support("partial", "needs a CDI specification of its driver; options are not taken"),
    "group_add": _YES,
    "healthcheck": _YES,
    "hostname": _YES,
    "image": _YES,
    "init": _YES,
    "ipc": _YES,
    "isolation": _WINDOWS,
    "label_file": _YES,
    "labels": _YES,
    "links": _YES,
    "logging": _YES,
    "mac_address": _YES,
    "mem_limit": _YES,
    "mem_reservation": _YES,
    "mem_swappiness": _YES,
    "memswap_limit": _YES,
    "models": MODELS,
    "network_mode": _YES,
    "networks": _YES,
    "oom_kill_disable": _YES,
    "oom_score_adj": _YES,
    "pid": _YES,
    "pids_limit": _YES,
    "platform": Support("partial", "another one than the machine's where the kernel has an emulator for it"),
    "ports": _YES,
    "post_start": _YES,
    "pre_start": _YES,
    "pre_stop": _YES,
    "privileged": _YES,
    "profiles": _YES,
    "provider": _YES,
    "pull_policy": _YES,
    "pull_refresh_after": _YES,
    "read_only": _YES,
    "restart": Support("partial", "for as long as the machine is up: nothing restarts after a reboot"),
    "runtime": Support("unsupported", "this engine is the runtime: no other than runc"),
    "scale": _YES,
    "secrets": _YES,
    "security_opt": Support(
        "partial", "no-new-privileges, seccomp, systempaths=unconfined, apparmor=unconfined, label=disable"
    ),
    "shm_size": _YES,
    "stdin_open": _YES,
    "stop_grace_period": _YES,
    "stop_signal": _YES,
    "storage_opt": Support("partial", "size, where the file system of our state keeps project quotas"),
    "sysctls": _YES,
    "tmpfs": _YES,
    "tty": _YES,
    "ulimits": _YES,
    "use_api_socket": Support("unsupported", "there is no API socket"),
    "user": _YES,
    "userns_mode": Support("partial", "only: host"),
    "uts": _YES,
    "volumes": _YES,
    "volumes_from": _YES,
    "working_dir": _YES,
}  # fmt: skip

NETWORK: dict[str, Support] = {
    "name": _YES,
    "attachable": Support("partial", "every network is"),
    "driver": Support("partial", "bridge, macvlan, ipvlan, host and none"),
    "driver_opts": Support(
        "partial",
        "those of engine.network.driver_options",
    ),
    "enable_ipv4": _YES,
    "enable_ipv6": _YES,
    "external": _YES,
    "internal": _YES,
    "ipam": _YES,
    "ipam.config": _YES,
    "ipam.driver": Support("partial", "only: default"),
    "ipam.options": Support("unsupported", "options of an IPAM driver"),
    "labels": _YES,
}

VOLUME: dict[str, Support] = {
    "name": _YES,
    "driver": Support("partial", "local"),
    "driver_opts": Support("partial", "type, o and device; no quota (size)"),
    "external": _YES,
    "labels": _YES,
}

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_SECURITY = ("no-new-privileges", "seccomp", "systempaths", "apparmor", "label")
_MODULES = {
    "apparmor": "profiles of AppArmor are not applied; apparmor=unconfined says so",
    "label": "labels of SELinux are not applied; label=disable says so",
}
_UNCONFINED = {"systempaths": "unconfined", "apparmor": "unconfined", "label": "disable"}


def check_container(spec: ContainerSpec) -> None:
    """Raise Unsupported or InvalidArgument, naming the Compose key, for the first thing asked that cannot be had."""
    for check in _CONTAINER_CHECKS:
        check(spec)


def check_network(spec: NetworkSpec) -> None:
    """The same for a network."""
    from engine.network import driver_options

    if spec.get("ipam_options"):
        raise Unsupported(
            "ipam.options: options of an IPAM driver are not supported by the local engine"
        )
    driver_options.check(spec)
    driver = driver_options.driver_of(spec)
    if driver in driver_options.CHILD_DRIVERS:
        from engine.network import child

        child.check(spec["name"], driver)


def check_volume(spec: VolumeSpec) -> None:
    """The same for a volume."""
    name = spec["name"]
    if len(name) < 2 or not name[0].isalnum() or not _NAME.issuperset(name) or len(name) > 255:
        raise InvalidArgument(
            f'create {name}: "{name}" includes invalid characters for a local volume name, only'
            ' "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed'
        )
    driver = spec.get("driver") or "local"
    if driver != "local":
        raise Unsupported(f'volume driver "{driver}" is not supported by the local engine')
    if spec.get("driver_opts"):
        from engine.volume import options

        options.parse(spec["driver_opts"])
        if spec["driver_opts"].get("size"):
            from engine.volume import sizes

            sizes.check(str(spec["driver_opts"]["size"]), "driver_opts size")


def security_options(options: list[str]) -> Iterator[tuple[str, str]]:
    """``security_opt`` as (key, value) pairs; both "key=value" and the old "key:value" are in use."""
    for option in options:
        key, separator, value = option.partition("=")
        if not separator:
            key, _, value = option.partition(":")
        yield key, value


def _security(spec: ContainerSpec) -> None:
    for key, value in security_options(spec.get("security_opt") or []):
        if key not in _SECURITY or value != _UNCONFINED.get(key, value):
            raise Unsupported(
                f"security_opt {key}={value} is not supported by the local engine",
                hint=_MODULES[key] if key in _MODULES else f"there are: {', '.join(_SECURITY)}",
            )


def _devices(spec: ContainerSpec) -> None:
    """What cannot be had is said before anything is made."""
    if spec.get("device_requests"):
        from engine.cdi import injection

        try:
            injection(spec["device_requests"])
        except (NotFound, Conflict) as err:
            raise InvalidArgument(err.message, hint=err.hint) from err


def _platform(spec: ContainerSpec) -> None:
    asked = spec.get("platform")
    if not asked:
        return
    from engine.image import emulation, platform

    if not emulation.runs_here(platform.parse(asked)):
        raise Unsupported(
            f"platform {asked} is not supported on this machine ({platform.native()}): its kernel has no emulator for it",
            hint=emulation.HINT,
        )


def _runtime(spec: ContainerSpec) -> None:
    if spec.get("runtime"):
        raise Unsupported(
            f"runtime {spec['runtime']} is not supported by the local engine, which is the runtime itself"
        )


def _ports(spec: ContainerSpec) -> None:
    for port in spec.get("ports") or []:
        if port["protocol"] not in ("tcp", "udp"):
            raise Unsupported(
                f"ports: protocol {port['protocol']} is not supported (port {port['target']})"
            )
    if spec.get("ports") and (spec.get("network_mode") or "").startswith("container:"):
        raise InvalidArgument(
            "ports: not possible when network_mode shares another container's network"
        )


def _endpoints(spec: ContainerSpec) -> None:
    if spec.get("network_mode") and spec.get("endpoints"):
        raise InvalidArgument(f"networks: not possible with network_mode {spec['network_mode']}")
    for endpoint in spec.get("endpoints") or []:
        if len(endpoint) > 1:
            wishes.check(endpoint)


def _modes(spec: ContainerSpec) -> None:
    for key, words, shares in _MODES:
        mode = str(spec.get(key) or "")
        if mode in words or (shares and mode.startswith("container:") and mode != "container:"):
            continue
        raise Unsupported(f"{key}: {mode} is not supported by the local engine")


# key, words accepted, whether "container:<name>" is
_MODES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("network_mode", ("", "none", "host", "bridge", "default"), True),
    ("pid", ("", "host"), True),
    ("ipc", ("", "none", "private", "shareable", "host"), True),
    ("uts", ("", "host"), False),
    ("cgroup", ("", "private", "host"), False),
    ("userns_mode", ("", "host"), False),
)


def _logging(spec: ContainerSpec) -> None:
    logging = spec.get("logging") or {}
    if logging:
        from engine.runtime.drivers import options

        options.plan(logging)


def _storage(spec: ContainerSpec) -> None:
    for option, value in (spec.get("storage_opt") or {}).items():
        if option != "size":
            raise Unsupported(f"storage_opt {option} is not supported by the local engine")
        from engine.volume import sizes

        sizes.check(str(value), "storage_opt size")
    for mount in spec.get("mounts") or []:
        if not mount["target"].startswith("/"):
            raise InvalidArgument(f"volumes: target {mount['target']} is not an absolute path")


_CONTAINER_CHECKS: tuple[Callable[[ContainerSpec], None], ...] = (
    _platform,
    _runtime,
    _modes,
    _endpoints,
    _ports,
    _security,
    _logging,
    _storage,
    _devices,
)
