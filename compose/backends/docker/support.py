"""What a Docker daemon honours of the Compose language: every attribute, by its path.

Versions are those of the API from which a daemon has the attribute; an older daemon refuses it. Attributes that need
BuildKit are refused where a daemon has only the classic builder.
"""

from __future__ import annotations

from typing import Any

from schemas.grades import HONOURED, Grades, Question, below, every, honoured
from schemas.records import Support

_WINDOWS = Support("unsupported", "Windows containers only")
_SWARM = Support("unsupported", "only Swarm honours it")
_WATCH = Support("unsupported", "watch is not there yet")
_MODELS = Support("unsupported", "there is no model runner")
_BUILDKIT = Support("honoured", "needs BuildKit")
_ATTESTED = Support("unsupported", "no attestations are made")
_CGROUP1 = Support("partial", "only on a daemon with cgroup v1")
_NOTHING = Support("honoured", "says nothing to the daemon")
_OPTION = Support("unsupported", "RUN --mount=type=secret says it")
_STORE = Support("unsupported", "a daemon outside of a Swarm has no store for external ones")


def _since(version: str, release: str) -> Support:
    return Support("honoured", f"needs Docker {release} (API {version})")


_HOOK = "command user privileged working_dir environment"
_ROLLOUT = "parallelism delay failure_action monitor max_failure_ratio order"
_DEVICE = "capabilities count device_ids driver options"

