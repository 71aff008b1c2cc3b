"""What may be asked of a container's place on a network beyond addresses: checked, and read into the kernel's words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import Endpoint

INTERFACE = "com.docker.network.endpoint.ifname"
SYSCTLS = "com.docker.network.endpoint.sysctls"
_OPTIONS = (INTERFACE, SYSCTLS)
_LONGEST_NAME = 15  # IFNAMSIZ without its zero byte
# What the interface's name is in the person's words: he cannot know it before.
_PLACEHOLDER = "IFNAME"


def check(endpoint: Endpoint) -> None:
    """Raise Unsupported or InvalidArgument, naming the key, for what no network could give."""
    where = f"networks.{endpoint['network']}"
    options = endpoint.get("driver_opts") or {}
    for option in options:
        if option not in _OPTIONS:
            raise Unsupported(f"{where}.driver_opts {option} is not supported by the local engine")
    for key, name in (
        ("interface_name", endpoint.get("interface_name")),
        (f"driver_opts {INTERFACE}", options.get(INTERFACE)),
    ):
        if name and (len(name) > _LONGEST_NAME or set(name) & set("/: \t\n") or name == "lo"):
            raise InvalidArgument(
                f"{where}.{key}: {name} is no interface name of at most {_LONGEST_NAME} characters"
            )
    for address in endpoint.get("link_local_ips") or []:
        link_local(address)
    for _ in sysctls(options.get(SYSCTLS, ""), "eth0"):
        pass


def link_local(address: str) -> str:
    """An address with the length of its link's prefix (RFC 3927, RFC 4291); InvalidArgument when it is none.

    As with Docker it need not be of the link-local blocks.
    """
    import ipaddress

    try:
        version = ipaddress.ip_address(address).version
    except ValueError as err:
        raise InvalidArgument(f"link_local_ips: {err}") from err
    return f"{address}/{64 if version == 6 else 16}"


def sysctls(text: str, interface: str) -> Iterator[tuple[str, str]]:
    """(path below /proc/sys/net, value) of each "net.ipv4.conf.IFNAME.log_martians=1", separated by commas."""
    for word in filter(None, text.split(",")):
        name, equals, value = word.partition("=")
        parts = name.strip().split(".")
        wrong = (
            not equals
            or len(parts) != 5
            or parts[0] != "net"
            or parts[1] not in ("ipv4", "ipv6", "mpls")
            or parts[3] != _PLACEHOLDER
            or not all(part.replace("_", "").isalnum() for part in parts)
        )
        if wrong:
            raise InvalidArgument(
                f"driver_opts {SYSCTLS}: {word} is not written like net.ipv4.conf.{_PLACEHOLDER}.log_martians=1"
            )
        yield "/".join([parts[1], parts[2], interface, parts[4]]), value.strip()
