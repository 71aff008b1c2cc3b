"""What a Docker Swarm honours of the Compose language: every attribute, by its path.

A service of a Swarm runs on any of its nodes: what names one machine, one container or another container's namespaces has
no place in it. Versions are those of the API from which managers have the attribute.
"""

from __future__ import annotations

from typing import Any

from schemas.grades import HONOURED, Grades, Question, below, every, honoured
from schemas.records import Support

_WINDOWS = Support("unsupported", "Windows containers only")
_FIELD = Support("unsupported", "services of a Swarm have no such setting")
_SHARED = Support("unsupported", "a task cannot share another's namespaces or the node's")
_HOOKS = Support("unsupported", "tasks run on nodes where no hook can be run")
_WATCH = Support(
    "unsupported", "tasks are not synchronised or rebuilt: an image has to be published"
)
_MODELS = Support("unsupported", "there is no model runner")
_PROVIDERS = Support("unsupported", "services of other programs are not supported yet")
_NETWORK = Support("unsupported", "use networks and their aliases")
_DEVICE_NODES = Support(
    "unsupported", "services of a Swarm get no devices; generic_resources reserve them"
)
_ADDRESS = Support("unsupported", "Swarm gives the addresses and interfaces of tasks")
_BUILD = Support(
    "partial",
    "not built by the Swarm: the image is built elsewhere and pushed to a registry of all nodes",
)
_LIMIT = Support("honoured", "as deploy.resources")
_NOTHING = Support("honoured", "says nothing to a Swarm")
_OPTION = Support("unsupported", "RUN --mount=type=secret says it")

_HOOK = "command user privileged working_dir environment"
_ROLLOUT = "parallelism delay failure_action monitor max_failure_ratio order"
_DEVICE = "capabilities count device_ids driver options"
_RATES = "device_read_bps device_read_iops device_write_bps device_write_iops"

TABLE: dict[str, Support] = {
    **honoured({
        "": "version name include services models networks volumes secrets configs",
        "include.*": "path env_file project_directory",
        "services.*": "attach cap_add cap_drop command configs deploy dns dns_opt dns_search entrypoint env_file environment"
        " expose extends extra_hosts group_add healthcheck hostname image init label_file labels logging networks ports"
        " profiles read_only scale secrets stdin_open stop_grace_period stop_signal sysctls tmpfs tty ulimits user working_dir",
        "services.*.configs.*": "source target uid gid mode",
        "services.*.depends_on.*": "condition required",
        "services.*.deploy": "mode endpoint_mode replicas labels rollback_config update_config resources restart_policy"
        " placement",
        "services.*.deploy.rollback_config": _ROLLOUT,
        "services.*.deploy.update_config": _ROLLOUT,
        "services.*.deploy.resources": "limits reservations",
        "services.*.deploy.resources.limits": "cpus memory pids",
        "services.*.deploy.resources.reservations": "cpus memory generic_resources",
        "services.*.deploy.resources.reservations.generic_resources.*": "discrete_resource_spec",
        "services.*.deploy.resources.reservations.generic_resources.*.discrete_resource_spec": "kind value",
        "services.*.deploy.restart_policy": "condition delay max_attempts window",
        "services.*.deploy.placement": "constraints preferences max_replicas_per_node",
        "services.*.deploy.placement.preferences.*": "spread",
        "services.*.env_file.*": "path format required",
        "services.*.extends": "service file",
        "services.*.healthcheck": "test interval timeout retries start_period disable",
        "services.*.logging": "driver options",
        "services.*.networks.*": "aliases driver_opts",
        "services.*.ports.*": "mode target published protocol",
        "services.*.secrets.*": "source target uid gid mode",
        "services.*.ulimits.*": "soft hard",
        "services.*.volumes.*": "type source target read_only bind volume tmpfs",
        "services.*.volumes.*.bind": "propagation create_host_path recursive",
        "services.*.volumes.*.volume": "labels nocopy",
        "services.*.volumes.*.tmpfs": "size mode",
        "networks.*": "name driver driver_opts ipam external internal enable_ipv6 attachable labels",
        "networks.*.ipam": "driver config options",
        "networks.*.ipam.config.*": "subnet ip_range gateway aux_addresses",
        "networks.*.external": "name",
        "volumes.*": "name driver driver_opts external labels",
        "volumes.*.external": "name",
        "secrets.*": "name environment file external labels driver driver_opts template_driver",
        "secrets.*.external": "name",
        "configs.*": "name content environment file external labels template_driver",
        "configs.*.external": "name",
    }),
    **every(_FIELD, {
        "services.*": "annotations blkio_config cgroup_parent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares"
        " cpuset domainname mem_swappiness memswap_limit oom_kill_disable privileged runtime storage_opt use_api_socket",
        "services.*.blkio_config": f"weight weight_device {_RATES}",
        "services.*.blkio_config.weight_device.*": "path weight",
        **{f"services.*.blkio_config.{key}.*": "path rate" for key in _RATES.split()},
    }),
    **every(_WINDOWS, {
        "services.*": "cpu_count cpu_percent credential_spec isolation",
        "services.*.credential_spec": "config file registry",
        "services.*.build": "isolation",
    }),
    **every(_SHARED, {"services.*": "cgroup ipc pid userns_mode uts"}),
    **every(_LIMIT, {"services.*": "cpus mem_limit mem_reservation pids_limit"}),
    **every(_DEVICE_NODES, {
        "services.*": "device_cgroup_rules devices gpus",
        "services.*.devices.*": "source target permissions",
        "services.*.gpus.*": _DEVICE,
        "services.*.deploy.resources.reservations": "devices",
        "services.*.deploy.resources.reservations.devices.*": _DEVICE,
    }),
    **every(_HOOKS, {
        "services.*": "post_start pre_start pre_stop",
        "services.*.post_start.*": _HOOK,
        "services.*.pre_start.*": f"{_HOOK} image per_replica",
        "services.*.pre_stop.*": _HOOK,
    }),
    **every(_WATCH, {
        "services.*": "develop",
        "services.*.develop": "watch",
        "services.*.develop.watch.*": "path action target exec include ignore initial_sync",
        "services.*.develop.watch.*.exec": _HOOK,
    }),
    **every(_MODELS, {
        "services.*": "models",
        "services.*.models.*": "endpoint_var model_var",
        "models.*": "name model context_size runtime_flags",
    }),
    **every(_PROVIDERS, {"services.*": "provider", "services.*.provider": "type options"}),
    **every(_NETWORK, {"services.*": "external_links links"}),
    **every(_ADDRESS, {
        "services.*": "mac_address",
        "services.*.networks.*": "interface_name ipv4_address ipv6_address link_local_ips mac_address gw_priority priority",
    }),
    **every(_NOTHING, {
        "services.*.build": "context dockerfile dockerfile_inline entitlements args provenance sbom ssh labels cache_from"
        " cache_to no_cache no_cache_filter additional_contexts network pull target shm_size extra_hosts secrets tags ulimits"
        " platforms privileged",
        "services.*.build.secrets.*": "source target",
        "services.*.build.ulimits.*": "soft hard",
        "services.*.ports.*": "name app_protocol",
        "services.*.volumes.*": "consistency",
    }),
    **every(_OPTION, {"services.*.build.secrets.*": "uid gid mode"}),
    **below("services.*", {
        "build": _BUILD,
        "container_name": Support("unsupported", "Swarm names the containers of tasks"),
        "depends_on": Support(
            "partial", "by the order of updates; a node that starts a task again waits for nothing"
        ),
        "depends_on.*.restart": Support("unsupported", "Swarm updates services one by one"),
        "healthcheck.start_interval": Support("honoured", "needs Docker 25 (API 1.44)"),
        "network_mode": Support("partial", "host, bridge and none; a task cannot share another's network"),
        "oom_score_adj": Support("honoured", "needs Docker 27 (API 1.46)"),
        "platform": Support("honoured", "as a placement on nodes of that platform"),
        "ports.*.host_ip": Support("unsupported", "Swarm publishes on every address of a node"),
        "pull_policy": Support("partial", "nodes pull what they lack; the digest decides"),
        "pull_refresh_after": Support("unsupported", "nodes pull what they lack"),
        "restart": Support("partial", "as deploy.restart_policy: unless-stopped is the same as always"),
        "security_opt": Support(
            "partial", "no-new-privileges, seccomp, apparmor (API 1.46) and label; nothing else"
        ),
        "shm_size": Support("unsupported", "use a tmpfs on /dev/shm with a size"),
        "volumes": Support("honoured", "volumes of the driver local are each node's own"),
        "volumes.*.bind.selinux": Support("unsupported", "the mounts of services have no such option"),
        "volumes.*.image": Support("honoured", "needs Docker 28 (API 1.48)"),
        "volumes.*.image.subpath": Support("honoured", "needs Docker 28 (API 1.48)"),
        "volumes.*.volume.subpath": Support("honoured", "needs Docker 26 (API 1.45)"),
        "volumes_from": Support("unsupported", "tasks run on different nodes: name the volumes"),
    }),
    "networks.*.enable_ipv4": Support("unsupported", "overlay networks always have IPv4"),
}  # fmt: skip


