"""The ports of EXPOSE: numbers, ranges, protocols. Pure."""

from __future__ import annotations

from engine.build.checks import Findings
from engine.build.instructions import Place
from schemas.errors import InvalidArgument

_PROTOCOLS = ("tcp", "udp", "sctp")
_HIGHEST = 65535


def ports(words: list[str], place: Place, findings: Findings) -> list[str]:
    """Each port as "80/tcp"; InvalidArgument. What a host would do with it (address, mapping) is left out."""
    found: list[str] = []
    for word in words:
        numbers, slash, protocol = word.partition("/")
        if slash and protocol != protocol.lower():
            findings.add(
                "ExposeProtoCasing",
                f"Defined protocol '{word}' in EXPOSE instruction should be lowercase",
                place,
            )
        protocol = protocol.lower() or "tcp"
        if protocol not in _PROTOCOLS:
            raise InvalidArgument(f"invalid proto: {protocol}")
        if ":" in numbers:
            findings.add(
                "ExposeInvalidFormat",
                "EXPOSE instruction should not define an IP address or host-port mapping, found"
                f" '{word}'",
                place,
            )
            numbers = numbers.rpartition(":")[2]
        first, dash, last = numbers.partition("-")
        low = _number(first, word)
        high = _number(last, word) if dash else low
        if high < low:
            raise InvalidArgument(f"invalid containerPort: {numbers}")
        found += [f"{number}/{protocol}" for number in range(low, high + 1)]
    return list(dict.fromkeys(found))


def _number(text: str, word: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _HIGHEST:
        raise InvalidArgument(f"invalid containerPort: {word.partition('/')[0]}")
    return int(text)
