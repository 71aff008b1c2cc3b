"""Time ``config`` through pycompose and, where it is installed, docker compose: in turn, in one run, medians in ms.

Every size is measured in three ways: docker compose; pycompose the first time, with nothing kept from before; pycompose again.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

_KINDS = (
    """\
    build: {{context: ./app{n}, args: {{VERSION: "1.{n}", COMMIT: "${{COMMIT:-none}}"}}}}
    image: registry.example/web{n}:${{TAG:-latest}}
    restart: unless-stopped
    ports: ["{port}:8080", "127.0.0.1:{admin}:9000/tcp"]
    environment:
      DATABASE_URL: postgres://app:${{PASSWORD}}@s{db:04d}:5432/app
      LOG_LEVEL: ${{LOG_LEVEL:-info}}
      WORKERS: 4
    depends_on:
      s{db:04d}: {{condition: service_healthy}}
    networks: [front, back]
    labels:
      traefik.enable: "true"
      traefik.http.routers.s{n}.rule: Host(`s{n}.example.org`)
""",
    """\
    image: registry.example/worker:${{TAG:-latest}}
    command: celery -A app worker --loglevel=info --queues "q{n},default"
    environment: ["DATABASE_URL=postgres://s{db:04d}/app", "QUEUE=q{n}", "PASSWORD"]
    depends_on: [s{db:04d}]
    networks: [back]
    volumes: ["./shared:/srv/shared:ro", "media:/srv/media"]
    deploy:
      resources: {{limits: {{cpus: "0.50", memory: 256M}}}}
""",
    """\
    image: nginx:1.27-alpine
    volumes:
      - type: bind
        source: ./conf/s{n}.conf
        target: /etc/nginx/nginx.conf
        read_only: true
    tmpfs: /run
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    networks: {{front: {{aliases: [edge{n}]}}}}
    logging: {{driver: json-file, options: {{max-size: 10m, max-file: "3"}}}}
    healthcheck: {{test: curl -f http://localhost/, interval: 30s, timeout: 5s, retries: 3}}
""",
    """\
    image: postgres:16
    environment:
      POSTGRES_USER: app
      POSTGRES_PASSWORD: ${{PASSWORD}}
    volumes: [data:/var/lib/postgresql/data]
    networks: [back]
    shm_size: 256m
    stop_grace_period: 1m
    healthcheck:
      test: ["CMD-SHELL", "pg_isready -U app"]
      interval: 10s
      timeout: 5s
      retries: 5
      start_period: 30s
    ulimits: {{nofile: {{soft: 65536, hard: 65536}}}}
""",
)


def stack(services: int) -> str:
    """A Compose file of N services of four kinds that are common in real projects."""
    lines = ["services:\n"]
    for number in range(services):
        database = min(number - number % 4 + 3, services - 1)
        text = _KINDS[3 if number == database else number % 4]
        lines.append(f"  s{number:04d}:\n")
        lines.append(text.format(n=number, db=database, port=10000 + number, admin=30000 + number))
    lines.append("networks: {front: , back: {internal: true}}\nvolumes: {data: , media: }\n")
    return "".join(lines)


def timed(command: list[str], cwd: Path, environ: Mapping[str, str]) -> tuple[float, float]:
    """(wall, CPU) milliseconds of a command that succeeds."""
    before = os.times()
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    wall = time.perf_counter() - begin
    after = os.times()
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: {done.stderr.decode()[-400:]}")
    used = after.children_user + after.children_system
    return wall * 1000, (used - before.children_user - before.children_system) * 1000


def docker_compose() -> list[str] | None:
    """``docker compose`` where it is installed; ``config`` needs no daemon."""
    try:
        found = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    except FileNotFoundError:
        return None
    return None if found else ["docker", "compose"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pycompose", default="pycompose", help="default: %(default)s")
    parser.add_argument("--docker", help="docker compose's command (default: found)")
    parser.add_argument("--sizes", default="3,100,1000", help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=9, help="runs of each (default: %(default)s)")
    parser.add_argument("--json", help="write every figure here")
    options = parser.parse_args()

    docker = shlex.split(options.docker) if options.docker else docker_compose()
    ours = shlex.split(options.pycompose)
    figures: dict[str, dict[str, list[tuple[float, float]]]] = {}
    with tempfile.TemporaryDirectory() as directory:
        environ = {**os.environ, "PASSWORD": "x"}
        tools = {"docker": docker} if docker else {}
        tools |= {"first": ours, "again": ours}
        for size in map(int, options.sizes.split(",")):
            where = Path(directory, f"n{size}")
            where.mkdir()
            (where / "compose.yaml").write_text(stack(size))
            time.sleep(2.1)  # a file that is younger is read again, since its times may not tell
            for run in range(-1, options.runs):
                for name, base in tools.items():
                    if name == "first":
                        environ["XDG_CACHE_HOME"] = f"{directory}/cache{size}.{run}"
                    took = timed([*base, "config"], where, environ)
                    if run >= 0:  # the round before fills caches of every kind
                        figures.setdefault(str(size), {}).setdefault(name, []).append(took)
    _show(figures)
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


def _show(figures: Mapping[str, Mapping[str, list[tuple[float, float]]]]) -> None:
    print(f"{'services':>8} {'tool':<8}{'wall ms':>9}{'CPU ms':>9}{'times faster':>14}")
    for size, by_tool in figures.items():
        walls = {name: statistics.median(run[0] for run in runs) for name, runs in by_tool.items()}
        for name, runs in by_tool.items():
            used = statistics.median(run[1] for run in runs)
            gain = f"{walls['docker'] / walls[name]:>13.1f}x" if "docker" in walls else ""
            print(f"{size:>8} {name:<8}{walls[name]:>9.0f}{used:>9.0f}{gain}")


if __name__ == "__main__":
    sys.exit(main())
