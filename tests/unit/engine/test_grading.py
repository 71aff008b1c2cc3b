from __future__ import annotations

import pytest

from engine.grading import GRADES


@pytest.mark.parametrize(
    ("path", "value", "level"),
    [
        ("services.*.command", ["x"], "honoured"),
        ("services.*.ports.*.protocol", "tcp", "honoured"),
        ("services.*.ports.*.protocol", "sctp", "unsupported"),
        ("services.*.logging.driver", "json-file", "honoured"),
        ("services.*.logging.driver", "gelf", "unsupported"),
        ("services.*.logging.options", {"max-size": "1m"}, "honoured"),
        ("services.*.logging.options", {"nonsense": "x"}, "unsupported"),
        ("services.*.volumes.*.type", "bind", "honoured"),
        ("services.*.volumes.*.type", "npipe", "unsupported"),
        ("services.*.restart", "on-failure:3", "honoured"),
        ("services.*.restart", "always", "partial"),
        ("services.*.runtime", "runc", "honoured"),
        ("services.*.runtime", "nvidia", "unsupported"),
        ("services.*.annotations", {"a": "b"}, "honoured"),
        ("services.*.gpus", [{"count": -1}], "unsupported"),
        ("services.*.devices", [{"source": "/dev/null"}], "honoured"),
        ("services.*.devices", [{"source": "vendor.com/gpu=0"}], "honoured"),
        ("services.*.deploy.mode", "replicated", "honoured"),
        ("services.*.deploy.mode", "global", "unsupported"),
        ("services.*.build.platforms", ["linux/amd64"], "honoured"),
        ("services.*.build.cache_from", ["app:cache", "type=local,src=/c"], "honoured"),
        ("services.*.build.cache_from", ["type=gha"], "unsupported"),
        ("services.*.build.platforms", ["linux/amd64", "linux/arm64"], "honoured"),
        ("services.*.build.sbom", "false", "honoured"),
        ("services.*.nonsense", 1, "unsupported"),
        ("networks.*.driver", "bridge", "honoured"),
        ("networks.*.driver", "overlay", "unsupported"),
        ("networks.*.driver_opts", {"foo": "bar"}, "unsupported"),
        ("networks.*.enable_ipv4", False, "honoured"),
        ("services.*.networks.*.link_local_ips", ["169.254.1.1"], "honoured"),
        ("services.*.networks.*.driver_opts", {"a": "b"}, "unsupported"),
        ("networks.*.attachable", True, "honoured"),
        ("networks.*.attachable", False, "partial"),
        ("networks.*.internal", False, "honoured"),
        ("networks.*.ipam.driver", "default", "honoured"),
        ("networks.*.ipam.driver", "mine", "unsupported"),
        ("volumes.*.driver", "local", "honoured"),
        ("volumes.*.driver", "nfs", "unsupported"),
        ("volumes.*.driver_opts", {"type": "none", "o": "bind", "device": "/x"}, "honoured"),
        ("volumes.*.driver_opts", {"type": "nfs", "o": "addr=x", "device": ":/x"}, "honoured"),
        ("volumes.*.driver_opts", {"size": "much"}, "unsupported"),
    ],
)
def test_an_attribute_is_graded_with_its_value(path: str, value: object, level: str) -> None:
    found = GRADES.of(path, value)
    assert found.level == level
    assert found.reason or level == "honoured"
