"""The instructions of a Dockerfile, a record for each, as they are written: nothing is expanded yet."""

from __future__ import annotations

from schemas.typed import NamedTuple


class Place(NamedTuple):
    """Where an instruction stands, and how it was written."""

    start: int
    end: int
    keyword: str  # in its own casing
    text: str  # the whole line, continuations joined
    comments: tuple[str, ...] = ()


class Document(NamedTuple):
    """A here-document as a source or an input."""

    name: str
    content: str
    expand: bool
    raw: str = ""  # with its leading tabs


class Command(NamedTuple):
    """A command line: in shell form it is one word, to be given to the shell."""

    words: tuple[str, ...]
    shell: bool
    documents: tuple[Document, ...] = ()


class Mount(NamedTuple):
    """A ``RUN --mount``, expanded."""

    type: str  # bind, cache, tmpfs, secret, ssh
    target: str = ""
    source: str = ""
    origin: str = ""  # from=
    read_only: bool = True
    id: str = ""
    sharing: str = ""
    required: bool = False
    size: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    env: str = ""


class Pair(NamedTuple):
    """A key and its value; ``spaced`` in the old form ``KEY value``."""

    key: str
    value: str
    spaced: bool = False

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class Arg(NamedTuple):
    place: Place
    args: tuple[tuple[str, str | None], ...]


class Add(NamedTuple):
    place: Place
    sources: tuple[str, ...]
    documents: tuple[Document, ...]
    target: str
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    keep_git_dir: bool | None = None
    checksum: str = ""
    unpack: bool | None = None


class Cmd(NamedTuple):
    place: Place
    command: Command


class Copy(NamedTuple):
    place: Place
    sources: tuple[str, ...]
    documents: tuple[Document, ...]
    target: str
    origin: str = ""  # --from
    chown: str = ""
    chmod: str = ""
    link: bool = False
    exclude: tuple[str, ...] = ()
    parents: bool = False


class Entrypoint(NamedTuple):
    place: Place
    command: Command


class Env(NamedTuple):
    place: Place
    pairs: tuple[Pair, ...]


class Expose(NamedTuple):
    place: Place
    ports: tuple[str, ...]


class From(NamedTuple):
    place: Place
    base: str
    name: str = ""
    platform: str = ""
    as_keyword: str = ""
    written_name: str = ""


class Healthcheck(NamedTuple):
    """``test`` as the image config has it; times in nanoseconds."""

    place: Place
    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class Label(NamedTuple):
    place: Place
    pairs: tuple[Pair, ...]


class Maintainer(NamedTuple):
    place: Place
    name: str


class Onbuild(NamedTuple):
    place: Place
    expression: str


class Run(NamedTuple):
    place: Place
    command: Command
    mounts: tuple[str, ...] = ()  # as written
    network: str = ""
    security: str = ""
    devices: tuple[str, ...] = ()
    used: tuple[str, ...] = ()  # flags as written


class Shell(NamedTuple):
    place: Place
    words: tuple[str, ...]


class StopSignal(NamedTuple):
    place: Place
    signal: str


class User(NamedTuple):
    place: Place
    user: str


class Volume(NamedTuple):
    place: Place
    paths: tuple[str, ...]


class Workdir(NamedTuple):
    place: Place
    path: str


Instruction = (
    Add | Arg | Cmd | Copy | Entrypoint | Env | Expose | Healthcheck | Label | Maintainer | Onbuild | Run
    | Shell | StopSignal | User | Volume | Workdir
)  # fmt: skip


class Stage(NamedTuple):
    start: From
    instructions: tuple[Instruction, ...]


class Dockerfile(NamedTuple):
    """``args`` are those before the first FROM; ``gaps`` the lines that have an empty line inside."""

    args: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    directives: dict[str, str]
    escape: str
    gaps: tuple[Place, ...] = ()
