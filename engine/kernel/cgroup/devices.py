"""Which devices a container may open: rules (pure), their version 1 text, and the version 2 program that enforces them.

Version 2 has no control file: a BPF_PROG_TYPE_CGROUP_DEVICE program decides (bpf(2), cgroup-v2.rst "Device controller").
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from engine.kernel import libc
from schemas.errors import Failed, InvalidArgument
from schemas.specs import Device
from schemas.typed import NamedTuple

ANY = -1


class Rule(NamedTuple):
    allow: bool
    kind: str  # "c", "b" or "a" (both)
    major: int
    minor: int
    access: str  # of "rwm"


EVERYTHING = [Rule(True, "a", ANY, ANY, "rwm")]
# moby's oci.DefaultSpec and what runc always adds.
DEFAULT = [
    Rule(True, "c", ANY, ANY, "m"),
    Rule(True, "b", ANY, ANY, "m"),
    Rule(True, "c", 1, 3, "rwm"),  # null
    Rule(True, "c", 1, 5, "rwm"),  # zero
    Rule(True, "c", 1, 7, "rwm"),  # full
    Rule(True, "c", 1, 8, "rwm"),  # random
    Rule(True, "c", 1, 9, "rwm"),  # urandom
    Rule(True, "c", 5, 0, "rwm"),  # tty
    Rule(True, "c", 5, 1, "rwm"),  # console
    Rule(True, "c", 5, 2, "rwm"),  # ptmx
    Rule(True, "c", 136, ANY, "rwm"),  # pts/*
]

_PROG_LOAD, _PROG_ATTACH = 5, 8
_PROG_TYPE_CGROUP_DEVICE, _ATTACH_CGROUP_DEVICE, _ALLOW_OVERRIDE = 15, 6, 1
_KINDS = {"b": 1, "c": 2}
_ACCESS = {"m": 1, "r": 2, "w": 4}
# Instruction codes (Documentation/bpf/standardization/instruction-set.rst).
_LOAD32, _MOVE_REG, _MOVE, _AND32, _SHIFT_RIGHT32, _JUMP_NE, _EXIT = (
    0x61, 0xBC, 0xB7, 0x54, 0x74, 0x55, 0x95,
)  # fmt: skip
_R0, _R1, _R2, _R3, _R4, _R5 = range(6)


def rules(devices: list[Device], extra: list[str], *, privileged: bool) -> list[Rule]:
    """The rules of a container: Docker's defaults, its ``devices`` and ``device_cgroup_rules``."""
    if privileged:
        return EVERYTHING
    asked = [rule for device in devices for rule in _device_rules(device)]
    return DEFAULT + asked + [parse(text) for text in extra]


def parse(text: str) -> Rule:
    """A rule of ``device_cgroup_rules``: "c 1:3 mr", numbers may be "*"."""
    words = text.split(" ")
    if len(words) == 3:
        kind, numbers, access = words
        major, colon, minor = numbers.partition(":")
        valid = kind in ("a", "b", "c") and colon and access and not set(access) - set("rwm")
        if valid and _is_number(major) and _is_number(minor):
            return Rule(True, kind, _to_number(major), _to_number(minor), access)
    raise InvalidArgument(f'device_cgroup_rules: "{text}" is not like "c 1:3 rwm"')


def text(rule: Rule) -> str:
    """The rule as version 1's devices.allow wants it."""
    return f"{rule.kind} {_star(rule.major)}:{_star(rule.minor)} {rule.access}"


def program(rules: list[Rule]) -> bytes:
    """The program that allows what ``rules`` allow; a later rule beats an earlier one, and nothing matching is denied."""
    code = [
        _code(
            _LOAD32, _R2, _R1, 0, 0
        ),  # struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor
        _code(_MOVE_REG, _R3, _R2, 0, 0),
        _code(_AND32, _R2, 0, 0, 0xFFFF),
        _code(_SHIFT_RIGHT32, _R3, 0, 0, 16),
        _code(_LOAD32, _R4, _R1, 4, 0),
        _code(_LOAD32, _R5, _R1, 8, 0),
    ]
    for rule in reversed(rules):
        code += _tests(rule)
    code += [_code(_MOVE, _R0, 0, 0, 0), _code(_EXIT, 0, 0, 0, 0)]
    return b"".join(code)