TABLE: dict[str, Support] = {
    **honoured({
        "": "version name include services models networks volumes secrets configs",
        "include.*": "path env_file project_directory",
        "services.*": "attach blkio_config build cap_add cap_drop cgroup_parent command configs container_name cpu_period"
        " cpu_quota cpu_shares cpus cpuset depends_on deploy device_cgroup_rules devices dns dns_opt dns_search domainname"
        " entrypoint env_file environment expose extends external_links extra_hosts group_add healthcheck hostname image init"
        " ipc label_file labels links logging mem_limit mem_reservation memswap_limit network_mode networks oom_score_adj pid"
        " pids_limit platform ports post_start pre_start pre_stop privileged profiles provider pull_policy pull_refresh_after"
        " read_only restart scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal sysctls tmpfs tty"
        " ulimits user userns_mode uts volumes volumes_from working_dir",
        "services.*.blkio_config": "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
        "services.*.blkio_config.weight_device.*": "path weight",
        "services.*.blkio_config.device_read_bps.*": "path rate",
        "services.*.blkio_config.device_read_iops.*": "path rate",
        "services.*.blkio_config.device_write_bps.*": "path rate",
        "services.*.blkio_config.device_write_iops.*": "path rate",
        "services.*.build": "context dockerfile dockerfile_inline args labels cache_from no_cache pull target shm_size"
        " extra_hosts tags ulimits",
        "services.*.build.secrets.*": "source target",
        "services.*.build.ulimits.*": "soft hard",
        "services.*.configs.*": "source target uid gid mode",
        "services.*.depends_on.*": "condition restart required",
        "services.*.deploy": "replicas resources restart_policy",
        "services.*.deploy.resources": "limits reservations",
        "services.*.deploy.resources.limits": "cpus memory pids",
        "services.*.deploy.resources.reservations": "memory",
        "services.*.deploy.restart_policy": "condition max_attempts",
        "services.*.devices.*": "source target permissions",
        "services.*.env_file.*": "path format required",
        "services.*.extends": "service file",
        "services.*.healthcheck": "test interval timeout retries start_period disable",
        "services.*.logging": "driver options",
        "services.*.networks.*": "aliases ipv4_address ipv6_address link_local_ips driver_opts priority",
        "services.*.ports.*": "host_ip target published protocol",
        "services.*.post_start.*": _HOOK,
        "services.*.pre_start.*": f"{_HOOK} image per_replica",
        "services.*.pre_stop.*": _HOOK,
        "services.*.secrets.*": "source target uid gid mode",
        "services.*.provider": "type options",
        "services.*.ulimits.*": "soft hard",
        "services.*.volumes.*": "type source target read_only bind volume tmpfs",
        "services.*.volumes.*.bind": "propagation create_host_path selinux",
        "services.*.volumes.*.volume": "labels nocopy",
        "services.*.volumes.*.tmpfs": "size mode",
        "networks.*": "name driver driver_opts ipam external internal enable_ipv6 labels",
        "networks.*.ipam": "driver config options",
        "networks.*.ipam.config.*": "subnet ip_range gateway aux_addresses",
        "networks.*.external": "name",
        "volumes.*": "name driver driver_opts external labels",
        "volumes.*.external": "name",
        "secrets.*": "name environment file labels",
        "configs.*": "name content environment file labels",
    }),
    **below("services.*", {
        "annotations": _since("1.43", "24"),
        "cgroup": _since("1.41", "20.10"),
        "cpu_count": _WINDOWS,
        "cpu_percent": _WINDOWS,
        "cpu_rt_period": _CGROUP1,
        "cpu_rt_runtime": _CGROUP1,
        "credential_spec": _WINDOWS,
        "develop": _WATCH,
        "gpus": Support("honoured", "needs a device driver of the daemon (NVIDIA Container Toolkit, CDI)"),
        "isolation": _WINDOWS,
        "mac_address": _since("1.44", "25"),
        "mem_swappiness": _CGROUP1,
        "models": _MODELS,
        "oom_kill_disable": _CGROUP1,
        "runtime": Support("honoured", "needs a runtime of that name in the daemon's configuration"),
        "storage_opt": Support("honoured", "size needs a storage driver that has limits (overlay2 on xfs with pquota, btrfs)"),
        "use_api_socket": Support("unsupported", "the daemon's socket and credentials are not handed on"),
    }),
    **below("services.*.build", {
        "additional_contexts": _BUILDKIT,
        "cache_to": _BUILDKIT,
        "entitlements": _BUILDKIT,
        "isolation": _WINDOWS,
        "network": Support("partial", "default, none and host; another network only with the classic builder"),
        "no_cache_filter": _BUILDKIT,
        "platforms": Support("honoured", "needs BuildKit; several need an image store that holds them (containerd)"),
        "privileged": Support("unsupported", "grant steps more with entitlements: [security.insecure]"),
        "provenance": _ATTESTED,
        "sbom": _ATTESTED,
        "secrets": _BUILDKIT,
        "ssh": _BUILDKIT,
    }),
    **below("services.*.deploy", {
        "endpoint_mode": _SWARM,
        "labels": _SWARM,
        "mode": Support("partial", "replicated; only Swarm honours others"),
        "placement": _SWARM,
        "rollback_config": _SWARM,
        "update_config": _SWARM,
        "resources.reservations.cpus": Support("unsupported", "only Swarm reserves it"),
        "resources.reservations.devices": Support("honoured", "needs a device driver of the daemon"),
        "resources.reservations.generic_resources": Support("unsupported", "only Swarm reserves it"),
        "restart_policy.delay": Support("unsupported", "the daemon has a back-off of its own"),
        "restart_policy.window": Support("unsupported", "the daemon has a back-off of its own"),
    }),
    "services.*.healthcheck.start_interval": _since("1.44", "25"),
    **below("services.*.networks.*", {
        "gw_priority": _since("1.48", "28"),
        "interface_name": _since("1.49", "28.1"),
        "mac_address": _since("1.44", "25"),
    }),
    **every(_NOTHING, {"services.*.ports.*": "name mode app_protocol"}),
    **below("services.*.volumes.*", {
        "bind.recursive": _since("1.44", "25"),
        "consistency": _NOTHING,
        "image": _since("1.48", "28"),
        "image.subpath": _since("1.48", "28"),
        "volume.subpath": _since("1.45", "26"),
    }),
    "networks.*.attachable": Support("honoured", "says something to overlay networks only"),
    "networks.*.enable_ipv4": _since("1.47", "28"),
    **every(_OPTION, {"services.*.build.secrets.*": "uid gid mode"}),
    **every(_WINDOWS, {"services.*.credential_spec": "config file registry"}),
    **honoured({
        "services.*.gpus.*": _DEVICE,
        "services.*.deploy.resources.reservations.devices.*": _DEVICE,
    }),
    **every(_SWARM, {
        "services.*.deploy.placement": "constraints preferences max_replicas_per_node",
        "services.*.deploy.placement.preferences.*": "spread",
        "services.*.deploy.rollback_config": _ROLLOUT,
        "services.*.deploy.update_config": _ROLLOUT,
        "services.*.deploy.resources.reservations.generic_resources.*": "discrete_resource_spec",
        "services.*.deploy.resources.reservations.generic_resources.*.discrete_resource_spec": "kind value",
        "secrets.*": "driver driver_opts template_driver",
        "configs.*": "template_driver",
    }),
    **every(_STORE, {
        "secrets.*": "external",
        "secrets.*.external": "name",
        "configs.*": "external",
        "configs.*.external": "name",
    }),
    **every(_WATCH, {
        "services.*.develop": "watch",
        "services.*.develop.watch.*": "path action target exec include ignore initial_sync",
        "services.*.develop.watch.*.exec": _HOOK,
    }),
    **every(_MODELS, {
        "services.*.models.*": "endpoint_var model_var",
        "models.*": "name model context_size runtime_flags",
    }),
}  # fmt: skip


def _only(path: str, *words: object) -> Question:
    """Honoured with these values; with others the entry says how far."""

    def answer(value: Any) -> Support:
        return HONOURED if value in words else TABLE[path]

    return answer


def _mode(value: str) -> Support:
    return HONOURED if value == "replicated" else _SWARM


def _mount_type(value: str) -> Support:
    if value == "npipe":
        return _WINDOWS
    if value == "cluster":
        return Support("unsupported", "cluster volumes are for Swarm")
    return HONOURED


GRADES = Grades(
    "docker",
    TABLE,
    {
        "services.*.build.isolation": _only("services.*.build.isolation", "default"),
        "services.*.build.network": _only("services.*.build.network", "default", "none", "host"),
        "services.*.build.provenance": _only("services.*.build.provenance", False, "false"),
        "services.*.build.sbom": _only("services.*.build.sbom", False, "false"),
        "services.*.deploy.mode": _mode,
        "services.*.isolation": _only("services.*.isolation", "default"),
        "services.*.volumes.*.type": _mount_type,
    },
)
