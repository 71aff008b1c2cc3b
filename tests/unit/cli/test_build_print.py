"""``build --print``: a bake file that buildx takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compose.cli.main import main

FILE = """
name: demo
services:
  web:
    image: web:1
    build:
      context: ./web
      dockerfile: Web.dockerfile
      args: {A: b}
      additional_contexts: {base: "service:base", tools: "docker-image://tools:2"}
      cache_from: ["web:cache", "type=local,src=/c"]
      cache_to: ["type=inline"]
      secrets: [file, word]
      ssh: [default]
      ulimits: {nofile: {soft: 5, hard: 6}}
      shm_size: 1m
      extra_hosts: ["h:1.2.3.4"]
      platforms: [linux/amd64, linux/arm64]
      no_cache: true
  base:
    build: {dockerfile_inline: FROM scratch}
secrets:
  file: {file: ./secret}
  word: {environment: WORD}
"""


def test_what_is_built_is_printed_and_secrets_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "compose.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("PYCOMPOSE_NO_CACHE", "1")
    monkeypatch.setenv("WORD", "hidden")
    assert main(["build", "--print", "web"]) == 0
    text = capsys.readouterr().out
    assert "hidden" not in text
    found = json.loads(text)
    assert set(found["target"]) == {"web", "base"}
    web = found["target"]["web"]
    labels = web.pop("labels")
    assert labels["com.docker.compose.service"] == "web"
    assert web == {
        "context": str(tmp_path / "web"),
        "dockerfile": "Web.dockerfile",
        "args": {"A": "b"},
        "contexts": {"base": "target:base", "tools": "docker-image://tools:2"},
        "cache-from": ["type=registry,ref=web:cache", "type=local,src=/c"],
        "cache-to": ["type=inline"],
        "secret": [f"id=file,type=file,src={tmp_path}/secret", "id=word,type=env,env=WORD"],
        "ssh": ["default"],
        "ulimits": ["nofile=5:6"],
        "shm-size": 1 << 20,
        "extra-hosts": {"h": "1.2.3.4"},
        "platforms": ["linux/amd64", "linux/arm64"],
        "no-cache": True,
        "tags": ["web:1"],
        "output": ["type=docker"],
    }
