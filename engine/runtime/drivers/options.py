"""What ``logging`` may say, checked as Docker checks it, and what it comes to. Pure."""

from __future__ import annotations

from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import Logging
from schemas.typed import NamedTuple

DEFAULT = "json-file"
_ROTATION = frozenset(("max-size", "max-file", "compress"))
_ATTRIBUTES = frozenset(("labels", "labels-regex", "env", "env-regex", "tag"))
# A copy is kept of what is sent elsewhere, so that it can be read here ("dual logging").
_CACHE = frozenset(("cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"))
_ANY = frozenset(("mode", "max-buffer-size"))
DRIVERS: dict[str, frozenset[str]] = {
    "json-file": _ROTATION | _ATTRIBUTES,
    "local": _ROTATION,
    "none": frozenset(),
    "journald": _ATTRIBUTES | _CACHE,
    "syslog": _ATTRIBUTES
    | _CACHE
    | frozenset((
        "syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key",
        "syslog-tls-skip-verify",
    )),
}  # fmt: skip
REMOTE = frozenset(("journald", "syslog"))

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_BUFFER = 1 << 20
# Docker's local driver, which is the copy's as well: (size, files, compressed).
_LOCAL = (20 << 20, 5, True)
_TRUE, _FALSE = ("1", "t", "true", "TRUE", "True"), ("0", "f", "false", "FALSE", "False")


class Plan(NamedTuple):
    """What ``logging`` comes to."""

    kept: bool  # there is something to read here
    max_size: int  # bytes of one file; 0: without limit
    max_files: int
    compress: bool  # all files but the newest
    remote: str  # the driver that sends lines elsewhere, "" for none
    buffer: int  # bytes that may wait to be sent


def plan(logging: Logging) -> Plan:
    """Driver and options as one; Unsupported for another driver, InvalidArgument for what it does not take."""
    driver = logging.get("driver") or DEFAULT
    options = logging.get("options") or {}
    check(driver, options)
    if driver == "none":
        return Plan(False, 0, 1, False, "", 0)
    buffer = size(options, "max-buffer-size") or _BUFFER
    if driver in REMOTE:
        cached = not flag(options, "cache-disabled")
        rotation = _rotation(options, "cache-", *_LOCAL)
        return Plan(cached, *rotation, driver, buffer)
    defaults = _LOCAL if driver == "local" else (0, 1, False)
    return Plan(True, *_rotation(options, "", *defaults), "", buffer)


def check(driver: str, options: dict[str, str]) -> None:
    """Whether the driver is one of ours and takes these options."""
    known = DRIVERS.get(driver)
    if known is None:
        raise Unsupported(
            f"logging.driver {driver} is not supported ({', '.join(sorted(DRIVERS))} are)"
        )
    for option in options:
        if driver != "none" and option not in known | _ANY:
            raise InvalidArgument(f"unknown log opt '{option}' for {driver} log driver")
    mode = options.get("mode")
    if mode not in (None, "blocking", "non-blocking"):
        raise InvalidArgument(f"logging: driver: unknown mode {mode}")
    if "max-buffer-size" in options and mode != "non-blocking":
        raise InvalidArgument(
            'logging: max-buffer-size option is only supported with "mode=non-blocking"'
        )
    _check_patterns(options)
    if driver == "syslog":
        from engine.runtime.drivers import syslog

        syslog.check(options)
    if options.get("tag"):
        from engine.runtime.drivers import tag

        tag.check(options["tag"])


def size(options: dict[str, str], name: str) -> int:
    """Bytes of "10m"; 0 when it is not given. InvalidArgument."""
    text = options.get(name)
    if text is None or text == "-1":
        return 0
    word = text.strip().lower().removesuffix("b")
    unit = word[-1:] if word[-1:] in _UNITS else ""
    try:
        number = int(float(word.removesuffix(unit)) * _UNITS[unit])
    except ValueError:
        number = 0
    if number <= 0:
        raise InvalidArgument(f"logging.options {name}: {text} is not a size like 10m")
    return number


def flag(options: dict[str, str], name: str, default: bool = False) -> bool:
    """A truth value as Go reads it. InvalidArgument."""
    text = options.get(name)
    if text is None:
        return default
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidArgument(f"logging.options {name}: {text} is neither true nor false")


def _rotation(
    options: dict[str, str], prefix: str, largest: int, files: int, compressed: bool
) -> tuple[int, int, bool]:
    largest = size(options, f"{prefix}max-size") or largest
    text = options.get(f"{prefix}max-file") or str(files)
    if not text.isdecimal() or int(text) < 1:
        raise InvalidArgument(f"logging.options {prefix}max-file: {text} is not a number of files")
    if int(text) > 1 and not largest:
        raise InvalidArgument(f"logging.options {prefix}max-file needs max-size beside it")
    compress = flag(options, f"{prefix}compress", compressed)
    if compress and (int(text) < 2 or not largest):
        if f"{prefix}compress" in options:
            raise InvalidArgument(
                "compress cannot be true when max-file is less than 2 or max-size is not set"
            )
        compress = False
    return largest, int(text), compress


def _check_patterns(options: dict[str, str]) -> None:
    for name in ("labels-regex", "env-regex"):
        if options.get(name):
            import re

            try:
                re.compile(options[name])
            except re.error as err:
                raise InvalidArgument(f"logging.options {name}: {options[name]}: {err}") from err
