"""What this engine honours of the whole Compose language: every attribute, by its path."""

from __future__ import annotations

from engine.support import MODELS, NETWORK, SERVICE, VOLUME, WATCH
from schemas.grades import HONOURED, below, every, honoured
from schemas.records import Support

_WINDOWS = Support("unsupported", "Windows containers only")
_SWARM = Support("unsupported", "only Swarm honours it")
_ATTESTATIONS = Support("unsupported", "no attestations are made")
_CACHES = Support("partial", "inline, registry and local caches")
_STORE = Support("unsupported", "no store holds external ones")

_FILE: dict[str, Support] = {
    "name": HONOURED,
    "file": HONOURED,
    "environment": HONOURED,
    "external": _STORE,
    "external.name": _STORE,
    "labels": HONOURED,
    "template_driver": _SWARM,
}

_BUILD: dict[str, Support] = {
    "cache_from": _CACHES,
    "cache_to": _CACHES,
    "additional_contexts": HONOURED,
    "isolation": _WINDOWS,
    "network": Support("partial", "there are default, none and host"),
    "platforms": HONOURED,
    "privileged": Support("unsupported", "grant steps more with entitlements: [security.insecure]"),
    "provenance": _ATTESTATIONS,
    "sbom": _ATTESTATIONS,
}

_DEPLOY: dict[str, Support] = {
    "endpoint_mode": _SWARM,
    "labels": _SWARM,
    "mode": Support("partial", "replicated; only Swarm honours others"),
    "placement": _SWARM,
    "rollback_config": _SWARM,
    "update_config": _SWARM,
    "resources.reservations.cpus": Support("unsupported", "only Swarm reserves it"),
    "resources.reservations.devices": SERVICE["gpus"],
    "resources.reservations.generic_resources": Support("unsupported", "only Swarm reserves it"),
}

_HOOK = "command user privileged working_dir environment"
_ROLLOUT = "parallelism delay failure_action monitor max_failure_ratio order"

# Every attribute of the language, by path.
TABLE: dict[str, Support] = {
    **honoured({
        "": "version name include services models networks volumes secrets configs",
        "include.*": "path env_file project_directory",
        "services.*.blkio_config": "weight weight_device device_read_bps device_read_iops device_write_bps device_write_iops",
        "services.*.blkio_config.weight_device.*": "path weight",
        "services.*.blkio_config.device_read_bps.*": "path rate",
        "services.*.blkio_config.device_read_iops.*": "path rate",
        "services.*.blkio_config.device_write_bps.*": "path rate",
        "services.*.blkio_config.device_write_iops.*": "path rate",
        "services.*.build": "context dockerfile dockerfile_inline entitlements args ssh labels no_cache no_cache_filter pull"
        " target shm_size extra_hosts secrets tags ulimits",
        "services.*.build.secrets.*": "source target",
        "services.*.build.ulimits.*": "soft hard",
        "services.*.configs.*": "source target uid gid mode",
        "services.*.depends_on.*": "condition restart required",
        "services.*.deploy": "replicas resources restart_policy",
        "services.*.deploy.resources": "limits reservations",
        "services.*.deploy.resources.limits": "cpus memory pids",
        "services.*.deploy.resources.reservations": "memory",
        "services.*.deploy.restart_policy": "condition delay max_attempts window",
        "services.*.devices.*": "source target permissions",
        "services.*.env_file.*": "path format required",
        "services.*.extends": "service file",
        "services.*.healthcheck": "test interval timeout retries start_period start_interval disable",
        "services.*.networks.*": "aliases interface_name ipv4_address ipv6_address mac_address priority gw_priority"
        " link_local_ips",
        "services.*.ports.*": "name mode host_ip target published app_protocol",
        "services.*.post_start.*": _HOOK,
        "services.*.pre_start.*": f"{_HOOK} image per_replica",
        "services.*.pre_stop.*": _HOOK,
        "services.*.secrets.*": "source target uid gid mode",
        "services.*.provider": "type options",
        "services.*.ulimits.*": "soft hard",
        "services.*.volumes.*": "source target read_only consistency bind volume tmpfs image",
        "services.*.volumes.*.bind": "propagation create_host_path recursive selinux",
        "services.*.volumes.*.volume": "labels nocopy subpath",
        "services.*.volumes.*.tmpfs": "size mode",
        "services.*.volumes.*.image": "subpath",
        "networks.*.external": "name",
        "networks.*.ipam.config.*": "subnet ip_range gateway aux_addresses",
        "volumes.*.external": "name",
    }),
    **below("services.*", SERVICE),
    **below("services.*.build", _BUILD),
    **below("services.*.deploy", _DEPLOY),
    **below("services.*.logging", {
        "driver": Support("partial", "json-file, local, none, journald and syslog"),
        "options": HONOURED,
    }),
    "services.*.networks.*.driver_opts": Support("partial", "ifname and sysctls of the endpoint"),
    "services.*.ports.*.protocol": Support("partial", "tcp and udp"),
    "services.*.volumes.*.type": Support("partial", "not: npipe, cluster"),
    **below("networks.*", NETWORK),
    **below("volumes.*", VOLUME),
    **below("secrets.*", {**_FILE, "driver": _SWARM, "driver_opts": _SWARM}),
    **below("configs.*", {**_FILE, "content": HONOURED}),
    **every(Support("unsupported", "RUN --mount=type=secret says it"), {"services.*.build.secrets.*": "uid gid mode"}),
    **every(_WINDOWS, {"services.*.credential_spec": "config file registry"}),
    **every(SERVICE["gpus"], {
        "services.*.gpus.*": "capabilities count device_ids driver",
        "services.*.deploy.resources.reservations.devices.*": "capabilities count device_ids driver",
    }),
    **every(Support("unsupported", "no driver takes any"), {
        "services.*.gpus.*": "options",
        "services.*.deploy.resources.reservations.devices.*": "options",
    }),
    **every(_SWARM, {
        "services.*.deploy.placement": "constraints preferences max_replicas_per_node",
        "services.*.deploy.placement.preferences.*": "spread",
        "services.*.deploy.rollback_config": _ROLLOUT,
        "services.*.deploy.update_config": _ROLLOUT,
        "services.*.deploy.resources.reservations.generic_resources.*": "discrete_resource_spec",
        "services.*.deploy.resources.reservations.generic_resources.*.discrete_resource_spec": "kind value",
    }),
    **every(WATCH, {
        "services.*.develop": "watch",
        "services.*.develop.watch.*": "path action target exec include ignore initial_sync",
        "services.*.develop.watch.*.exec": _HOOK,
    }),
    **every(MODELS, {
        "services.*.models.*": "endpoint_var model_var",
        "models.*": "name model context_size runtime_flags",
    }),
}  # fmt: skip
