"""Devices by name: described in files of the machine, found inside the container, with all that comes with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Compose
from tests.support.proofs import proves

HEAD = "services:\n  one:\n    image: pycompose/host\n    network_mode: none\n"
GPU = {
    "cdiVersion": "0.6.0",
    "kind": "nvidia.com/gpu",
    "containerEdits": {"env": ["DRIVER=530"]},
    "devices": [
        {"name": name, "containerEdits": {"env": [f"CARD_{name.upper().replace('-', '_')}=yes"]}}
        for name in ("1", "0", "10", "all", "gpu-7f")
    ],
}


@pytest.fixture
def specs(place: Compose, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two directories for specifications, the second of which goes before the first."""
    found = (place.directory / "etc-cdi", place.directory / "run-cdi")
    for directory in found:
        directory.mkdir(exist_ok=True)
        for path in directory.iterdir():
            path.unlink()
    monkeypatch.setitem(place.environ, "PYCOMPOSE_CDI_SPEC_DIRS", ":".join(map(str, found)))
    return found


OWNER = {"uid": 7, "gid": 8}


def write(directory: Path, document: Any, name: str = "spec.json") -> None:
    (directory / name).write_text(json.dumps(document))


def run(place: Compose, body: str, script: str) -> list[str]:
    """What ``script`` says in a service with these attributes."""
    text = "".join(f"    {line}\n" for line in body.splitlines())
    place.write(HEAD + text + f"    command: [sh, -c, {json.dumps(script.replace('$', '$$'))}]\n")
    place("up", "--force-recreate")
    return place("logs", "--no-log-prefix", "one").splitlines()


@proves("services.devices.source", "services.annotations")
def test_a_device_brings_its_nodes_mounts_variables_groups_and_hooks(
    place: Compose, specs: tuple[Path, Path]
) -> None:
    library = place.directory / "library"
    library.mkdir(exist_ok=True)
    (library / "driver.so").write_text("code")
    hook = place.directory / "hook"
    hook.write_text(
        "#!/usr/bin/python3\n"
        "import json, sys\n"
        "state = json.load(sys.stdin)\n"
        "root = json.load(open(state['bundle'] + '/config.json'))['root']['path']\n"
        "open(root + '/hooked', 'w').write(' '.join([*sys.argv[1:], state['annotations']['note']]))\n"
    )
    hook.chmod(0o755)
    write(specs[0], {
        "cdiVersion": "0.6.0",
        "kind": "vendor.com/class",
        "containerEdits": {"env": ["COMMON=1"]},
        "devices": [{
            "name": "name",
            "containerEdits": {
                "env": ["DEVICE=name"],
                "deviceNodes": [
                    {"path": "/dev/vendor0", "hostPath": "/dev/loop5", "permissions": "rw", "fileMode": 0o640, **OWNER},
                    {"path": "/dev/vendor1", "type": "c", "major": 1, "minor": 7},
                ],
                "mounts": [{"hostPath": str(library), "containerPath": "/usr/lib/vendor", "options": ["ro", "nosuid", "bind"]}],
                "additionalGids": [4321],
                "hooks": [{"hookName": "createContainer", "path": str(hook), "args": ["hook", "said"]}],
            },
        }],
    })  # fmt: skip
    said = run(
        place,
        "devices: [vendor.com/class=name]\nannotations: {note: kept}",
        "echo $COMMON $DEVICE; stat -c '%t:%T %a %u:%g' /dev/vendor0; head -c 0 /dev/vendor0 && echo open;"
        "stat -c '%t:%T' /dev/vendor1; cat /usr/lib/vendor/driver.so; touch /usr/lib/vendor/x 2>/dev/null || echo read-only;"
        "id -G; cat /hooked; mknod /other b 7 4; head -c 0 /other 2>/dev/null || echo refused",
    )
    assert said == [
        "1 name", "7:5 640 7:8", "open", "1:7", "coderead-only", "0 4321", "said keptrefused",
    ]  # fmt: skip