def attach(directory: str, rules: list[Rule]) -> None:
    """Put the rules into force for the version 2 cgroup at ``directory``, in place of those there."""
    code = program(rules)
    instructions = ctypes.create_string_buffer(code, len(code))
    license = ctypes.create_string_buffer(b"Apache-2.0")
    attributes = struct.pack(
        "IIQQIIQII",
        _PROG_TYPE_CGROUP_DEVICE,
        len(code) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(license),
        0,
        0,
        0,
        0,
        0,
    )
    fd = -1
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = libc.invoke("bpf", _PROG_LOAD, attributes, len(attributes), about="device program")
        request = struct.pack("IIII", top, fd, _ATTACH_CGROUP_DEVICE, _ALLOW_OVERRIDE)
        libc.invoke("bpf", _PROG_ATTACH, request, len(request), about="device program")
    finally:
        os.close(top)
        if fd >= 0:
            os.close(fd)


def _tests(rule: Rule) -> list[bytes]:
    """Jump past the verdict unless everything matches."""
    verdict = [_code(_MOVE, _R0, 0, 0, int(rule.allow)), _code(_EXIT, 0, 0, 0, 0)]
    tests: list[tuple[int, int, int]] = []  # (register, value, instructions before it)
    if rule.kind != "a":
        tests.append((_R2, _KINDS[rule.kind], 0))
    mask = sum(_ACCESS[letter] for letter in set(rule.access))
    if mask != 7:
        tests.append((_R1, 0, 2))
    if rule.major != ANY:
        tests.append((_R4, rule.major, 0))
    if rule.minor != ANY:
        tests.append((_R5, rule.minor, 0))
    code: list[bytes] = []
    rest = sum(1 + before for _, _, before in tests) + len(verdict)
    for register, value, before in tests:
        if before:
            # Every access asked for must be among those of the rule.
            code += [_code(_MOVE_REG, _R1, _R3, 0, 0), _code(_AND32, _R1, 0, 0, 7 & ~mask)]
        code.append(_code(_JUMP_NE, register, 0, rest - len(code) - 1, value))
    return code + verdict


def _code(operation: int, target: int, source: int, offset: int, value: int) -> bytes:
    return struct.pack("BBhi", operation, target | source << 4, offset, value)


def _device_rules(device: Device) -> list[Rule]:
    source, access = device["source"], device["permissions"] or "rwm"
    if set(access) - set("rwm"):
        raise InvalidArgument(f"devices: {source}: permissions are some of r, w and m")
    if "kind" in device and "major" in device:
        return [Rule(True, device["kind"], device["major"], device.get("minor", 0), access)]
    try:
        found = [os.stat(source)]
    except OSError as err:
        raise Failed(f"device {source}: {os.strerror(err.errno or 0)}") from err
    if stat.S_ISDIR(found[0].st_mode):
        found = [os.stat(f"{top}/{name}") for top, _, names in os.walk(source) for name in names]
    return [
        Rule(True, "b" if stat.S_ISBLK(item.st_mode) else "c", *_numbers(item), access)
        for item in found
        if stat.S_ISBLK(item.st_mode) or stat.S_ISCHR(item.st_mode)
    ]


def _numbers(found: os.stat_result) -> tuple[int, int]:
    return os.major(found.st_rdev), os.minor(found.st_rdev)


def _is_number(word: str) -> bool:
    return word == "*" or word.isdecimal()


def _to_number(word: str) -> int:
    return ANY if word == "*" else int(word)


def _star(number: int) -> str:
    return "*" if number == ANY else str(number)
