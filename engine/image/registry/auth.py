"""Challenges and tokens: RFC 9110 (11.6.1), RFC 7617 (Basic), and the distribution project's token specification."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import urlencode

from engine.image.credentials import Credentials
from schemas.typed import NamedTuple

CLIENT = "pycompose"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|$|(?=,))")


class Challenge(NamedTuple):
    scheme: str  # "basic" or "bearer", in lower case
    parameters: dict[str, str]


class TokenRequest(NamedTuple):
    """How a token is asked for: with a form to be posted, or (none) by GET."""

    url: str
    headers: dict[str, str]
    form: dict[str, str] | None = None


def challenges(header: str) -> list[Challenge]:
    """The challenges of a WWW-Authenticate header; damaged ones end the list."""
    found = []
    position = 0
    while scheme := _SCHEME.match(header, position):
        position = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            name, quoted, plain = parameter.groups()
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            parameters[name.lower()] = value
            position = parameter.end()
        found.append(Challenge(scheme[1].lower(), parameters))
    return found


def basic(credentials: Credentials) -> str:
    """The value of the Authorization header for a name and a password."""
    pair = f"{credentials.username}:{credentials.password}"
    return "Basic " + b64encode(pair.encode()).decode()


def token_request(
    challenge: Challenge,
    scopes: list[str],
    credentials: Credentials | None,
    *,
    lasting: bool = False,
) -> TokenRequest:
    """Ask for a token with the rights ``scopes``; ``lasting``: also for one that can stand for the password (login)."""
    realm = challenge.parameters.get("realm", "")
    service = challenge.parameters.get("service", "")
    if credentials and credentials.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT,
            "scope": " ".join(scopes),
            "refresh_token": credentials.identity_token,
        }
        return TokenRequest(realm, {}, form)
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {}
    if credentials:
        query.append(("account", credentials.username))
        headers["Authorization"] = basic(credentials)
    if lasting:
        query += [("client_id", CLIENT), ("offline_token", "true")]
    separator = "&" if "?" in realm else "?"
    return TokenRequest(f"{realm}{separator}{urlencode(query)}", headers)
