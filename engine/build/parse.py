"""Lines → instructions and stages. Pure; every error names its lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.build import instructions as kinds
from engine.build import lexer, mounts
from engine.build.arguments import Flags, duration, json_list, list_or_spaced, pairs, spaced, words
from engine.build.instructions import Arg, Command, Dockerfile, Document, Instruction, Place, Stage
from engine.build.lexer import DockerfileError, Line
from schemas.errors import InvalidArgument, Unsupported

_NAME = re.compile(r"[a-z][a-z0-9-_.]*")
_NETWORKS = ("", "default", "none", "host")
_SECURITY = ("", "sandbox", "insecure")
# "docker/dockerfile" in any version is what this builder is.
_FRONTENDS = re.compile(
    r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
)


def parse(text: str, frontend: str = "") -> Dockerfile:
    """The stages of a Dockerfile, which ``frontend`` (else its own directive) says who is to read. DockerfileError,
    Unsupported for a frontend that is not this one."""
    source = lexer.read(text)
    frontend = (frontend or source.directives.get("syntax", "")).split(" ")[0]
    if frontend and not _FRONTENDS.fullmatch(frontend):
        raise Unsupported(
            f"# syntax={frontend}: only docker/dockerfile is built in, other frontends cannot be run"
        )
    args: list[Arg] = []
    starts: list[kinds.From] = []
    bodies: list[list[Instruction]] = []
    for line in source.lines:
        found = instruction(line, source.escape)
        if isinstance(found, kinds.From):
            starts.append(found)
            bodies.append([])
        elif bodies:
            bodies[-1].append(found)
        elif isinstance(found, Arg):
            args.append(found)
        else:
            raise DockerfileError("no build stage in current context", line.start, line.end)
    if not starts:
        raise DockerfileError("dockerfile contains no stages to build", source.lines[-1].start)
    stages = tuple(Stage(start, tuple(body)) for start, body in zip(starts, bodies, strict=True))
    gaps = tuple(_place(line) for line in source.lines if line.gap)
    return Dockerfile(tuple(args), stages, source.directives, source.escape, gaps)


def trigger(text: str, place: Place) -> Instruction:
    """The instruction that an ONBUILD of the base image has left; DockerfileError at ``place``."""
    try:
        source = lexer.read(text)
        if len(source.lines) != 1:
            raise InvalidArgument("onbuild trigger should be a single expression")
        found = instruction(source.lines[0], source.escape)
    except InvalidArgument as err:
        raise DockerfileError(err.message, place.start, place.end) from err
    if isinstance(found, kinds.From):
        raise DockerfileError("FROM isn't allowed as an ONBUILD trigger", place.start, place.end)
    return found._replace(place=found.place._replace(start=place.start, end=place.end))


def instruction(line: Line, escape: str) -> Instruction | kinds.From:
    """One line as a record; DockerfileError."""
    build = _PARSERS.get(line.keyword.lower())
    try:
        if build is None:
            raise InvalidArgument(f"unknown instruction: {line.keyword}{_meant(line.keyword)}")
        return build(line, escape)
    except DockerfileError:
        raise
    except InvalidArgument as err:
        raise DockerfileError(err.message, line.start, line.end, hint=err.hint) from err


def _meant(word: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), list(_PARSERS), n=1, cutoff=0.7)
    return f" (did you mean {found[0].upper()}?)" if found else ""


def _place(line: Line) -> Place:
    return Place(line.start, line.end, line.keyword, line.text, line.comments)


def _needs(line: Line, name: str) -> None:
    if not line.rest:
        raise InvalidArgument(f"{name} requires at least one argument")


def _one(line: Line, name: str) -> str:
    if not line.rest:
        raise InvalidArgument(f"{name} requires exactly one argument")
    return line.rest


def _command(line: Line, rest: str) -> Command:
    found = json_list(rest)
    if found is not None:
        return Command(tuple(found), False)
    documents = tuple(
        Document(each.name, each.text(), each.expand, each.content) for each in line.heredocs
    )
    return Command((rest,) if rest else (), True, documents)


def _arg(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    _needs(line, "ARG")
    found: list[tuple[str, str | None]] = []
    for word in words(line.rest, escape):
        name, equals, value = word.partition("=")
        if not name:
            raise InvalidArgument("ARG names can not be blank")
        found.append((name, value if equals else None))
    return Arg(_place(line), tuple(found))


def _sources(line: Line, name: str) -> tuple[tuple[str, ...], tuple[Document, ...], str]:
    """(paths, here-documents, destination)."""
    found = list_or_spaced(line.rest)
    if len(found) < 2:
        raise InvalidArgument(
            f"{name} requires at least two arguments, but only {len(found)} {'was' if len(found) == 1 else 'were'} "
            "provided. Destination could not be determined"
        )
    *sources, target = found
    held = {each.name: each for each in line.heredocs}
    paths, documents = [], []
    for source in sources:
        mark = lexer.heredoc_mark(source, "\\") if held else None
        if mark is None or mark.name not in held:
            paths.append(source)
        else:
            here = held[mark.name]
            documents.append(Document(here.name, here.text(), here.expand))
    if held and lexer.heredoc_mark(target, "\\") is not None:
        raise InvalidArgument(f"{name} cannot accept a heredoc as a destination")
    return tuple(paths), tuple(documents), target


def _add(line: Line, escape: str) -> Instruction:
    flags = Flags(
        line,
        ("chown", "chmod", "checksum", "exclude"),
        switches=("link", "keep-git-dir", "unpack"),
    )
    paths, documents, target = _sources(line, "ADD")
    return kinds.Add(
        _place(line), paths, documents, target,
        chown=flags.text("chown"), chmod=flags.text("chmod"), link=flags.switch("link"),
        exclude=flags.all("exclude"), keep_git_dir=flags.maybe("keep-git-dir"),
        checksum=flags.text("checksum"), unpack=flags.maybe("unpack"),
    )  # fmt: skip


def _cmd(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.Cmd(_place(line), _command(line, line.rest))


def _copy(line: Line, escape: str) -> Instruction:
    flags = Flags(line, ("from", "chown", "chmod", "exclude"), switches=("link", "parents"))
    paths, documents, target = _sources(line, "COPY")
    return kinds.Copy(
        _place(line), paths, documents, target,
        origin=flags.text("from"), chown=flags.text("chown"), chmod=flags.text("chmod"),
        link=flags.switch("link"), exclude=flags.all("exclude"), parents=flags.switch("parents"),
    )  # fmt: skip


def _entrypoint(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.Entrypoint(_place(line), _command(line, line.rest))


def _env(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.Env(_place(line), tuple(pairs(line.rest, escape, "ENV")))


def _expose(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    _needs(line, "EXPOSE")
    return kinds.Expose(_place(line), tuple(spaced(line.rest)))


def _from(line: Line, escape: str) -> kinds.From:
    flags = Flags(line, ("platform",))
    found = spaced(line.rest)
    if len(found) not in (1, 3) or (len(found) == 3 and found[1].lower() != "as"):
        raise InvalidArgument("FROM requires either one or three arguments")
    name = found[2].lower() if len(found) == 3 else ""
    if name and not _NAME.fullmatch(name):
        raise InvalidArgument(
            f'invalid name for build stage: "{found[2]}", name can\'t start with a number or contain symbols'
        )
    return kinds.From(
        _place(line),
        found[0],
        name,
        flags.text("platform"),
        found[1] if name else "",
        found[2] if name else "",
    )


def _healthcheck(line: Line, escape: str) -> Instruction:
    kind, _, rest = line.rest.partition(" ")
    kind, rest = kind.strip().upper(), rest.strip()
    if not kind:
        raise InvalidArgument("HEALTHCHECK requires at least one argument")
    if kind == "NONE":
        if rest:
            raise InvalidArgument("HEALTHCHECK NONE takes no arguments")
        Flags(line, ())
        return kinds.Healthcheck(_place(line), ("NONE",))
    if kind != "CMD":
        raise InvalidArgument(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    flags = Flags(line, ("interval", "timeout", "start-period", "start-interval", "retries"))
    if not rest:
        raise InvalidArgument("Missing command after HEALTHCHECK CMD")
    exact = json_list(rest)
    test = ("CMD", *exact) if exact is not None else ("CMD-SHELL", rest)
    interval, timeout, start_period, start_interval = (
        duration(flags.text(name), name)
        for name in ("interval", "timeout", "start-period", "start-interval")
    )
    return kinds.Healthcheck(
        _place(line), test, interval, timeout, start_period, start_interval, _retries(flags.text("retries"))
    )  # fmt: skip


def _retries(text: str) -> int:
    if not text:
        return 0
    try:
        found = int(text)
    except ValueError:
        raise InvalidArgument(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if found < 0:
        raise InvalidArgument(f"--retries cannot be negative ({found})")
    return found


def _label(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.Label(_place(line), tuple(pairs(line.rest, escape, "LABEL")))


def _maintainer(line: Line, escape: str) -> Instruction:
    return kinds.Maintainer(_place(line), _one(line, "MAINTAINER"))


def _onbuild(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    _needs(line, "ONBUILD")
    keyword = lexer.split(line.rest)[0].upper()
    if keyword == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if keyword in ("MAINTAINER", "FROM"):
        raise InvalidArgument(f"{keyword} isn't allowed as an ONBUILD trigger")
    expression = re.sub(r"(?i)^\s*ONBUILD\s*", "", line.text)
    for each in line.heredocs:
        expression += f"\n{each.content}{each.name}"
    trigger(expression, _place(line))
    return kinds.Onbuild(_place(line), expression)


def _run(line: Line, escape: str) -> Instruction:
    flags = Flags(line, ("mount", "network", "security", "device"))
    network, security = flags.text("network"), flags.text("security")
    if network not in _NETWORKS:
        raise InvalidArgument(f'network "{network}" is not valid')
    if security not in _SECURITY:
        raise InvalidArgument(f'security "{security}" is not valid')
    for text in flags.all("mount"):
        mounts.parse(text)
    if flags.all("device"):
        raise Unsupported("RUN --device: this engine injects no devices")
    return kinds.Run(
        _place(line), _command(line, line.rest), flags.all("mount"), network, security, used=line.flags
    )  # fmt: skip


def _shell(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    found = json_list(line.rest)
    if found is None:
        raise InvalidArgument("SHELL requires the arguments to be in JSON form")
    if not found:
        raise InvalidArgument("SHELL requires at least one argument")
    return kinds.Shell(_place(line), tuple(found))


def _stopsignal(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.StopSignal(_place(line), _one(line, "STOPSIGNAL"))


def _user(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.User(_place(line), _one(line, "USER"))


def _volume(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    _needs(line, "VOLUME")
    found = tuple(word.strip() for word in list_or_spaced(line.rest))
    if not all(found):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    return kinds.Volume(_place(line), found)


def _workdir(line: Line, escape: str) -> Instruction:
    Flags(line, ())
    return kinds.Workdir(_place(line), _one(line, "WORKDIR"))


_PARSERS: dict[str, Callable[[Line, str], Instruction | kinds.From]] = {
    "add": _add,
    "arg": _arg,
    "cmd": _cmd,
    "copy": _copy,
    "entrypoint": _entrypoint,
    "env": _env,
    "expose": _expose,
    "from": _from,
    "healthcheck": _healthcheck,
    "label": _label,
    "maintainer": _maintainer,
    "onbuild": _onbuild,
    "run": _run,
    "shell": _shell,
    "stopsignal": _stopsignal,
    "user": _user,
    "volume": _volume,
    "workdir": _workdir,
}
