"""Where a registry can be reached, in the order in which it is tried, and which certificates are trusted there."""

from __future__ import annotations

import os
from collections.abc import Mapping

from engine.image.reference import DEFAULT_DOMAIN
from engine.image.registry.settings import Settings
from schemas.typed import NamedTuple

_HUB = "registry-1.docker.io"  # where the images of docker.io really are
_CERTIFICATES = ("/etc/docker/certs.d", "/etc/pycompose/certs.d")


class Place(NamedTuple):
    """``registry``: whose credentials are for it, "" for a mirror's host itself. ``verify``: certificates are checked.
    ``mirror``: what it lacks, the registry itself may have."""

    url: str
    registry: str
    verify: bool = True
    mirror: bool = False

    @property
    def host(self) -> str:
        """Host and port as they stand in the URL."""
        return self.url.partition("://")[2].partition("/")[0]


class Certificates(NamedTuple):
    """Files for TLS: authorities beside those of the system, and (certificate, key) of our own."""

    authorities: tuple[str, ...] = ()
    own: tuple[str, str] | None = None


def places(domain: str, settings: Settings, *, mirrors: bool) -> list[Place]:
    """Where ``domain`` can be asked: its mirrors first (not for what writes), then itself; an insecure one by HTTPS without
    proof, then by plain HTTP, as dockerd does."""
    found = []
    for url in settings.mirrors.get(domain, ()) if mirrors else ():
        place = Place(url, "", mirror=True)
        found.append(
            place._replace(registry=place.host, verify=not _insecure(place.host, settings))
        )
    host = _HUB if domain == DEFAULT_DOMAIN else domain
    if _insecure(domain, settings):
        found.append(Place(f"https://{host}", domain, verify=False))
        found.append(Place(f"http://{host}", domain, verify=False))
    else:
        found.append(Place(f"https://{host}", domain))
    return found


def _insecure(authority: str, settings: Settings) -> bool:
    host, _ = split_port(authority)
    if is_loopback(host) or authority in settings.insecure or host in settings.insecure:
        return True
    networks = [word for word in settings.insecure if "/" in word]
    return bool(networks) and _within(host, networks)


def split_port(authority: str) -> tuple[str, str]:
    """Host (an IPv6 address without brackets) and port; "" when there is none."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def is_loopback(host: str) -> bool:
    """Whether what is sent to the host stays on this machine."""
    return host in ("localhost", "::1") or (
        host.startswith("127.") and host.replace(".", "").isdigit()
    )


def _within(host: str, networks: list[str]) -> bool:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for text in networks:
        try:
            if address in ipaddress.ip_network(text, strict=False):
                return True
        except ValueError:
            continue
    return False


def certificates(host: str, environ: Mapping[str, str] = os.environ) -> Certificates:
    """What ``certs.d/<host>`` holds: ``*.crt`` authorities, ``*.cert`` with ``*.key`` our own (Docker's rules)."""
    directories = [environ["PYCOMPOSE_CERTS"]] if environ.get("PYCOMPOSE_CERTS") else _CERTIFICATES
    authorities: list[str] = []
    own: tuple[str, str] | None = None
    for directory in directories:
        place = f"{directory}/{host}"
        try:
            names = sorted(os.listdir(place))
        except OSError:
            continue
        authorities += [f"{place}/{name}" for name in names if name.endswith(".crt")]
        for name in names:
            key = name.removesuffix(".cert") + ".key"
            if name.endswith(".cert") and key in names:
                own = (f"{place}/{name}", f"{place}/{key}")
    return Certificates(tuple(authorities), own)


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The proxy that ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` (either case) name for a URL; "" for none.

    As Go reads them: what is on this machine is never asked for through a proxy.
    """
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0]
    host, port = split_port(authority)
    proxy = _either(environ, f"{scheme}_proxy")
    if not proxy or is_loopback(host) or _bypassed(host, port, _either(environ, "no_proxy")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _either(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _bypassed(host: str, port: str, words: str) -> bool:
    for word in filter(None, (word.strip().lower() for word in words.split(","))):
        if word == "*" or ("/" in word and _within(host, [word])):
            return True
        name, wanted = split_port(word)
        if wanted and wanted != port:
            continue
        name = name.removeprefix("*")
        if host == name.removeprefix(".") and not word.startswith((".", "*")):
            return True
        if host.endswith("." + name.lstrip(".")):
            return True
    return False
