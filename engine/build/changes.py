"""Instructions that change files: each becomes a step. The rules are BuildKit's. Pure."""

from __future__ import annotations

import posixpath

from engine.build import instructions as kinds
from engine.build import mounts, wording
from engine.build.instructions import Document, Mount, Place
from engine.build.lexer import heredoc_mark
from engine.build.remote import is_remote
from engine.build.steps import CONTEXT, SCRATCH, CopyStep, DirectoryStep, MountOf, Origin, RunStep
from engine.build.walk import Walk
from engine.build.words import Lexicon
from schemas.errors import InvalidArgument

# instructions that become steps -------------------------------------------------------------


def workdir(walk: Walk, item: kinds.Workdir) -> None:
    path = walk.expand(item.path, item.place)
    if not walk.workdir_set and not path.startswith("/"):
        walk.given.findings.add(
            "WorkdirRelativePath",
            f"Relative workdir {wording.quoted(path)} can have unexpected results if the base image changes",
            item.place,
        )
    walk.workdir_set = True
    found = "/" + posixpath.normpath(
        posixpath.join("/", walk.settings.get("WorkingDir") or "/", path)
    ).lstrip("/")
    walk.settings["WorkingDir"] = found
    title = walk.title(item.place.text)
    if found != "/":
        walk.steps.append(DirectoryStep(title, item.place, found, walk.settings.get("User") or ""))
    walk.history(f"WORKDIR {found}", layer=found != "/")


def copy(walk: Walk, item: kinds.Copy) -> None:
    origin = CONTEXT
    if item.origin:
        if "$" in item.origin:
            raise InvalidArgument(
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from global "
                "scope as a workaround"
            )
        origin = walk.origin(item.origin, item.place)
    for source in item.sources:
        if source.startswith(("http://", "https://")):
            raise InvalidArgument("source can't be a URL for COPY")
    _files(walk, item, origin, parents=item.parents, is_add=False)


def add(walk: Walk, item: kinds.Add) -> None:

    if item.checksum and (len(item.sources) != 1 or item.documents):
        raise InvalidArgument("checksum can't be specified for multiple sources")
    if item.checksum and not is_remote(walk.expand(item.sources[0], item.place)):
        raise InvalidArgument("checksum requires HTTP(S) or Git sources")
    _files(walk, item, CONTEXT, parents=False, is_add=True)


def _files(
    walk: Walk, item: kinds.Copy | kinds.Add, origin: Origin, *, parents: bool, is_add: bool
) -> None:
    place = item.place
    sources = tuple(walk.expand(source, place) for source in item.sources)
    target = walk.expand(item.target, place)
    chown, chmod = walk.expand(item.chown, place), walk.expand(item.chmod, place)
    if origin == CONTEXT:
        _ignored(walk, sources, place, is_add=is_add)
    documents = tuple(_document(walk, each, place) for each in item.documents)
    add = item if isinstance(item, kinds.Add) else None
    unpack = None if add is None else add.unpack
    walk.steps.append(
        CopyStep(
            walk.title(place.text), place, origin, sources, documents, walk.absolute(target),
            chown=chown, chmod=chmod,
            # A mode would have to be known of the parents too; BuildKit leaves the layer where it is then.
            link=item.link and not chmod,
            exclude=tuple(walk.expand(pattern, place) for pattern in item.exclude),
            parents=parents, is_add=is_add,
            unpack=is_add if unpack is None else unpack, unpack_remote=bool(unpack),
            keep_git_dir=None if add is None else add.keep_git_dir,
            checksum="" if add is None else walk.expand(add.checksum, place),
        )
    )  # fmt: skip
    words = ["ADD" if is_add else "COPY"]
    words += ["--parents"] if parents else []
    words += [f"--chown={chown}"] if chown else []
    words += [f"--chmod={chmod}"] if chmod else []
    words += [*sources, *(f"<<{each.name}" for each in documents), target]
    walk.history(" ".join(words) + " # buildkit", layer=True)


def _document(walk: Walk, document: Document, place: Place) -> Document:
    if not document.expand:
        return document
    lexicon = Lexicon("\\", plain_quotes=True)
    found = lexicon.expand(document.content, walk.env)
    walk.report(found.unmatched, place)
    return document._replace(content=found.text)


def _ignored(walk: Walk, sources: tuple[str, ...], place: Place, *, is_add: bool) -> None:
    for source in sources:
        path = posixpath.normpath(source.lstrip("/") or ".")
        if walk.given.ignored(path):
            verb = "Add" if is_add else "Copy"
            walk.given.findings.add(
                "CopyIgnoredFile",
                f'Attempting to {verb} file "{path}" that is excluded by .dockerignore',
                place,
            )


def run(walk: Walk, item: kinds.Run) -> None:
    words, script = _run_words(walk, item.command)
    found = tuple(
        _mount(walk, mounts.parse(text, lambda value: walk.expand(value, item.place)), item.place)
        for text in item.mounts
    )
    title = walk.title(item.place.text)
    if script is not None or (
        item.command.documents and words != walk.shell_words(item.command.words)
    ):
        title += f" ({_summary(item.command.documents[0].content)})"
    walk.steps.append(
        RunStep(
            title, item.place, words, tuple(walk.env.items()),
            walk.settings.get("WorkingDir") or "/", walk.settings.get("User") or "",
            item.network if item.network not in ("", "default") else walk.given.network,
            item.security or "sandbox", found, script, walk.given.proxies,
        )
    )  # fmt: skip
    values = [f"{name}={walk.env.get(name, '')}" for name in walk.own_args]
    prefix = [f"|{len(values)}", *values] if values else []
    walk.history(f"RUN {' '.join([*prefix, *words])} # buildkit", layer=True)


def _run_words(walk: Walk, command: kinds.Command) -> tuple[tuple[str, ...], Document | None]:
    """The words to run; a here-document with a shebang is a file, another one is what the shell gets."""
    if not command.shell:
        return command.words, None
    if not command.documents:
        return walk.shell_words(command.words), None

    first = command.documents[0]
    if len(command.documents) == 1 and heredoc_mark(command.words[0], walk.given.escape):
        if first.content.startswith("#!"):
            path = f"/dev/pipes/{first.name}"
            return walk.shell_words((path,)), first
        return walk.shell_words((first.content,)), None
    text = command.words[0] + "".join(f"\n{each.raw}{each.name}" for each in command.documents)
    return walk.shell_words((text,)), None


def _mount(walk: Walk, mount: Mount, place: Place) -> MountOf:
    if mount.type in ("tmpfs", "secret", "ssh"):
        return MountOf(_placed(walk, mount), SCRATCH)
    if mount.origin:
        return MountOf(_placed(walk, mount), walk.origin(mount.origin, place))
    origin = SCRATCH if mount.type == "cache" else CONTEXT
    return MountOf(_placed(walk, mount), origin)


def _placed(walk: Walk, mount: Mount) -> Mount:
    if not mount.target:
        return mount
    target = walk.absolute(mount.target).rstrip("/") or "/"
    if target == "/":
        raise InvalidArgument(f'invalid mount target "{mount.target}"')
    namespace = walk.given.cache_namespace
    if mount.type == "cache":
        return mount._replace(target=target, id=f"{namespace}/{mount.id or target}")
    return mount._replace(target=target)


def _summary(text: str) -> str:
    lines = text.strip().splitlines() or [""]
    return lines[0] + ("..." if len(lines) > 1 else "")
