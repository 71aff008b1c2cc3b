"""Instructions that change an image's config at once. The rules are BuildKit's. Pure."""

from __future__ import annotations

from engine.build import checks, wording
from engine.build import instructions as kinds
from engine.build.expose import ports
from engine.build.instructions import Place
from engine.build.walk import Walk
from schemas.errors import InvalidArgument

_SIGNALS_MAX = 64


# instructions that change the config --------------------------------------------------------


def arg(walk: Walk, item: kinds.Arg) -> None:
    shown = []
    for name, default in item.args:
        checks.secret("ARG", name, item.place, walk.given.findings)
        text = None if default is None else walk.expand(default, item.place)
        value = walk.given.global_args.get(name) if text is None else text
        value = walk.given.args.get(name, value)
        if value is not None:
            walk.env[name] = value
        walk.args.append((name, value))
        walk.own_args.append(name)
        # What was given on the command line is nobody's business later.
        shown.append(name if text is None else f"{name}={text}")
    walk.history("ARG " + " ".join(shown))


def env(walk: Walk, item: kinds.Env) -> None:
    before = dict(walk.env)
    text = "ENV"
    for pair in item.pairs:
        key = _in(walk, before, pair.key, item.place)
        value = _in(walk, before, pair.value, item.place)
        _old_form(walk, pair, item.place)
        checks.secret("ENV", key, item.place, walk.given.findings)
        text += f" {pair._replace(key=key, value=value)}"
        walk.env[key] = value
        _set_env(walk.settings["Env"], key, value)
    walk.history(text)


def _in(walk: Walk, values: dict[str, str], text: str, place: Place) -> str:
    """Expand with the values that held when the instruction began."""
    found = walk.lexicon.expand(text, values)
    walk.report(found.unmatched, place)
    return found.text


def _old_form(walk: Walk, pair: kinds.Pair, place: Place) -> None:
    if pair.spaced:
        word = place.keyword
        walk.given.findings.add(
            "LegacyKeyValueFormat",
            f'"{word} key=value" should be used instead of legacy "{word} key value" format',
            place,
        )


def label(walk: Walk, item: kinds.Label) -> None:
    labels = dict(walk.settings.get("Labels") or {})
    text = "LABEL"
    for pair in item.pairs:
        _old_form(walk, pair, item.place)
        key, value = (walk.expand(part, item.place) for part in (pair.key, pair.value))
        labels[key] = value
        text += f" {pair._replace(key=key, value=value)}"
    walk.settings["Labels"] = labels
    walk.history(text)


def maintainer(walk: Walk, item: kinds.Maintainer) -> None:
    walk.given.findings.add(
        "MaintainerDeprecated",
        "Maintainer instruction is deprecated in favor of using label",
        item.place,
    )
    walk.document["author"] = item.name
    walk.history(f"MAINTAINER {item.name}")


def user(walk: Walk, item: kinds.User) -> None:
    walk.settings["User"] = walk.expand(item.user, item.place)
    walk.history(f"USER {walk.settings['User']}")


def cmd(walk: Walk, item: kinds.Cmd) -> None:
    walk.once("CMD", item.place)
    words = _command(walk, item.command, item.place)
    walk.settings["Cmd"] = list(words)
    walk.settings["ArgsEscaped"] = True
    walk.history(f"CMD {wording.quoted_list(words)}")


def entrypoint(walk: Walk, item: kinds.Entrypoint) -> None:
    walk.once("ENTRYPOINT", item.place)
    words = _command(walk, item.command, item.place)
    walk.settings["Entrypoint"] = list(words)
    if "CMD" not in walk.seen:
        walk.settings.pop("Cmd", None)
    walk.history(f"ENTRYPOINT {wording.quoted_list(words)}")


def _command(walk: Walk, command: kinds.Command, place: Place) -> tuple[str, ...]:
    if not command.shell:
        return command.words
    if not walk.settings.get("Shell"):
        walk.given.findings.add(
            "JSONArgsRecommended",
            f"JSON arguments recommended for {place.keyword} to prevent unintended behavior related to OS signals",
            place,
        )
    return walk.shell_words(command.words)


def healthcheck(walk: Walk, item: kinds.Healthcheck) -> None:
    walk.once("HEALTHCHECK", item.place)
    found = {
        "Test": list(item.test),
        "Interval": item.interval,
        "Timeout": item.timeout,
        "StartPeriod": item.start_period,
        "StartInterval": item.start_interval,
        "Retries": item.retries,
    }
    walk.settings["Healthcheck"] = {key: value for key, value in found.items() if value}
    walk.history(f"HEALTHCHECK {wording.healthcheck(item)}")


def expose(walk: Walk, item: kinds.Expose) -> None:
    words = [word for port in item.ports for word in walk.lexicon.words(port, walk.env)]
    found = ports(words, item.place, walk.given.findings)
    walk.settings["ExposedPorts"] = {
        **(walk.settings.get("ExposedPorts") or {}),
        **{port: {} for port in found},
    }
    shown = " ".join(f"{port}:{{}}" for port in sorted(found))
    walk.history(f"EXPOSE map[{shown}]")


def volume(walk: Walk, item: kinds.Volume) -> None:
    paths = [walk.expand(path, item.place) for path in item.paths]
    if not all(paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    walk.settings["Volumes"] = {
        **(walk.settings.get("Volumes") or {}),
        **{path: {} for path in paths},
    }
    walk.history(f"VOLUME {wording.plain_list(paths)}")


def stop_signal(walk: Walk, item: kinds.StopSignal) -> None:
    name = walk.expand(item.signal, item.place)
    _check_signal(name)
    walk.settings["StopSignal"] = name
    walk.history(f"STOPSIGNAL {name}")


def shell(walk: Walk, item: kinds.Shell) -> None:
    walk.settings["Shell"] = list(item.words)
    walk.history(f"SHELL {wording.plain_list(item.words)}")


def onbuild(walk: Walk, item: kinds.Onbuild) -> None:
    walk.settings["OnBuild"] = [*(walk.settings.get("OnBuild") or []), item.expression]


def _set_env(env: list[str], key: str, value: str) -> None:
    for index, word in enumerate(env):
        if word.partition("=")[0] == key:
            env[index] = f"{key}={value}"
            return
    env.append(f"{key}={value}")


def _check_signal(name: str) -> None:
    import signal

    number = int(name) if name.isdigit() else 0
    known = {item.name.removeprefix("SIG") for item in signal.Signals} | {
        "RTMIN",
        "RTMAX",
        "POLL",
        "CLD",
        "IOT",
    }
    word = name.upper().removeprefix("SIG")
    if not (0 < number <= _SIGNALS_MAX or word in known or word.startswith(("RTMIN+", "RTMAX-"))):
        raise InvalidArgument(f"invalid signal: {name}")
