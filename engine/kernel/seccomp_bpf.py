"""Rules → a classic BPF program (pure; seccomp(2), Documentation/userspace-api/seccomp_filter.rst).

Numbers with equal verdicts form ranges, and a binary tree of comparisons finds the range: about ten instructions for any
system call, where one comparison a name would take hundreds.
"""

from __future__ import annotations

import struct

from engine.kernel.seccomp_rules import ERRNO, Check, Rule, Rules, numbers

_LOAD, _RETURN, _JUMP = 0x20, 0x06, 0x05
_JUMP_EQ, _JUMP_GT, _JUMP_GE = 0x15, 0x25, 0x35
_AND = 0x54
# struct seccomp_data: nr, arch, instruction pointer, six arguments; little-endian on both machines.
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_AUDIT_ARCH = {"x86_64": 0xC000003E, "i386": 0x40000003, "aarch64": 0xC00000B7, "arm": 0x40000028}
_KILL_PROCESS = 0x80000000
_X32_BIT = 0x40000000
_ENOSYS = 38
_LOW = 0xFFFFFFFF

Code = list[bytes]
Verdict = int | tuple[Rule, ...]  # an action, or rules that look at arguments


def assemble(architectures: list[Rules]) -> bytes:
    """The program for all of ``architectures``; a call made in any other way kills the process."""
    program = [_instruction(_LOAD, _ARCH_AT)]
    for rules in architectures:
        block = _block(rules)
        # A match jumps over the jump past the block: conditional jumps reach 255 instructions only.
        program += [
            _instruction(_JUMP_EQ, _AUDIT_ARCH[rules.machine], then=1, other=0),
            _instruction(_JUMP, len(block)),
        ]
        program += block
    program.append(_instruction(_RETURN, _KILL_PROCESS))
    return b"".join(program)


def _block(rules: Rules) -> Code:
    code = [_instruction(_LOAD, _NUMBER_AT)]
    if rules.machine == "x86_64":
        # x32 calls carry this bit; kernels without x32 answer them with ENOSYS, and so do we.
        code += [
            _instruction(_JUMP_GE, _X32_BIT, then=0, other=1),
            _instruction(_RETURN, ERRNO | _ENOSYS),
        ]
    return code + _tree(_ranges(rules), rules.default)


def _ranges(rules: Rules) -> list[tuple[int, Verdict]]:
    """(first number, verdict) in order; each reaches up to the next."""
    table = numbers(rules.machine)
    by_number: dict[int, list[Rule]] = {}
    for rule in rules.rules:
        if rule.name in table:
            by_number.setdefault(table[rule.name], []).append(rule)
    ranges: list[tuple[int, Verdict]] = [(0, rules.default)]
    for number in sorted(by_number):
        ranges.append((number, _verdict(by_number[number])))
        ranges.append((number + 1, rules.default))
    merged: list[tuple[int, Verdict]] = []
    for index, (first, verdict) in enumerate(ranges):
        empty = index + 1 < len(ranges) and ranges[index + 1][0] == first
        if not empty and not (merged and merged[-1][1] == verdict):
            merged.append((first, verdict))
    return merged


def _verdict(rules: list[Rule]) -> Verdict:
    """Rules with checks first, in order; an unconditional one ends the list, and alone is a plain action."""
    conditional = [rule for rule in rules if rule.checks]
    plain = [rule for rule in rules if not rule.checks]
    if plain and all(rule.action == plain[0].action for rule in conditional):
        return plain[0].action
    return tuple(conditional + plain[:1])


def _tree(ranges: list[tuple[int, Verdict]], default: int) -> Code:
    if len(ranges) == 1:
        verdict = ranges[0][1]
        if isinstance(verdict, int):
            return [_instruction(_RETURN, verdict)]
        return _rule_code(verdict, default)
    middle = len(ranges) // 2
    below, above = _tree(ranges[:middle], default), _tree(ranges[middle:], default)
    pivot = ranges[middle][0]
    if len(below) < 256:
        return [_instruction(_JUMP_GE, pivot, then=len(below), other=0), *below, *above]
    # A conditional jump reaches 255 instructions, a plain one any number.
    return [
        _instruction(_JUMP_GE, pivot, then=0, other=1),
        _instruction(_JUMP, len(below)),
        *below,
        *above,
    ]


def _rule_code(rules: tuple[Rule, ...], default: int) -> Code:
    code: Code = []
    for rule in rules:
        body: Code = [_instruction(_RETURN, rule.action)]
        for check in reversed(rule.checks):
            body = _check_code(check, len(body)) + body
        code += body
    if not rules or rules[-1].checks:
        code.append(_instruction(_RETURN, default))
    return code


def _check_code(check: Check, rest: int) -> Code:
    """Fall through when the comparison holds, else jump over the ``rest`` of the rule.

    Arguments are 64 bits and the machine compares 32: high words decide unless they are equal.
    """
    low_at = _ARGUMENTS_AT + 8 * check.argument
    load_low, load_high = _instruction(_LOAD, low_at), _instruction(_LOAD, low_at + 4)
    high, low = check.value >> 32, check.value & _LOW
    if check.operator == "&==":
        want_high, want_low = check.second >> 32, check.second & _LOW
        return [
            load_high,
            _instruction(_AND, high),
            _instruction(_JUMP_EQ, want_high, then=0, other=3 + rest),
            load_low,
            _instruction(_AND, low),
            _instruction(_JUMP_EQ, want_low, then=0, other=rest),
        ]
    if check.operator == "==":
        return [
            load_high,
            _instruction(_JUMP_EQ, high, then=0, other=2 + rest),
            load_low,
            _instruction(_JUMP_EQ, low, then=0, other=rest),
        ]
    if check.operator == "!=":
        return [
            load_high,
            _instruction(_JUMP_EQ, high, then=0, other=2),
            load_low,
            _instruction(_JUMP_EQ, low, then=rest, other=0),
        ]
    greater = check.operator in (">", ">=")
    last = _JUMP_GT if check.operator in (">", "<=") else _JUMP_GE
    return [
        load_high,
        # Strictly above or below in the high word settles it.
        _instruction(_JUMP_GT, high, then=3 if greater else 3 + rest, other=0),
        _instruction(_JUMP_EQ, high, then=0, other=2 + rest if greater else 2),
        load_low,
        _instruction(last, low, then=0 if greater else rest, other=rest if greater else 0),
    ]


def _instruction(code: int, value: int, *, then: int = 0, other: int = 0) -> bytes:
    return struct.pack("HBBI", code, then, other, value & _LOW)