@proves(
    "services.gpus.count", "services.gpus.device_ids", "services.gpus.driver", "services.gpus.capabilities",
    "services.deploy.resources.reservations.devices.count",
    "services.deploy.resources.reservations.devices.device_ids",
    "services.deploy.resources.reservations.devices.driver",
    "services.deploy.resources.reservations.devices.capabilities",
)  # fmt: skip
@pytest.mark.parametrize(
    ("request_", "cards"),
    [
        ("all", ["CARD_ALL"]),
        ("[{count: 2}]", ["CARD_0", "CARD_1"]),
        ("[{driver: nvidia, count: all, capabilities: [gpu]}]", ["CARD_ALL"]),
        (
            "[{device_ids: ['10', gpu-7f], capabilities: [gpu, utility]}]",
            ["CARD_10", "CARD_GPU_7F"],
        ),
        ("[{driver: cdi, device_ids: ['nvidia.com/gpu=1']}]", ["CARD_1"]),
    ],
)
def test_cards_are_chosen_by_number_and_name(
    place: Compose, specs: tuple[Path, Path], request_: str, cards: list[str]
) -> None:
    write(specs[0], GPU)
    script = "env | grep -E '^(CARD|DRIVER)' | cut -d = -f 1 | sort"
    assert run(place, f"gpus: {request_}", script) == [*cards, "DRIVER"]
    if request_ != "all":
        reserved = (
            request_.replace("}]", ", capabilities: [gpu]}]")
            if "capab" not in request_
            else request_
        )
        body = f"deploy: {{resources: {{reservations: {{devices: {reserved}}}}}}}"
        assert run(place, body, script) == [*cards, "DRIVER"]


def test_a_later_directory_goes_before_an_earlier_one(
    place: Compose, specs: tuple[Path, Path]
) -> None:
    for directory, value in zip(specs, ("old", "new"), strict=True):
        edits = {"env": [f"FROM={value}"]}
        document = {
            "cdiVersion": "0.6.0",
            "kind": "v.com/c",
            "devices": [{"name": "x", "containerEdits": edits}],
        }
        write(directory, document, "one.json")
    assert run(place, "devices: [v.com/c=x]", "echo $FROM") == ["new"]


def test_a_specification_may_be_yaml(place: Compose, specs: tuple[Path, Path]) -> None:
    text = "cdiVersion: 0.6.0\nkind: v.com/c\ndevices:\n- name: x\n  containerEdits: {env: [FROM=yaml]}\n"
    (specs[1] / "one.yaml").write_text(text)
    assert run(place, "devices: [v.com/c=x]", "echo $FROM") == ["yaml"]


@pytest.mark.parametrize(
    ("documents", "body", "message"),
    [
        ([], "gpus: all", 'could not select device driver "nvidia": no CDI specification of nvidia.com/gpu'),
        ([], "devices: [v.com/c=x]", "CDI device v.com/c=x: no file in"),
        ([GPU], "gpus: [{count: 9}]", "9 devices nvidia.com/gpu are asked for, 3 are here"),
        ([GPU], "gpus: [{device_ids: [nothing]}]", "CDI device nvidia.com/gpu=nothing: no file in"),
        ([GPU, GPU], "gpus: all", "both describe it"),
        ([GPU], "gpus: [{driver: mine}]", 'could not select device driver "mine"'),
        ([{**GPU, "cdiVersion": "9"}], "devices: ['nvidia.com/gpu=0']", "unknown cdiVersion 9"),
        (
            [{**GPU, "containerEdits": {"hooks": [{"hookName": "poststop", "path": "/x"}]}}],
            "gpus: all",
            "hook poststop is not supported",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_had_is_said_before_anything_is_made(
    place: Compose, specs: tuple[Path, Path], documents: list[Any], body: str, message: str
) -> None:
    place("down", "-t", "0")
    for number, document in enumerate(documents):
        write(specs[0], document, f"{number}.json")
    place.write(f"{HEAD}    {body}\n    command: 'true'\n")
    done = place.run("up", "-d")
    assert done.code == 1
    assert message in done.err
    assert "Traceback" not in done.err
    assert place("ps", "-aq") == ""


def test_a_hook_that_fails_keeps_the_container_from_starting(
    place: Compose, specs: tuple[Path, Path]
) -> None:
    edits = {
        "hooks": [
            {
                "hookName": "createContainer",
                "path": "/bin/sh",
                "args": ["sh", "-c", "echo no luck; exit 3"],
            }
        ]
    }
    write(
        specs[0],
        {
            "cdiVersion": "0.6.0",
            "kind": "v.com/c",
            "devices": [{"name": "x", "containerEdits": edits}],
        },
    )
    place.write(f"{HEAD}    devices: [v.com/c=x]\n    command: 'true'\n")
    done = place.run("up", "-d")
    assert done.code == 1
    assert "hook /bin/sh: exit 3: no luck" in done.err
