"""Entry point: from argv to an exit code. The only place that turns errors into words."""

from __future__ import annotations

import gc
import os
import sys

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

# Flags before the verb that take a value: enough to find the verb before anything is imported.
_WITH_VALUE = frozenset(
    (
        "-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--workdir",
        "--ansi", "--progress", "--parallel", "--engine",
    )
)  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code. Never raises for anything that a person typed."""
    words = sys.argv[1:] if argv is None else argv
    _streams()
    try:
        return _run(words)
    except KeyboardInterrupt:
        sys.stderr.write("canceled\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not complain about it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:  # noqa: BLE001 - a line and an exit code for whatever it is
        return _explain(error)


def _streams() -> None:
    """Have descriptors 0 to 2 stand for something (else the next file opened would be our output), and text be UTF-8."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w")
    if sys.stderr is None:
        sys.stderr = open(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if stream.encoding != "utf-8" and hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def entry() -> NoReturn:
    """The console command: end as soon as everything is said. What the interpreter would still tidy up goes with the process."""
    # A command lives for a moment and leaves little rubbish; looking for it costs a tenth of the start-up.
    gc.set_threshold(100_000, 20, 20)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 141  # whoever read our output has gone
    os._exit(code)


def verb_of(words: list[str]) -> str:
    """The verb among ``words``, "" when there is none."""
    index = 0
    while index < len(words):
        word = words[index]
        if not word.startswith("-"):
            return word
        index += 2 if word in _WITH_VALUE else 1
    return ""


def engine_of(words: list[str], environ: Mapping[str, str]) -> str:
    """The engine that ``words`` and the environment name, before anything is imported."""
    found = environ.get("PYCOMPOSE_ENGINE") or "local"
    index = 0
    while index < len(words) and words[index].startswith("-"):
        word = words[index]
        if word.startswith("--engine="):
            found = word.removeprefix("--engine=")
        elif word == "--engine" and index + 1 < len(words):
            found = words[index + 1]
        index += 2 if word in _WITH_VALUE else 1
    return found


def _run(words: list[str]) -> int:
    from compose.cli.verbs import NOT_BUILT, VERBS

    name = verb_of(words)
    verb = VERBS.get(name)
    if verb and verb.starts and "--dry-run" not in words and "--help" not in words:
        from compose.backends import prepare

        prepare(engine_of(words, os.environ))
    from compose.cli.options import global_parser, read

    parser = global_parser()
    values, rest = parser.split(words)
    if values.version and not rest:
        name, rest = "version", ["version"]
        verb = VERBS[name]
    if not rest or values.help:
        from compose.cli.usage import root_help

        sys.stdout.write(root_help(parser, {n: v.summary for n, v in VERBS.items() if v.summary}))
        return 0
    if verb is None:
        return _unknown(name, built=name not in NOT_BUILT)
    return _call(name, verb.module or name, rest[1:], read(values, os.environ))


def _call(name: str, module_name: str, words: list[str], options: object) -> int:
    from importlib import import_module

    from compose.cli.options import Context, Options
    from compose.cli.parser import Parser
    from compose.cli.verbs import VERBS

    assert isinstance(options, Options)
    path = f"compose.cli.verbs.{module_name}"
    if options.engine != "local":
        from compose.backends import CLUSTERS

        if options.engine in CLUSTERS:  # the same verb on services instead of containers
            from compose.cli.cluster import module_of

            path = module_of(module_name) or path
    module = import_module(path)
    parser = Parser()
    module.add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="Execute command in dry run mode")
    args = parser.parse(words)
    if args.help:
        from compose.cli.usage import verb_help

        sys.stdout.write(verb_help(name, VERBS[module_name].summary, parser))
        return 0
    if args.dry_run:
        options = options._replace(dry_run=True)
    context = Context(args, options, cwd=_cwd(), environ=os.environ)
    try:
        code: int = module.run(context)
        sys.stdout.flush()
        return code
    finally:
        context.close()


def _cwd() -> str:
    """The working directory as the shell names it (symlinks kept) when that is true, else as the kernel does."""
    shell = os.environ.get("PWD", "")
    try:
        if os.path.isabs(shell) and os.path.samefile(shell, "."):
            return shell
    except OSError:
        pass
    return os.getcwd()


def _unknown(name: str, *, built: bool) -> int:
    if built:
        sys.stderr.write(f'unknown docker command: "compose {name}"\n')
        return 16
    sys.stderr.write(f'pycompose: "{name}" is not built yet\n')
    return 1


def _explain(error: Exception) -> int:
    """One line (and a hint) for what can happen; a traceback only on request or for a fault of our own."""
    from compose.cli.advice import advice
    from schemas.errors import EngineError, PycomposeError

    if os.environ.get("PYCOMPOSE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    if isinstance(error, PycomposeError):
        hint = error.hint
        if not hint and isinstance(error, EngineError):
            hint = advice(getattr(error, "errno", 0))
        return _say(error.message, hint, error.exit_code)
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return _say(f"{error.strerror.lower()}{where}", advice(error.errno or 0), 1)
    return _say(
        f"internal error: {type(error).__name__}: {error}",
        "this is a fault of pycompose; PYCOMPOSE_DEBUG=1 shows where it happened",
        1,
    )


def _say(message: str, hint: str | None, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    if hint:
        sys.stderr.write(f"hint: {hint}\n")
    return code


if __name__ == "__main__":
    entry()
