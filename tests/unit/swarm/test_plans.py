"""Plans for a cluster: what is made, changed and removed, in which order, and why."""

from __future__ import annotations

import pytest

from compose.plan.service_lifecycle import down_plan, restart_plan, rollback_plan, scaled_plan
from compose.plan.services import same_image
from schemas.errors import Conflict, NotFound, UsageError
from schemas.services import StoredInfo
from tests.unit.swarm.world import converged, empty, labels, lines, planned, wish

FILE = """
services:
  web:
    image: x
    depends_on: {api: {condition: service_healthy}}
    configs: [conf]
    deploy: {replicas: 2}
  api: {image: y}
configs: {conf: {content: CONTENT}}
"""


def test_everything_in_order_of_dependency() -> None:
    wanted = wish(FILE)
    conf = wanted.files[0].name
    assert lines(planned(wanted, empty(wanted))) == [
        "1 CreateNetwork shop_default: network default does not exist",
        f"2 CreateStored {conf}: config conf does not exist",
        "3 CreateService shop_api after 1: service api does not exist",
        "4 WaitForService shop_api after 3: service api was changed",
        "5 CreateService shop_web after 1,2,4: service web does not exist",
        "6 WaitForService shop_web after 5: service web was changed",
    ]


def test_nothing_to_do() -> None:
    wanted = wish(FILE)
    assert lines(planned(wanted, converged(wanted))) == []


def test_a_change_is_an_update_that_says_its_fields() -> None:
    found = planned(wish(FILE.replace("image: y", "image: z")), converged(wish(FILE)))
    assert lines(found) == [
        "1 UpdateService shop_api: specification changed: image",
        "2 WaitForService shop_api after 1: service api was changed",
    ]
    assert [(each.field, each.old, each.new) for each in found.changes[1]] == [("image", "y", "z")]


def test_a_changed_config_is_another_one_and_the_old_stays_for_going_back() -> None:
    before, wanted = wish(FILE), wish(FILE.replace("CONTENT", "other"))
    old, new = before.files[0].name, wanted.files[0].name
    assert lines(planned(wanted, converged(before))) == [
        f"1 CreateStored {new}: content of config conf changed",
        "2 UpdateService shop_web after 1: specification changed: configs",
        "3 WaitForService shop_web after 2: service web was changed",
    ]
    after = converged(wanted)
    own = {labels.STACK: "shop", labels.STORED: "conf"}
    after.stored["configs"][old] = StoredInfo("o", old, own, 1.0)
    went = converged(before).services["web"].spec
    after.services["web"] = after.services["web"]._replace(previous=went)
    assert lines(planned(wanted, after)) == []
    after.services["web"] = after.services["web"]._replace(previous=None)
    assert lines(planned(wanted, after)) == [f"1 RemoveStored {old}: nothing uses it any more"]


def test_others_secrets_and_configs_are_left_alone() -> None:
    wanted = wish(FILE)
    observed = converged(wanted)
    observed.stored["secrets"]["corp"] = StoredInfo("o", "corp", {}, 1.0)
    assert lines(planned(wanted, observed)) == []


def test_a_service_that_does_not_run_is_waited_for() -> None:
    wanted = wish(FILE)
    assert lines(planned(wanted, converged(wanted, state="starting"))) == [
        "1 WaitForService shop_api: 0 of 1 tasks run",
        "2 WaitForService shop_web: 0 of 2 tasks run",
    ]


def test_a_scale_is_no_new_specification() -> None:
    found = planned(wish(FILE, scale={"web": 5}), converged(wish(FILE)))
    assert lines(found)[0] == "1 UpdateService shop_web: service web is scaled from 2 to 5"


def test_force_makes_the_named_ones_anew() -> None:
    wanted = wish(FILE)
    found = planned(wanted, converged(wanted), force=True, services=("api",))
    assert lines(found)[0] == "1 UpdateService shop_api: recreation is forced"
    assert len(found.plan.steps) == 2


def test_orphans_are_told_of_or_removed() -> None:
    wanted = wish("services: {api: {image: y}}")
    observed = converged(wish(FILE))
    assert "shop_web" in planned(wanted, observed).plan.warnings[0]
    text = lines(planned(wanted, observed, remove_orphans=True))
    assert text[0] == "1 RemoveService shop_web: service web is not in the files"
    assert planned(wanted, observed, ignore_orphans=True).plan.warnings == ()


def test_a_mode_cannot_be_changed() -> None:
    wanted = wish("services: {api: {image: y, deploy: {mode: global}}}")
    with pytest.raises(Conflict, match="mode"):
        planned(wanted, converged(wish(FILE)))


def test_a_foreign_network_is_not_touched() -> None:
    wanted = wish(FILE)
    observed = converged(wanted)
    network = observed.networks["shop_default"]
    observed.networks["shop_default"] = network._replace(labels={})
    with pytest.raises(Conflict, match="not of this project"):
        planned(wanted, observed)


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("nginx", "nginx:latest@sha256:aa", True),
        ("nginx", "docker.io/library/nginx:latest", True),
        ("nginx:1", "nginx:2", False),
        ("nginx@sha256:aa", "nginx@sha256:bb", False),
        ("host:5000/a", "host:5000/a:latest", True),
        ("me/a", "docker.io/me/a:latest", True),
    ],
)
def test_the_same_image_by_other_words(wanted: str, found: str, same: bool) -> None:
    assert same_image(wanted, found) is same


def test_a_digest_that_nobody_can_tell_stays_as_it_is() -> None:
    wanted = wish(FILE)
    observed = converged(wanted)
    api = observed.services["api"]
    spec = {**api.spec, "image": "y:latest@sha256:aa"}
    observed.services["api"] = api._replace(spec=spec)  # type: ignore[arg-type]
    assert lines(planned(wanted, observed)) == []


def test_scale_and_what_cannot_be_scaled() -> None:
    observed = converged(wish(FILE + "  # agent\n".replace("# agent", "")))
    assert (
        lines(scaled_plan(observed, {"web": 3}, "asked for"))[0]
        == "1 UpdateService shop_web: asked for"
    )
    assert lines(scaled_plan(observed, {"web": 2}, "asked for")) == []
    with pytest.raises(NotFound):
        scaled_plan(observed, {"nobody": 1}, "")
    agents = converged(wish("services: {agent: {image: x, deploy: {mode: global}}}"))
    with pytest.raises(UsageError, match="global"):
        scaled_plan(agents, {"agent": 1}, "")


def test_restart_and_going_back() -> None:
    observed = converged(wish(FILE))
    assert str(restart_plan(observed, ["web"])).splitlines()[0].strip() == (
        "1 UpdateService shop_web: restart is asked for"
    )
    with pytest.raises(Conflict):
        rollback_plan(observed, ["web"])
    web = observed.services["web"]
    observed.services["web"] = web._replace(previous={**web.spec, "image": "older"})
    found = rollback_plan(observed, ["web"])
    assert lines(found)[0] == "1 RollBackService shop_web: going back is asked for"
    assert found.changes[1][0].new == "older"


def test_down_takes_dependents_first_and_leaves_nothing() -> None:
    observed = converged(wish(FILE))
    (conf,) = observed.stored["configs"]
    assert [line.strip() for line in str(down_plan(observed)).splitlines()] == [
        "1 RemoveService shop_web: service is taken down",
        "2 RemoveService shop_api after 1: service is taken down",
        f"3 RemoveStored {conf} after 1,2: project is taken down",
        "4 RemoveNetwork shop_default after 1,2: project is taken down",
    ]
    assert len(down_plan(observed, ("web",)).steps) == 1