def _when(path: str, *words: object) -> Question:
    """The entry's grade counts for these values only; with others the attribute is honoured."""

    def answer(value: Any) -> Support:
        return TABLE[path] if value in words else HONOURED

    return answer


def _unless(path: str, *words: object) -> Question:
    """Honoured with these values; with others the entry says how far."""

    def answer(value: Any) -> Support:
        return HONOURED if value in words else TABLE[path]

    return answer


def _network_mode(value: str) -> Support:
    return HONOURED if value in ("host", "bridge", "none") else _SHARED


def _mount_type(value: str) -> Support:
    if value == "bind":
        return Support("partial", "the path has to be there on every node that may run the task")
    return _WINDOWS if value == "npipe" else HONOURED


def _published(value: str) -> Support:
    if "-" in str(value):
        return Support("unsupported", "Swarm chooses from no range: give one port, or none")
    return HONOURED


def _network_driver(value: str) -> Support:
    if value == "overlay":
        return HONOURED
    return Support("partial", f"driver {value} joins no nodes: every node needs such a network")


_SECURITY = ("no-new-privileges", "seccomp", "apparmor", "label")


def _security(value: list[str]) -> Support:
    keys = [option.replace("=", ":", 1).partition(":")[0] for option in value]
    return HONOURED if set(keys) <= set(_SECURITY) else TABLE["services.*.security_opt"]


GRADES = Grades(
    "swarm",
    TABLE,
    {
        "networks.*.driver": _network_driver,
        "networks.*.enable_ipv4": _when("networks.*.enable_ipv4", False),
        "services.*.isolation": _unless("services.*.isolation", "default"),
        "services.*.network_mode": _network_mode,
        "services.*.ports.*.published": _published,
        "services.*.pull_policy": _unless("services.*.pull_policy", "missing", "if_not_present"),
        "services.*.restart": _when("services.*.restart", "unless-stopped"),
        "services.*.security_opt": _security,
        "services.*.volumes.*.type": _mount_type,
    },
)
