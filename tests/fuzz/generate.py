"""Inputs that no person would write, and some that one would: files of a project, from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

Files = dict[str, bytes]

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "compose-schema.json").read_text()
)
ODD_TEXTS = (
    "", " ", "a", "A", "x-y", "true", "yes", "null", "~", "0", "-1", "1.5", "1e400", "0x1F", "010", ".inf", "2020-01-01",
    "12:30", "80", "80:80", "127.0.0.1:80:80", "[::1]:80:80", "8000-9000:80", "1-65535", "a:/b", "./a:/b:ro,z", "v:/v",
    "/a", "~", "~/x", "${A}", "${A:-b}", "${A:?c}", "${A:+${B:-c}}", "$", "$$", "${", "${}", "${A:-${B}", "$A$B", "1g", "1.5 gb",
    "10s", "1h2m3.5s", "10parsecs", "always", "host", "none", "service:a", "container:a", "a=b", "a=b=c", "=", "=x",
    "a b 'c d'", "a \"b", "a | b", "\u00e9", "\ufeff", "\u2028", "\U0001f600", "a\nb", "a\n\n", "\n", "\ta", "#a", "a #b",
    "- a", "a: b", "{a", "[a", "*a", "&a", "!a", "%a", "@a", "`a`", "'", '"', "\\", "9" * 40, "x" * 300,
)  # fmt: skip
ODD_SCALARS = (
    "~", "null", "true", "no", "0", "-0.0", "1e3", "1e400", ".inf", ".nan", "0o17", "1_000", "2020-01-01", "12:30:45",
    "!!str 1", "!!int x", "!reset null", "!override 5", "!custom x", "!!binary aGk=", "<<", "=", "", "99999999999999999999",
)  # fmt: skip
FLOW = "{}[],:-?|>&*!'\"#%@`\n \t"


def files(random: Random) -> Files:
    """The files of one project; ``compose.yaml`` is the one to load."""
    return random.choice(_KINDS)(random)


def _bytes(random: Random) -> Files:
    return {"compose.yaml": random.randbytes(random.randint(0, 400))}


def _characters(random: Random) -> Files:
    alphabet = random.choice((FLOW + "ab1", FLOW, "ab: \n-", "services: {}\n-[]imageports\t"))
    text = "".join(random.choice(alphabet) for _ in range(random.randint(0, 300)))
    return {"compose.yaml": text.encode()}


def _deep(random: Random) -> Files:
    depth = random.choice((10, 200, 299, 301, 998, 5000))
    left, right = random.choice((("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", ""), ("{[: ", "}")))
    text = f"x-a: {left * depth}1{right * depth}\nservices: {{s: {{image: i}}}}\n"
    return {"compose.yaml": text.encode()}


def _bomb(random: Random) -> Files:
    width, height = random.randint(2, 12), random.randint(2, 12)
    merge = random.random() < 0.5
    lines = ["x-0: &a0 {k: v}"]
    for level in range(1, height):
        names = ", ".join([f"*a{level - 1}"] * width)
        body = (
            f"{{<<: [{names}]}}"
            if merge
            else f"{{{', '.join(f'k{i}: *a{level - 1}' for i in range(width))}}}"
        )
        lines.append(f"x-{level}: &a{level} {body}")
    return {"compose.yaml": ("\n".join(lines) + "\nservices: {s: {image: i}}\n").encode()}


def _mutated(random: Random) -> Files:
    text = bytearray(_typed(random)["compose.yaml"])
    for _ in range(random.randint(1, 6)):
        if not text:
            break
        place = random.randrange(len(text))
        change = random.randrange(4)
        if change == 0:
            text[place] = random.randrange(256)
        elif change == 1:
            del text[place : place + random.randint(1, 20)]
        elif change == 2:
            text[place:place] = random.choice(ODD_TEXTS).encode()
        else:
            text[place:place] = text[place : place + random.randint(1, 60)]
    return {"compose.yaml": bytes(text)}


def _typed(random: Random) -> Files:
    """Roughly what the schema allows, with odd values."""
    tree = _mapping(random, SCHEMA, 0)
    tree.pop("include", None)
    services = tree.get("services")
    if not isinstance(services, dict) or not services:
        tree["services"] = services = {"a": {"image": "i"}}
    for body in services.values():
        if isinstance(body, dict):
            body.setdefault("image", "i")
    return {"compose.yaml": _text(random, tree).encode("utf-8", "surrogatepass")}


def _from_schema(random: Random, node: dict[str, Any], depth: int) -> Any:
    if "$ref" in node:
        return _from_schema(random, SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")], depth)
    if random.random() < 0.004 or depth > 8:
        return _anything(random, depth)
    if "anyOf" in node:
        return _from_schema(random, random.choice(node["anyOf"]), depth)
    kind = node.get("type", "string")
    kind = random.choice(kind) if isinstance(kind, list) else kind
    if kind == "object":
        return _mapping(random, node, depth)
    if kind == "array":
        return [
            _from_schema(random, node.get("items", {}), depth + 1)
            for _ in range(random.randint(0, 3))
        ]
    if "enum" in node and random.random() < 0.8:
        return random.choice(node["enum"])
    return _scalar(random, kind)


def _mapping(random: Random, node: dict[str, Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    properties = node.get("properties", {})
    if properties:
        for name in random.sample(list(properties), min(len(properties), random.randint(0, 5))):
            found[name] = _from_schema(random, properties[name], depth + 1)
        for name in node.get("required", ()):
            found.setdefault(name, _from_schema(random, properties[name], depth + 1))
    for pattern, below in node.get("patternProperties", {}).items():
        if pattern != "^x-" or random.random() < 0.1:
            for name in random.sample(("a", "b", "c", "n-1", "default"), random.randint(0, 3)):
                key = f"x-{name}" if pattern == "^x-" else name
                found[key] = _from_schema(random, below or {"type": "string"}, depth + 1)
    return found


def _scalar(random: Random, kind: str) -> Any:
    if random.random() < 0.03:
        return random.choice(ODD_TEXTS)
    if kind == "boolean":
        return random.random() < 0.5
    if kind in ("integer", "number"):
        return random.choice((0, 1, -1, 2, 80, 65536, 1 << 40, 0.5, 1e-9))
    if kind == "null":
        return None
    return random.choice(("a", "b", "c", "default", "i", "10s", "64m", "80", "/a", "./b", "a=b"))


def _anything(random: Random, depth: int) -> Any:
    kind = random.randrange(4) if depth < 12 else 3
    if kind == 0:
        return {random.choice(ODD_TEXTS): _anything(random, depth + 1) for _ in range(2)}
    if kind == 1:
        return [_anything(random, depth + 1) for _ in range(random.randint(0, 3))]
    return random.choice((*ODD_TEXTS, None, True, 1, 1.5))


def _text(random: Random, tree: Any) -> str:
    """A tree as JSON, which is YAML, with odd scalars and anchors strewn in."""
    text = json.dumps(tree, ensure_ascii=random.random() < 0.5)
    if random.random() < 0.3:
        text = text.replace('"a"', random.choice(ODD_SCALARS), 1)
    if random.random() < 0.1:
        text = text.replace('"image": "i"', '"image": &i "i"', 1).replace('"b"', "*i", 1)
    return text


def _several(random: Random) -> Files:
    """A project of several files that extend, include and read each other, or themselves."""
    names = ("compose.yaml", "b.yaml", "sub/c.yaml")
    found: Files = {}
    for name in names:
        services = {
            service: {
                "image": "i",
                **random.choice(
                    (
                        {},
                        {"extends": random.choice(("a", "b", "c"))},
                        {
                            "extends": {
                                "service": random.choice("abc"),
                                "file": random.choice(names),
                            }
                        },
                        {"extends": {"service": "a", "file": "../b.yaml"}},
                        {"env_file": random.choice((".env", "e.env", "sub", "missing"))},
                        {"depends_on": random.sample("abc", 2)},
                        {"volumes": ["./x:/x", random.choice(ODD_TEXTS)]},
                    )
                ),
            }
            for service in random.sample("abc", random.randint(1, 3))
        }
        tree: dict[str, Any] = {"services": services}
        if random.random() < 0.4:
            tree["include"] = random.sample(names, random.randint(1, 2))
        found[name] = json.dumps(tree).encode()
    found[".env"] = found["e.env"] = dotenv(random)
    return found


def dotenv(random: Random) -> bytes:
    """A file of variables, or not."""
    if random.random() < 0.1:
        return random.randbytes(random.randint(0, 100))
    pieces = (
        *ODD_TEXTS, "A=", "B=", "export ", "=", ":", "\n", "\n", "'", '"', "\\", "#", " ", "A", "$A", "${A", "\r\n",
    )  # fmt: skip
    text = "".join(random.choice(pieces) for _ in range(random.randint(0, 25)))
    return text.encode()


def _environment(random: Random) -> Files:
    text = "services: {s: {image: 'i${A:-x}', env_file: e.env, label_file: [l.env]}}\n"
    return {
        "compose.yaml": text.encode(),
        "e.env": dotenv(random),
        "l.env": dotenv(random),
        ".env": dotenv(random),
    }


def _encoded(random: Random) -> Files:
    text = _typed(random)["compose.yaml"].decode("utf-8", "replace")
    encoding = random.choice(("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-32"))
    return {"compose.yaml": text.encode(encoding, "replace")}


_KINDS: tuple[Callable[[Random], Files], ...] = (
    _typed, _typed, _typed, _typed, _mutated, _mutated, _mutated, _several, _several, _environment, _environment,
    _characters, _characters, _bytes, _encoded, _deep, _bomb,
)  # fmt: skip
