"""Interpreters of the few instructions that our BPF programs use: what a program decides, without loading it."""

from __future__ import annotations

import struct


def run_filter(program: bytes, number: int, arch: int, arguments: tuple[int, ...] = ()) -> int:
    """The verdict of a classic BPF seccomp filter on one system call."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, arch, 0, *(value & (2**64 - 1) for value in padded))
    at = accumulator = 0
    while True:
        code, then, other, value = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x54:
                accumulator &= value
            case 0x05:
                at += value
            case 0x15:
                at += then if accumulator == value else other
            case 0x25:
                at += then if accumulator > value else other
            case 0x35:
                at += then if accumulator >= value else other
            case 0x06:
                return value
            case _:
                raise AssertionError(f"instruction {code:#x}")


def run_device_program(program: bytes, kind: str, major: int, minor: int, access: str) -> bool:
    """The verdict of a BPF_PROG_TYPE_CGROUP_DEVICE program on one access."""
    bits = sum({"m": 1, "r": 2, "w": 4}[letter] for letter in access)
    context = struct.pack("<III", bits << 16 | {"b": 1, "c": 2}[kind], major, minor)
    registers = [0] * 6
    at = 0
    while True:
        code, operands, offset, value = struct.unpack_from("<BBhi", program, 8 * at)
        target, source = operands & 15, operands >> 4
        at += 1
        match code:
            case 0x61:
                (registers[target],) = struct.unpack_from("<I", context, offset)
            case 0xBC:
                registers[target] = registers[source]
            case 0xB7:
                registers[target] = value
            case 0x54:
                registers[target] &= value
            case 0x74:
                registers[target] >>= value
            case 0x55:
                at += offset if registers[target] != value else 0
            case 0x95:
                return bool(registers[0])
            case _:
                raise AssertionError(f"instruction {code:#x}")
