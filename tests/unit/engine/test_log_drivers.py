"""Logging drivers without a container: what options come to, tags, and the bytes of a message."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from engine.runtime.drivers import journald, options, syslog, tag
from engine.runtime.logformat import STDERR, STDOUT
from schemas.errors import InvalidArgument, Unsupported

MB = 1 << 20
IMAGE = "sha256:fedcba9876543210"
ABOUT: tag.About = {"id": "0123456789abcdef", "name": "web", "image": "nginx:1", "image_id": IMAGE}


@pytest.mark.parametrize(
    ("driver", "asked", "plan"),
    [
        ("json-file", {}, (True, 0, 1, False, "", MB)),
        ("json-file", {"max-size": "10m", "max-file": "3"}, (True, 10 * MB, 3, False, "", MB)),
        ("json-file", {"max-size": "1k", "max-file": "2", "compress": "true"}, (True, 1024, 2, True, "", MB)),
        ("local", {}, (True, 20 * MB, 5, True, "", MB)),
        ("local", {"max-file": "1"}, (True, 20 * MB, 1, False, "", MB)),
        ("local", {"compress": "false"}, (True, 20 * MB, 5, False, "", MB)),
        ("none", {"anything": "goes"}, (False, 0, 1, False, "", 0)),
        ("journald", {}, (True, 20 * MB, 5, True, "journald", MB)),
        ("syslog", {"cache-disabled": "true"}, (False, 20 * MB, 5, True, "syslog", MB)),
        ("syslog", {"cache-max-size": "1m"}, (True, MB, 5, True, "syslog", MB)),
        ("syslog", {"mode": "non-blocking", "max-buffer-size": "4m"}, (True, 20 * MB, 5, True, "syslog", 4 * MB)),
    ],
)  # fmt: skip
def test_driver_and_options_come_to_a_plan(
    driver: str, asked: dict[str, str], plan: tuple[Any, ...]
) -> None:
    assert options.plan({"driver": driver, "options": asked}) == plan


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.ID}}", "0123456789ab"),
        ("{{ .Name }}/{{.ImageName}}", "web/nginx:1"),
        ("{{.FullID}} {{.ImageID}} {{.ImageFullID}}", "0123456789abcdef fedcba987654 sha256:fedcba9876543210"),
        ("plain", "plain"),
        ("{{.DaemonName}}", "pycompose"),
    ],
)  # fmt: skip
def test_a_tag_is_filled(template: str, text: str) -> None:
    tag.check(template)
    assert tag.render(template, ABOUT) == text


@pytest.mark.parametrize("template", ["{{.Nothing}}", "{{.Name", "{{upper .Name}}"])
def test_a_tag_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises((Unsupported, InvalidArgument), match="tag"):
        tag.check(template)


def test_labels_and_variables_are_chosen_by_name_and_pattern() -> None:
    asked = {"labels": "tier, none", "labels-regex": "^com\\.", "env": "A", "env-regex": "^X"}
    labels = {"tier": "front", "com.x": "1", "other": "2"}
    assert tag.attributes(asked, labels, ["A=1", "B=2", "XY=3"]) == {
        "A": "1", "XY": "3", "com.x": "1", "tier": "front",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", ("", "", 0)),
        ("udp://logs:1514", ("udp", "logs", 1514)),
        ("tcp://[::1]", ("tcp", "::1", 514)),
        ("tcp+tls://logs", ("tcp+tls", "logs", 6514)),
    ],
)
def test_an_address_has_its_usual_port(text: str, address: tuple[str, str, int]) -> None:
    assert syslog.address({"syslog-address": text}) == address


@pytest.mark.parametrize(
    "text", ["logs:514", "http://logs", "udp://", "unix:///no/where", "tcp://x:port"]
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="syslog-address"):
        syslog.address({"syslog-address": text})


@pytest.mark.parametrize(
    ("form", "stream", "pattern"),
    [
        ("", STDOUT, r"<134>\w{3} [ \d]\d [\d:]{8} t\[PID\]: hello\n"),
        ("rfc3164", STDERR, r"<131>\w{3} [ \d]\d [\d:]{8} HOST t\[PID\]: hello\n"),
        ("rfc5424", STDOUT, r"<134>1 2001-09-0\dT\d\d:46:40\S+ HOST t PID t - hello\n"),
        ("rfc5424micro", STDOUT, r"<134>1 2001-09-0\dT\d\d:46:40\.250000\S+ HOST t PID t - hello\n"),
    ],
)  # fmt: skip
def test_a_message_has_the_form_asked_for(form: str, stream: int, pattern: str) -> None:
    made = syslog.form({"syslog-format": form, "syslog-facility": "local0"}, "t")
    wanted = pattern.replace("PID", str(os.getpid())).replace(
        "HOST", re.escape(os.uname().nodename)
    )
    assert re.fullmatch(wanted, made.message(stream, b"hello", 1_000_000_000.25).decode())


def test_on_tls_a_message_of_rfc_5424_has_its_length_in_front() -> None:
    asked = {"syslog-format": "rfc5424", "syslog-address": "tcp+tls://logs"}
    length, _, message = syslog.form(asked, "t").message(STDOUT, b"x", 1e9).partition(b" ")
    assert int(length) == len(message)


def test_a_field_of_the_journal_with_a_newline_is_sent_with_its_length() -> None:
    assert journald.encode("MESSAGE", b"plain") == b"MESSAGE=plain\n"
    assert journald.encode("MESSAGE", b"a\nb") == b"MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n"
