"""The printed form of every structure: its attributes in order, each with its kind.

Order and "kept when empty" are those of the reference's model (compose-go types), newest attributes included. Kinds:

``s`` text · ``i`` integer · ``e`` integer not below zero · ``o`` file mode · ``f`` number · ``c`` number of 32 bits ·
``b`` flag · ``d`` duration · ``p`` duration, zero left out · ``y`` bytes · ``r`` rate ·
``l`` list of texts · ``m`` mapping of texts, bare is empty · ``n`` the same, bare stays null · ``g`` mapping of texts and
integers · ``a`` anything · ``h`` hosts · ``u`` ulimits · ``k`` ssh keys · ``v`` environment files ·
``{x}`` structure x · ``[x]`` list of x · ``<x>`` mapping to x

``!`` after a kind: printed even when zero (a pointer in the reference's model); ``0``: even when absent;
``-``: left out when nothing is in it; ``?``: an entry may be null.
"""

from __future__ import annotations

_DEVICE_REQUEST = "capabilities:l driver:s count:i device_ids:l options:m"
_HOOK = "command:l! user:s privileged:b working_dir:s environment:n"
_UPDATE = "parallelism:e! delay:p failure_action:s monitor:p max_failure_ratio:c order:s"
_MOUNT = "source:s target:s uid:s gid:s mode:o!"

STRUCTURES: dict[str, str] = {
    "service": (
        "profiles:l annotations:m attach:b! build:{build} develop:{develop} blkio_config:{blkio} cap_add:l cap_drop:l "
        "cgroup_parent:s cgroup:s cpu_count:i cpu_percent:c cpu_period:i cpu_quota:i cpu_rt_period:i cpu_rt_runtime:i "
        "cpus:c cpuset:s cpu_shares:i command:l! configs:[mount] container_name:s credential_spec:{credential} "
        "depends_on:<dependency> deploy:{deploy} device_cgroup_rules:l devices:[device] dns:l dns_opt:l dns_search:l "
        "domainname:s entrypoint:l! provider:{provider} environment:n env_file:v expose:l extends:{extends} "
        "external_links:l extra_hosts:h group_add:l gpus:[request] hostname:s healthcheck:{healthcheck} image:s "
        "init:b! ipc:s isolation:s labels:m label_file:l links:l logging:{logging} mem_limit:y mem_reservation:y "
        "memswap_limit:y mem_swappiness:y mac_address:s models:<service_model>? network_mode:s networks:<attachment>? "
        "oom_kill_disable:b oom_score_adj:i pid:s pids_limit:i platform:s ports:[port] privileged:b pull_policy:s "
        "pull_refresh_after:s read_only:b restart:s runtime:s scale:i! secrets:[mount] security_opt:l shm_size:y "
        "stdin_open:b stop_grace_period:d stop_signal:s storage_opt:g sysctls:m tmpfs:l tty:b ulimits:u "
        "use_api_socket:b user:s userns_mode:s uts:s volumes:[volume_mount] volumes_from:l "
        "working_dir:s pre_start:[pre_start] post_start:[hook] pre_stop:[hook]"
    ),
    "build": (
        "context:s dockerfile:s dockerfile_inline:s entitlements:l args:n provenance:s sbom:s ssh:k labels:m "
        "cache_from:l cache_to:l no_cache:b no_cache_filter:l additional_contexts:m pull:b extra_hosts:h isolation:s "
        "network:s target:s secrets:[mount] shm_size:y tags:l ulimits:u platforms:l privileged:b"
    ),
    "develop": "watch:[trigger]",
    "trigger": "path:s action:s target:s exec:{hook} include:l ignore:l initial_sync:b",
    "hook": _HOOK,
    "pre_start": f"{_HOOK} image:s per_replica:b",
    "blkio": (
        "weight:i weight_device:[weight_device] device_read_bps:[throttle] device_read_iops:[throttle] "
        "device_write_bps:[throttle] device_write_iops:[throttle]"
    ),
    "weight_device": "path:s weight:i",
    "throttle": "path:s rate:r0",
    "mount": _MOUNT,
    "credential": "config:s file:s registry:s",
    "dependency": "condition:s restart:b required:b!",
    "deploy": (
        "mode:s replicas:i! labels:m update_config:{update} rollback_config:{update} resources:{resources}- "
        "restart_policy:{restart_policy} placement:{placement}- endpoint_mode:s"
    ),
    "update": _UPDATE,
    "resources": "limits:{resource} reservations:{resource}",
    "resource": "cpus:c memory:y pids:i devices:[request] generic_resources:[generic]",
    "generic": "discrete_resource_spec:{discrete}",
    "discrete": "kind:s value:i!",
    "restart_policy": "condition:s delay:d max_attempts:e! window:d",
    "placement": "constraints:l preferences:[preference] max_replicas_per_node:i",
    "preference": "spread:s",
    "device": "source:s target:s permissions:s",
    "provider": "type:s options:a",
    "extends": "file:s service:s",
    "request": _DEVICE_REQUEST,
    "healthcheck": "test:l timeout:d interval:d retries:e! start_period:d start_interval:d disable:b",
    "logging": "driver:s options:m",
    "service_model": "endpoint_var:s model_var:s",
    "attachment": (
        "priority:i gw_priority:i interface_name:s aliases:l ipv4_address:s ipv6_address:s link_local_ips:l "
        "mac_address:s driver_opts:m"
    ),
    "port": "name:s mode:s host_ip:s target:i published:s protocol:s app_protocol:s",
    "volume_mount": (
        "type:s source:s target:s read_only:b consistency:s bind:{bind} volume:{volume_options} tmpfs:{tmpfs_options} "
        "image:{image_options}"
    ),
    "bind": "selinux:s propagation:s create_host_path:b recursive:s",
    "volume_options": "labels:m nocopy:b subpath:s",
    "tmpfs_options": "size:y mode:o",
    "image_options": "subpath:s",
    "network": (
        "name:s driver:s driver_opts:m ipam:{ipam}- external:b internal:b attachable:b labels:m enable_ipv4:b! "
        "enable_ipv6:b!"
    ),
    "ipam": "driver:s config:[pool] options:m",
    "pool": "subnet:s gateway:s ip_range:s aux_addresses:m",
    "volume": "name:s driver:s driver_opts:m external:b labels:m",
    "secret": (
        "name:s file:s environment:s content:s external:b labels:m driver:s driver_opts:m template_driver:s"
    ),
    "config": (
        "name:s file:s environment:s content:s external:b labels:m driver:s driver_opts:m template_driver:s"
    ),
    "model": "name:s model:s context_size:i runtime_flags:l",
}

CLOSED = frozenset(
    ("pool", "request", "throttle", "weight_device", "blkio")
)  # the reference drops their extensions

SECTIONS = {
    "services": "service",
    "networks": "network",
    "volumes": "volume",
    "secrets": "secret",
    "configs": "config",
    "models": "model",
}
