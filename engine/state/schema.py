"""The tables of state.db, as a list of migrations: entry n brings ``PRAGMA user_version`` from n to n+1.

An entry that has been released is never edited; a change is a new entry at the end. Columns that are searched are
columns; the rest of a row is JSON. The running state of a container is not here but in its state.json.
"""

from __future__ import annotations

_CONTAINERS_NETWORKS_VOLUMES = """
CREATE TABLE networks (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    driver      TEXT NOT NULL,
    bridge      TEXT NOT NULL,          -- host interface, '' for host and none
    plan        TEXT NOT NULL,          -- JSON NetworkPlan: subnets, gateways, internal, mtu
    spec        TEXT NOT NULL,          -- JSON NetworkSpec as asked for
    labels      TEXT NOT NULL,          -- JSON
    project     TEXT NOT NULL DEFAULT '',
    created     REAL NOT NULL,
    removing    INTEGER NOT NULL DEFAULT 0  -- 1: only its bridge and rules are still to go
) STRICT, WITHOUT ROWID;

CREATE TABLE containers (
    id          TEXT PRIMARY KEY,       -- 64 hex digits
    name        TEXT NOT NULL UNIQUE,
    image       TEXT NOT NULL,          -- reference as asked for
    image_id    TEXT NOT NULL,          -- sha256:...
    labels      TEXT NOT NULL,          -- JSON
    project     TEXT NOT NULL DEFAULT '',
    created     REAL NOT NULL,
    spec        TEXT NOT NULL,          -- JSON ContainerSpec as asked for
    facts       TEXT NOT NULL           -- JSON: what a listing shows without reading the spec
) STRICT, WITHOUT ROWID;
CREATE INDEX containers_project ON containers (project);
CREATE INDEX containers_image ON containers (image_id);

CREATE TABLE endpoints (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    network_id   TEXT NOT NULL REFERENCES networks (id),
    position     INTEGER NOT NULL,      -- eth<position>
    ipv4         TEXT NOT NULL DEFAULT '',  -- with prefix length
    ipv6         TEXT NOT NULL DEFAULT '',
    mac          TEXT NOT NULL DEFAULT '',
    endpoint     TEXT NOT NULL,         -- JSON Endpoint as asked for
    PRIMARY KEY (container_id, network_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoints_network ON endpoints (network_id);
CREATE UNIQUE INDEX endpoints_ipv4 ON endpoints (network_id, ipv4) WHERE ipv4 <> '';
CREATE UNIQUE INDEX endpoints_ipv6 ON endpoints (network_id, ipv6) WHERE ipv6 <> '';

CREATE TABLE volumes (
    name        TEXT PRIMARY KEY,
    driver      TEXT NOT NULL,
    labels      TEXT NOT NULL,          -- JSON
    options     TEXT NOT NULL,          -- JSON driver_opts
    project     TEXT NOT NULL DEFAULT '',
    created     REAL NOT NULL,
    anonymous   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE volume_uses (
    container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
    volume       TEXT NOT NULL REFERENCES volumes (name),
    PRIMARY KEY (container_id, volume)
) STRICT, WITHOUT ROWID;
CREATE INDEX volume_uses_volume ON volume_uses (volume);
"""

_IMAGES = """
CREATE TABLE images (
    id           TEXT PRIMARY KEY,      -- sha256:... of the config
    kind         TEXT NOT NULL,         -- 'layers', or 'host': a view of the host's own system
    config       TEXT NOT NULL,         -- the config exactly as digested
    created      REAL NOT NULL,
    size         INTEGER NOT NULL,      -- bytes of the unpacked layers
    architecture TEXT NOT NULL,
    os           TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE layers (
    diff_id      TEXT PRIMARY KEY,      -- sha256:... of the plain tar
    blob         TEXT NOT NULL,         -- digest of the tar as it came
    media_type   TEXT NOT NULL,
    blob_size    INTEGER NOT NULL,
    size         INTEGER NOT NULL       -- bytes of the files
) STRICT, WITHOUT ROWID;

CREATE TABLE image_layers (
    image_id     TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,      -- 0 is the lowest
    diff_id      TEXT NOT NULL REFERENCES layers (diff_id),
    PRIMARY KEY (image_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_layers_diff_id ON image_layers (diff_id);

CREATE TABLE tags (
    reference    TEXT PRIMARY KEY,      -- full: docker.io/library/busybox:latest, or name@digest
    image_id     TEXT NOT NULL REFERENCES images (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_image ON tags (image_id);
"""

_MANIFESTS = """
CREATE TABLE manifests (
    digest       TEXT PRIMARY KEY,      -- sha256:... of the body
    image_id     TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    media_type   TEXT NOT NULL,
    body         TEXT NOT NULL          -- exactly as it came from a registry or an archive
) STRICT, WITHOUT ROWID;
CREATE INDEX manifests_image ON manifests (image_id);
-- when the name was last given or confirmed
ALTER TABLE tags ADD COLUMN tagged REAL NOT NULL DEFAULT 0;
"""

_CLAIMS = """
CREATE TABLE claims (
    network_id   TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
    ipv4         TEXT NOT NULL,         -- with prefix length
    pid          INTEGER NOT NULL,      -- the process that holds it, and when that started: a dead one holds nothing
    start_time   INTEGER NOT NULL,
    PRIMARY KEY (network_id, ipv4)
) STRICT, WITHOUT ROWID;
"""

_PROOF = """
-- the boot during which the layer was brought, '' when it is known to have reached the disk
ALTER TABLE layers ADD COLUMN boot TEXT NOT NULL DEFAULT '';
"""

_INDEXES = """
-- names that stand for one image on each of several platforms; in tags they mean the one that runs here
CREATE TABLE indexes (
    reference    TEXT PRIMARY KEY,      -- full, with its tag
    images       TEXT NOT NULL          -- JSON list of ids; one that has been removed makes the index void
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (
    _CONTAINERS_NETWORKS_VOLUMES, _IMAGES, _MANIFESTS, _CLAIMS, _PROOF, _INDEXES,
)  # fmt: skip
