"""Text forms that Compose shares with Go: durations, byte sizes, numbers as ``%v`` prints them."""

from __future__ import annotations

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
MAX_INTEGER = (1 << 63) - 1
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration (``time.ParseDuration``): ``[-+]`` then numbers, each with a unit; or ``0``."""
    rest = text
    sign = 1
    if rest[:1] in ("-", "+"):
        sign = -1 if rest[0] == "-" else 1
        rest = rest[1:]
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        length = 0
        while length < len(rest) and rest[length] in "0123456789.":
            length += 1
        number, rest = rest[:length], rest[length:]
        if not number.strip(".") or number.count(".") > 1:
            raise ValueError(f'time: invalid duration "{text}"')
        length = 0
        while length < len(rest) and rest[length] not in "0123456789.":
            length += 1
        unit, rest = rest[:length], rest[length:]
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        scale = _UNITS.get(unit)
        if scale is None:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        whole, _, fraction = number.partition(".")
        if len(whole) > 20:  # beyond any int64, before Python's own limit on digits
            raise ValueError(f'time: invalid duration "{text}"')
        total += int(whole or "0") * scale
        if fraction:
            fraction = fraction[:18]  # nothing below a nanosecond counts
            total += int(fraction) * scale // 10 ** len(fraction)
        if total > MAX_INTEGER:
            raise ValueError(f'time: invalid duration "{text}"')
    return sign * total


def duration_text(nanoseconds: int) -> str:
    """A duration as Go's ``Duration.String`` prints it: ``1m30s``, ``1.5s``, ``500µs``, ``0s``."""
    if nanoseconds == 0:
        return "0s"
    sign = "-" if nanoseconds < 0 else ""
    rest = abs(nanoseconds)
    if rest < 1_000_000_000:
        for unit, scale in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
            if rest >= scale:
                return f"{sign}{_decimal(rest, scale)}{unit}"
    minutes, rest = divmod(rest, 60_000_000_000)
    text = _decimal(rest, 1_000_000_000) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{minutes}m{text}"
        if hours:
            text = f"{hours}h{text}"
    return sign + text


def _decimal(value: int, scale: int) -> str:
    whole, part = divmod(value, scale)
    if not part:
        return str(whole)
    digits = len(str(scale)) - 1
    return f"{whole}." + f"{part:0{digits}d}".rstrip("0")


def duration_seconds(text: str) -> float:
    """Seconds of a Go duration."""
    return parse_duration(text) / 1e9


def parse_float(text: str) -> float:
    """A number as Go's ``strconv.ParseFloat`` reads it: underscores between digits, hexadecimal with an exponent."""
    digits = text.lower()
    sign = digits[:1] if digits[:1] in ("+", "-") else ""
    bare = digits[len(sign) :]
    if bare in ("inf", "infinity") or (bare == "nan" and not sign):
        return float(digits)
    if not bare.isascii() or not all(char.isalnum() or char in "._+-" for char in bare):
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax')
    try:
        if bare.startswith("0x"):
            if "p" not in bare:
                raise ValueError(bare)
            value = float.fromhex(sign + bare.replace("_", ""))
        else:
            if bare[:1] not in "0123456789.":
                raise ValueError(bare)
            value = float(digits)
    except (ValueError, OverflowError):
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None
    if value in (float("inf"), float("-inf")):
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": value out of range')
    return value


def parse_bytes(text: str) -> int:
    """Bytes of ``number[ ][unit]`` as docker/go-units ``RAMInBytes`` reads it: all units binary, any case."""
    number = text.rstrip(_LETTERS)
    unit = text[len(number) :].lower()
    number = number.removesuffix(" ")
    if not number.isascii() or not number.replace(".", "", 1).isdigit() or len(number) > 40:
        raise ValueError(f"invalid size: '{text}'")
    if number[0] == "." or number[-1] == ".":
        raise ValueError(f"invalid size: '{text}'")
    scale = _SIZES.get(unit.removesuffix("b").removesuffix("i"))
    if scale is None:
        raise ValueError(f"invalid suffix: '{unit}' in '{text}'")
    size = int(float(number) * scale)
    if size > MAX_INTEGER:
        raise ValueError(f"invalid size: '{text}' is out of range")
    return size


def go_float(value: float) -> str:
    """A float as Go's ``%v`` prints it: shortest digits, exponent from 1e6 and below 1e-4."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    digits = repr(value)
    if abs(value) < 1e6:
        return digits.removesuffix(".0")
    mantissa, _, exponent = digits.partition("e")
    sign = "-" if value < 0 else ""
    whole, _, part = mantissa.removeprefix("-").partition(".")
    power = len(whole) - 1 + int(exponent or "0")
    significant = (whole + part).rstrip("0")
    fraction = f".{significant[1:]}" if len(significant) > 1 else ""
    return f"{sign}{significant[0]}{fraction}e+{power:02d}"


def json_float(value: float) -> str:
    """A finite float as Go's ``encoding/json`` prints it: exponent from 1e21 and below 1e-6."""
    size = abs(value)
    if size >= 1e21 or 0 < size < 1e-6:
        return repr(value).replace("e-0", "e-")
    if size >= 1e16 or 0 < size < 1e-4:
        from decimal import Decimal

        return format(Decimal(repr(value)), "f")
    return repr(value).removesuffix(".0")


def go_value(value: object) -> str:
    """Any scalar as Go's ``%v`` prints it (None is the empty string, as Compose treats it)."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return go_float(value)
    return str(value)
