"""The template language beside what ps needs of it: nested data, variables, trimming, functions."""

from __future__ import annotations

import pytest

from compose.render.template import filler
from schemas.errors import UsageError

DATA = {
    "Id": "sha256:1",
    "Size": 1984172,
    "Ratio": 0.5,
    "Big": True,
    "None": None,
    "RepoTags": ["busybox:latest", "rdt:1"],
    "Config": {"Labels": {"a.b": "x", "c": ""}, "Cmd": ["sh", "-c"]},
    "Empty": [],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.Id}}/{{.Size}}/{{.Ratio}}/{{.Big}}", "sha256:1/1984172/0.5/true"),
        ("{{.Config.Cmd}} {{.Config.Labels}}", "[sh -c] map[a.b:x c:]"),
        ('{{index .RepoTags 1}} {{index .Config.Labels "a.b"}}', "rdt:1 x"),
        ('{{join .RepoTags ", "}}', "busybox:latest, rdt:1"),
        ("{{range $i, $tag := .RepoTags}}{{if $i}},{{end}}{{$tag}}{{end}}", "busybox:latest,rdt:1"),
        ("{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a.b=x;c=;"),
        ("{{range .Empty}}x{{else}}none{{end}}", "none"),
        ("{{with .Config}}{{len .Cmd}}{{end}}", "2"),
        ("{{$id := .Id}}{{range .RepoTags}}{{$id}} {{end}}", "sha256:1 sha256:1 "),
        ("a  {{- .Big -}}  b", "atrueb"),
        ("{{/* nothing */}}x", "x"),
        ("{{if and .Big (not .Empty)}}yes{{else}}no{{end}}", "yes"),
        ("{{if eq .Size 1}}one{{else if gt .Size 2}}more{{end}}", "more"),
        ('{{printf "%-10s|%5d|%q" .Id .Size .Id}}', 'sha256:1  |1984172|"sha256:1"'),
        ("{{json .Config}}", '{"Labels":{"a.b":"x","c":""},"Cmd":["sh","-c"]}'),
        ('{{"quoted }} brace"}}', "quoted }} brace"),
        ("{{.None}} {{.Config.Missing}}", "<no value> <no value>"),
        ("{{(index .RepoTags 0) | upper}}", "BUSYBOX:LATEST"),
        ('{{slice .Id 0 6}} {{truncate .Id 3}} {{split .Id ":"}}', "sha256 sha [sha256 1]"),
    ],
)
def test_a_template_is_filled_as_go_fills_it(template: str, text: str) -> None:
    assert filler(template)(DATA) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{index .RepoTags 7}}",
        "{{len .Size}}",
        "{{.Id.Sub}}",
        "{{$x}}",
        '{{template "x"}}',
        '{{.Id "x"}}',
        "{{|}}",
    ],
)
def test_what_cannot_be_filled_is_one_clear_error(template: str) -> None:
    with pytest.raises(UsageError, match=r"^template parsing error: template: :1"):
        filler(template)(DATA)
