"""Who depends on whom."""

from __future__ import annotations

from itertools import pairwise

import pytest

from compose.graph import (
    Dependency,
    Node,
    dependencies,
    dependents,
    of_project,
    order,
    read_label,
    write_label,
)
from schemas.errors import DependencyError, UsageError
from tests.support.projects import project

CHAIN = {
    "web": Node((Dependency("api"),)),
    "api": Node((Dependency("db"), Dependency("gone"))),
    "db": Node(),
    "alone": Node(),
}


def test_dependencies_come_first() -> None:
    found = order(CHAIN)
    assert sorted(found) == sorted(CHAIN)
    assert found.index("db") < found.index("api") < found.index("web")


def test_a_cycle_is_shown_with_its_path() -> None:
    ring = {
        "a": Node((Dependency("b"),)),
        "b": Node((Dependency("c"),)),
        "c": Node((Dependency("a"),)),
    }
    with pytest.raises(DependencyError) as caught:
        order(ring)
    path = caught.value.message.removeprefix("dependency cycle detected: ").split(" -> ")
    assert path[0] == path[-1]
    assert all(ring[name].depends_on[0].service == after for name, after in pairwise(path))


def test_closures_reach_near_and_far() -> None:
    assert dependencies(CHAIN, ["web"]) == {"web", "api", "db"}
    assert dependents(CHAIN, ["db"]) == {"web", "api", "db"}
    assert dependents(CHAIN, ["web"]) == {"web"}


def test_links_namespaces_and_volumes_are_dependencies_too() -> None:
    found = of_project(
        project(
            """
            services:
              a: {image: x, links: ["b:c"]}
              b: {image: x, network_mode: "service:c"}
              c: {image: x, volumes_from: [d], volumes: ["v1:/v", /anonymous]}
              d: {image: x, scale: 3}
            volumes: {v1: }
            """
        )
    )
    assert {
        name: [each.service for each in node.depends_on] for name, node in found.services.items()
    } == {
        "a": ["b"],
        "b": ["c"],
        "c": ["d"],
        "d": [],
    }
    assert found.services["c"].volumes == ("v1",)
    assert found.services["d"].scale == 3


def test_naming_services_takes_their_dependencies_along_and_knows_the_rest() -> None:
    text = """
    services:
      web: {image: x, depends_on: [db]}
      db: {image: x}
      other: {image: x}
      off: {image: x, profiles: [p]}
    """
    found = of_project(project(text), ("web",))
    assert (sorted(found.services), found.known) == (["db", "web"], ("other", "off"))
    assert list(of_project(project(text), ("web",), no_deps=True).services) == ["web"]
    with pytest.raises(UsageError, match="no such service: nix"):
        of_project(project(text), ("nix",))


def test_the_depends_on_label_keeps_conditions_and_restart() -> None:
    wanted = (
        Dependency("db", "service_healthy", restart=True),
        Dependency("cache", "service_started"),
    )
    text = write_label(wanted)
    assert text == "db:service_healthy:true,cache:service_started:false"
    assert read_label(text) == wanted
    assert read_label("") == ()
