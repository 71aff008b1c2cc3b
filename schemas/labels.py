"""Label keys: those of Docker Compose, which other tools read, and our own."""

from __future__ import annotations

PREFIX = "com.docker.compose."
PROJECT = PREFIX + "project"
SERVICE = PREFIX + "service"
CONFIG_HASH = PREFIX + "config-hash"
NUMBER = PREFIX + "container-number"
ONEOFF = PREFIX + "oneoff"  # "True" or "False"
SLUG = PREFIX + "slug"
NETWORK = PREFIX + "network"
VOLUME = PREFIX + "volume"
WORKING_DIR = PREFIX + "project.working_dir"
CONFIG_FILES = PREFIX + "project.config_files"  # comma separated
ENVIRONMENT_FILE = PREFIX + "project.environment_file"
DEPENDS_ON = PREFIX + "depends_on"  # "db:service_healthy:false,cache:service_started:true"
IMAGE = PREFIX + "image"  # image id the container was made from
REPLACE = PREFIX + "replace"
VERSION = PREFIX + "version"
ANONYMOUS_VOLUME = "com.docker.volume.anonymous"

STACK_PREFIX = "com.docker.stack."
STACK = STACK_PREFIX + "namespace"  # what ``docker stack`` goes by
STACK_IMAGE = STACK_PREFIX + "image"  # the image as the file has it, without a digest

HOOK = PREFIX + "hook"  # "pre_start": a container that runs a hook

# Ours, beside those of Docker Compose.
OWN_PREFIX = "io.pycompose."
# A short digest of each attribute: "image:1a2b3c4d,ports:5e6f7a8b"
CONFIG_PARTS = OWN_PREFIX + "config-parts"
# The same of the content of secrets and configs: "configs/nginx:…"
CONTENT_DIGESTS = OWN_PREFIX + "content-digests"
# The hooks of a service, in the order of the file: "pre_start,pre_start:replica,post_start,pre_stop"
HOOKS = OWN_PREFIX + "hooks"
# The hooks themselves, as JSON, on an engine that keeps nothing but what it knows.
HOOK_SPECS = OWN_PREFIX + "hook-specs"
# On a cluster's secret or config: its key in the file.
STORED = OWN_PREFIX + "stored"
# On a service that was stopped: how many tasks it had.
STOPPED = OWN_PREFIX + "stopped-replicas"
# The same for secrets and configs, without what they hold.
FILES = OWN_PREFIX + "files"
