"""samples/swarm on three nodes: spread, found by name across nodes, updated, gone back, rotated, moved."""

from __future__ import annotations

import json
import re
import time
from collections import Counter

from tests.support.eventually import eventually
from tests.swarm.conftest import Stack

WEB = 6


def answers(fleet: Stack, since: float = 0.0) -> dict[str, list[int]]:
    """How many of the web tasks answered, by the node whose agent asked."""
    words = ["--since", f"{since:.0f}s"] if since else []
    found: dict[str, list[int]] = {}
    for line in fleet("logs", "--no-color", *words, "agent").splitlines():
        match = re.match(r"agent@(\S+)\s+\| \S+ answers (\d+)", line)
        assert match, line
        found.setdefault(match[1], []).append(int(match[2]))
    return found


def pages(fleet: Stack) -> set[str]:
    """The releases that answer, by what the web tasks serve."""
    node = fleet.swarm.manager
    (agent,) = node.docker("ps", "-q", "--filter", "name=fleet_agent").stdout.split()
    ask = (
        "nslookup web 127.0.0.11 | awk '/^Name/ {f = 1} f && /^Address/ {print $NF}' | "
        "while read a; do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 1 $a 80 | grep ^web; done"
    )
    lines = node.docker("exec", agent, "sh", "-c", ask).stdout.splitlines()
    return {" ".join(line.split()[:2]) for line in lines}


def whole(fleet: Stack) -> bool:
    tasks = fleet.tasks()
    running = Counter(task["Service"] for task in tasks if task["State"] == "running")
    return running == {"web": WEB, "api": 1, "agent": 3}


def api(fleet: Stack) -> str:
    """What the API serves on the host port of the node it runs on."""
    (task,) = fleet.tasks("api")
    (node,) = (each for each in fleet.swarm.nodes if each.name == task["Node"])
    assert "*:8000->8000/tcp" in task["Ports"]
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/motd', timeout=5).read().decode())"
    done = node.run("python3", "-c", ask)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_tasks_are_spread_and_nothing_is_left_to_do(fleet: Stack) -> None:
    assert whole(fleet)
    tasks = fleet.tasks()
    spread = Counter(task["Node"] for task in tasks if task["Service"] == "web")
    assert sorted(spread) == ["node1", "node2", "node3"]
    agents = sorted(task["Name"] for task in tasks if task["Service"] == "agent")
    assert agents == ["fleet_agent.node1", "fleet_agent.node2", "fleet_agent.node3"]
    done = fleet.run("plan")
    assert (done.code, done.out.partition(":")[0]) == (0, "Nothing to do")
    assert fleet.run("--progress", "plain", "up", "-d").err.count("Updat") == 0
    assert "fleet_web" in fleet.docker("stack", "services", "fleet")
    assert json.loads(fleet("ls", "--format", "json"))[0]["Name"] == "fleet"
    assert api(fleet) == "hello"


def test_names_resolve_from_every_node(fleet: Stack) -> None:
    def all_answer() -> bool:
        found = answers(fleet)
        return len(found) == 3 and all(WEB in counts for counts in found.values())

    eventually(all_answer, within=15)


def test_a_rolling_update_never_has_fewer_than_six_answering(fleet: Stack) -> None:
    eventually(lambda: min(answers(fleet, since=2).get("node1", [0])) >= WEB, within=20)
    began = time.time()
    done = fleet.run("plan", RELEASE="2")
    assert done.code == 2
    assert 'environment.RELEASE: "1" → "2"' in done.out
    assert "1 service to update" in done.out
    fleet("up", "-d", RELEASE="2")
    fleet.environ["RELEASE"] = "2"
    counts = [
        count for each in answers(fleet, since=time.time() - began).values() for count in each
    ]
    assert len(counts) > 20
    assert min(counts) >= WEB, counts
    assert max(counts) <= WEB + 2, counts  # two at a time
    assert pages(fleet) == {"web 2"}
    fleet("rollback", "web")
    assert pages(fleet) == {"web 1"}
    assert fleet.run("plan").code == 2  # the files still want the other one
    fleet.environ["RELEASE"] = "1"
    assert fleet.run("plan").code == 0


def test_a_broken_image_goes_back_and_says_why(fleet: Stack) -> None:
    (fleet.swarm.base / "broken.yaml").write_text("services: {web: {image: 'no.such/image:9'}}\n")
    files = ("-f", "compose.yaml", "-f", str(fleet.swarm.base / "broken.yaml"))
    done = fleet.run(*files, "up", "-d")
    assert done.code == 1
    assert "service fleet_web: update was rolled back: task fleet_web." in done.err
    assert "No such image: no.such/image:9" in done.err
    assert whole(fleet)
    assert {task["Image"] for task in fleet.tasks("web")} == {"busybox:latest"}
    assert fleet.run("plan").code == 0


def test_a_changed_config_or_secret_rotates(fleet: Stack) -> None:
    def stored(kind: str, name: str) -> set[str]:
        names = fleet.docker(kind, "ls", "--format", "{{.Name}}").split()
        return {each for each in names if each.startswith(f"fleet_{name}-")}

    before = stored("config", "motd") | stored("secret", "key")
    assert len(before) == 2
    plan = fleet.run("plan", MOTD="new words", KEY="second").out
    assert "content of config motd changed" in plan
    assert "second" not in plan
    fleet("up", "-d", MOTD="new words", KEY="second")
    assert api(fleet) == "new words"
    (container,) = (
        node.docker("ps", "-q", "--filter", "name=fleet_api").stdout.strip()
        for node in fleet.swarm.nodes
        if node.name == fleet.tasks("api")[0]["Node"]
    )
    node = next(each for each in fleet.swarm.nodes if each.name == fleet.tasks("api")[0]["Node"])
    assert node.docker("exec", container, "cat", "/run/secrets/key").stdout == "second"
    assert node.docker("exec", container, "stat", "-c", "%a", "/run/secrets/key").stdout == "400\n"
    # What was there stays until the next change, so that the service can go back.
    assert stored("config", "motd") | stored("secret", "key") > before
    fleet("up", "-d")
    assert api(fleet) == "hello"
    fleet("up", "-d", "--force-recreate", "api")
    assert stored("config", "motd") | stored("secret", "key") == before


def test_a_lost_node_s_tasks_move_and_ps_says_so(fleet: Stack) -> None:
    lost = fleet.swarm.nodes[2]
    lost.kill()
    try:
        eventually(lambda: "node node3 is down" in fleet.run("ps").err, within=60)

        def moved() -> bool:
            web = [task for task in fleet.tasks("web") if task["State"] == "running"]
            return len(web) == WEB and {task["Node"] for task in web} == {"node1", "node2"}

        eventually(moved, within=60)
        gone = [task for task in fleet.tasks("web") if task["State"] == "lost"]
        assert gone
        assert all("node node3 is down" in task["Error"] for task in gone)
    finally:
        lost.start()
        lost.ready()
    eventually(lambda: whole(fleet) and "is down" not in fleet.run("ps").err, within=60)
