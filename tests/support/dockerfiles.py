# ruff: noqa: E501 - a case is a line
"""Dockerfiles with their contexts, covering every instruction and flag: built here and by Docker, and compared.

``REFERENCE`` are those whose results are written down from the Dockerfile reference, because the Docker at hand is older than
what they use.
"""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import images

BASE = "base:1"


class Case(NamedTuple):
    """``files``: path → text, bytes, ("link", target), ("mode", mode, text), or None for a directory. ``options`` in the
    words of BuildSpec; ``before``: images to build first, (tag, Dockerfile)."""

    name: str
    dockerfile: str
    files: dict[str, Any] = {}
    options: dict[str, Any] = {}
    before: tuple[tuple[str, str], ...] = ()


def archive() -> bytes:
    """A tar with a file, a directory, a link and an owner."""
    return images.tar(
        images.directory("t", 0o750),
        images.member("t/f", b"in the archive", mode=0o640, uid=12, gid=34),
        images.symlink("t/l", "f"),
        images.member("t/h", type=b"1", linkname="t/f", mode=0o640, uid=12, gid=34),
    )


TREE: dict[str, Any] = {
    "a.txt": "A",
    "b.txt": "B",
    "c.md": "C",
    "run.sh": ("mode", 0o755, "#!/bin/sh\necho run\n"),
    "dir/one": "1",
    "dir/two.txt": "2",
    "dir/sub/three": "3",
    "dir/sub/deep/four.txt": "4",
    "dir/empty": None,
    "link": ("link", "a.txt"),
    "dirlink": ("link", "dir"),
    "dir/broken": ("link", "nowhere"),
}


def base_archive() -> bytes:
    """The image that the cases begin with, with a history for its layer."""
    layer = images.busybox_layer()
    config = json.loads(images.config([layer]))
    config["history"] = [{"created": config["created"], "created_by": "busybox"}]
    text = json.dumps(config, sort_keys=True).encode()
    manifest = [{"Config": "config.json", "RepoTags": [BASE], "Layers": ["layer.tar"]}]
    return images.tar(
        images.member("layer.tar", layer),
        images.member("config.json", text),
        images.member("manifest.json", json.dumps(manifest).encode()),
    )


def write(case: Case, directory: Path) -> None:
    """The context of a case."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    for name, content in case.files.items():
        path = directory / name
        for parent in reversed(path.relative_to(directory).parents):
            (directory / parent).mkdir(exist_ok=True)
            (directory / parent).chmod(0o755)
        if content is None:
            path.mkdir(exist_ok=True)
            path.chmod(0o755)
        elif isinstance(content, tuple) and content[0] == "link":
            path.symlink_to(content[1])
        else:
            mode, data = (
                (content[1], content[2]) if isinstance(content, tuple) else (0o644, content)
            )
            path.write_bytes(data.encode() if isinstance(data, str) else data)
            path.chmod(mode)
        if not path.is_symlink():
            os.utime(path, (1_600_000_000, 1_600_000_000))
    path = directory / (case.options.get("dockerfile") or "Dockerfile")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(case.dockerfile)


def _run(*lines: str) -> str:
    return f"FROM {BASE}\n" + "\n".join(lines) + "\n"


CASES: list[Case] = [
    # FROM, stages
    Case("from-only", _run()),
    Case("scratch-with-files", "FROM scratch\nCOPY a.txt /\nENV A=1\nCMD [\"/x\"]\n", TREE),
    Case("from-arg", "ARG N=base\nARG V=1\nFROM ${N}:${V:-2}\nRUN echo x > /x\n"),
    Case("from-arg-given", "ARG V=nothing\nFROM base:$V\nARG V\nRUN echo $V > /x\n", options={"args": {"V": "1"}}),
    Case("stages-by-name", f"FROM {BASE} AS one\nRUN echo 1 > /1\nFROM {BASE} as two\nRUN echo 2 > /2\nFROM {BASE}\n"
         "COPY --from=one /1 /x/\nCOPY --from=two /2 /x/\n"),
    Case("stages-by-number", f"FROM {BASE}\nRUN echo 1 > /1\nFROM {BASE}\nCOPY --from=0 /1 /from-0\n"),
    Case("stage-on-stage", f"FROM {BASE} AS one\nARG A=1\nENV E=$A\nWORKDIR /w\nRUN echo $A > f\nFROM one\nRUN echo $A $E > g\n"),
    Case("unused-stage-that-would-fail", f"FROM {BASE} AS bad\nRUN exit 1\nFROM {BASE}\nRUN echo ok > /ok\n"),
    Case("target", f"FROM {BASE} AS one\nRUN echo 1 > /1\nCMD [\"one\"]\nFROM one AS two\nRUN exit 1\n", options={"target": "one"}),
    Case("copy-from-image", _run("COPY --from=base:1 /etc/passwd /copied")),
    Case("from-platform", f"FROM --platform=$BUILDPLATFORM {BASE}\nARG TARGETPLATFORM TARGETOS TARGETARCH BUILDPLATFORM\n"
         "RUN echo $TARGETPLATFORM $TARGETOS $TARGETARCH $BUILDPLATFORM > /p\n"),
    # RUN
    Case("run-shell-form", _run("RUN echo a && \\", "    # a comment", "    echo b > /b \\", "    && mkdir /d")),
    Case("run-exec-form", _run('RUN ["/bin/sh", "-c", "echo \\"$HOME\\" > /home-is"]')),
    Case("run-heredoc", _run("RUN <<EOF", "echo one > /one", "echo two > /two", "EOF")),
    Case("run-heredoc-shebang", _run("RUN <<EOF", "#!/bin/sh", "echo from $0 > /script", "EOF")),
    Case("run-heredoc-interpreter", _run("RUN cat <<EOF > /x && cat <<'EOG' > /y", "home is $HOME", "EOF", "home is $HOME", "EOG")),
    Case("run-heredoc-tabs", _run("RUN <<-EOF", "\techo a > /a", "\tEOF", "RUN echo b > /b")),
    Case("run-deletes", _run("RUN mkdir /d && touch /d/a /d/b && chmod 700 /d", "RUN rm /d/a /etc/group", "RUN rm -r /d && mkdir /d && touch /d/c")),
    Case("run-modes", _run("RUN touch /f && chmod 4755 /f && mkdir -m 1777 /t && ln -s f /l && ln /f /h && chown 10:20 /f", "RUN mknod /fifo p")),
    Case("run-env", _run("ENV A=1 B='b b'", "ARG C=3", "RUN echo \"$A|$B|$C|$HOME|$PWD|$USER\" > /env", "RUN env | sort | grep -v HOSTNAME > /all")),
    Case("run-user", _run("RUN mkdir -m 777 /w", "USER nobody", "RUN id -u > /w/uid; id -g > /w/gid; echo $HOME > /w/home", "USER 5:6", "RUN id -u > /w/uid2; id -g > /w/gid2")),
    Case("run-network-none", _run("RUN --network=none ls /sys/class/net > /nets")),
    Case("run-mount-bind", _run("RUN --mount=type=bind,target=/ctx cat /ctx/a.txt > /got && ls /ctx > /names && stat -c '%u:%g %a' /ctx/a.txt > /facts"), TREE),
    Case("run-mount-bind-source", _run("RUN --mount=source=dir/sub,target=/m ls /m > /names"), TREE),
    Case("run-mount-bind-file", _run("RUN --mount=source=a.txt,target=/m/a cat /m/a > /got"), TREE),
    Case("run-mount-bind-rw", _run("RUN --mount=target=/m,rw echo new > /m/a.txt && cat /m/a.txt > /got", "RUN --mount=target=/m cat /m/a.txt > /again"), TREE),
    Case("run-mount-bind-from", f"FROM {BASE} AS s\nRUN mkdir /o && echo o > /o/f\nFROM {BASE}\nRUN --mount=type=bind,from=s,source=/o,target=/m cp /m/f /f\n"),
    Case("run-mount-cache", _run("RUN --mount=type=cache,target=/c,id=golden-cache echo 1 > /c/x", "RUN --mount=type=cache,target=/c,id=golden-cache cat /c/x > /y", "RUN ls -d /c > /there || echo no > /there")),
    Case("run-mount-cache-mode", _run("RUN --mount=type=cache,target=/c,id=golden-mode,uid=7,gid=8,mode=0750,sharing=locked stat -c '%u:%g %a' /c > /facts")),
    Case("run-mount-tmpfs", _run("RUN --mount=type=tmpfs,target=/t,size=1m touch /t/x && stat -f -c %T /t > /kind && ls /t > /names")),
    Case("run-mount-secret", _run("RUN --mount=type=secret,id=s cat /run/secrets/s > /x && stat -c '%u:%g %a' /run/secrets/s > /facts",
         "RUN --mount=type=secret,id=s,target=/deep/s,mode=0444,uid=3,gid=4 stat -c '%u:%g %a' /deep/s > /facts2",
         "RUN --mount=type=secret,id=missing test ! -e /run/secrets/missing"), options={"secrets": [{"id": "s", "text": "hidden"}]}),
    Case("run-without-change", _run("RUN true")),
    Case("run-arg-proxy", _run("RUN echo $HTTP_PROXY $http_proxy > /p"), options={"args": {"HTTP_PROXY": "http://p"}}),
    # COPY
    Case("copy-file", _run("COPY a.txt /x", "COPY a.txt b.txt /d/", "COPY run.sh /bin/run"), TREE),
    Case("copy-into-directory-that-is-there", _run("COPY a.txt /tmp", "COPY dir /tmp"), TREE),
    Case("copy-directory", _run("COPY dir /new", "COPY dir/ /new2/", "COPY dir /etc"), TREE),
    Case("copy-everything", _run("COPY . /all"), TREE),
    Case("copy-wildcards", _run("COPY *.txt /t/", "COPY dir/*/th?ee /u/", "COPY [ab].* /v/"), TREE),
    Case("copy-links", _run("COPY link /l1", "COPY dirlink /l2"), TREE),
    Case("copy-through-links", _run("RUN mkdir /real && ln -s /real /soft && ln -s ../real /etc/up", "COPY a.txt /soft/", "COPY b.txt /etc/up/", "COPY c.md /soft"), TREE),
    Case("copy-relative", _run("WORKDIR /w/x", "COPY a.txt .", "COPY b.txt ./y/", "COPY c.md z"), TREE),
    Case("copy-over", _run("RUN mkdir -p /d/sub && echo old > /d/one && chmod 700 /d /d/sub", "COPY dir /d"), TREE),
    Case("copy-chown", _run("COPY --chown=nobody a.txt /1", "COPY --chown=5:6 dir /made/2", "COPY --chown=nobody:root b.txt /x/y/", "COPY --chown=7 c.md /3"), TREE),
    Case("copy-chmod", _run("COPY --chmod=600 a.txt /1", "COPY --chmod=755 dir /2", "COPY --chmod=4711 --chown=1:2 b.txt /3"), TREE),
    Case("copy-from-keeps-owners", f"FROM {BASE} AS s\nRUN mkdir /o && touch /o/f && chown -R 3:4 /o && chmod 640 /o/f && ln /o/f /o/h && ln -s f /o/l\nFROM {BASE}\nCOPY --from=s /o /p\nCOPY --from=s /o/f /q\n"),
    Case("copy-link", _run("RUN mkdir /d", "COPY --link a.txt /d/", "COPY --link --chown=1:2 dir /e/"), TREE),
    Case("copy-link-from", f"FROM {BASE} AS s\nRUN echo s > /s\nFROM {BASE}\nCOPY --link --from=s /s /t/\n"),
    Case("copy-json", _run('COPY ["a.txt", "b.txt", "/with space/"]'), TREE),
    Case("copy-heredoc", _run("ARG W=world", "COPY <<EOF <<'EOG' /d/", "hello $W", "EOF", "hello $W", "EOG", "COPY --chmod=755 --chown=1:2 <<run.sh /bin/", "#!/bin/sh", "run.sh")),
    Case("copy-ignored", _run("COPY . /all"), {**TREE, ".dockerignore": "# comment\n*.txt\n!b.txt\ndir/sub\n!dir/sub/deep\n**/one\n"}),
    Case("copy-ignored-own-file", _run("COPY . /all"), {**TREE, ".dockerignore": "*", "sub/Dockerfile.dockerignore": "dir\n"}, {"dockerfile": "sub/Dockerfile"}),
    Case("copy-ignored-directory", _run("COPY . /all", "COPY dir /d"), {**TREE, ".dockerignore": "dir/sub\nlink\n"}),
    Case("copy-nothing-matches", _run("COPY a.txt nothing* /d/"), TREE),
    # ADD
    Case("add-files", _run("ADD a.txt dir /x/"), TREE),
    Case("add-archive", _run("ADD x.tar /x", "ADD x.tgz /y/", "ADD --chown=1:2 x.tar /z"), {"x.tar": archive(), "x.tgz": gzip.compress(archive(), mtime=0)}),
    Case("add-archive-over", _run("RUN mkdir -p /x/t && echo old > /x/t/f && ln -s /tmp /x/t/l && chmod 700 /x", "ADD x.tar /x"), {"x.tar": archive()}),
    Case("add-not-an-archive", _run("ADD x.tar /x"), {"x.tar": "only called so"}),
    Case("add-heredoc", _run("ADD <<EOF /f", "text", "EOF")),
    # settings
    Case("env-forms", _run("ENV A=1 B=\"two words\" C=three\\ words D=$A", "ENV OLD the rest  of it", "ENV A=2 E=$A", "ENV PATH=/x:$PATH")),
    Case("env-expansions", _run("ENV S=foo.tar.gz E=", "ENV A=${S:-no} B=${E:-empty} C=${E-set} D=${U:-unset} F=${S:+yes} G=${U:+no} H=${E+set}",
         "ENV I=${S#*.} J=${S##*.} K=${S%.*} L=${S%%.*} M=${S/o/0} N=${S//o/0} O=\\$S P='$S' Q=\"$S\" R=${U-$S} T=${S/tar/}"
         ),),
    Case("label", _run('LABEL a=1 "b c"="d e" multi="line \\', 'two"', "LABEL old style value", "LABEL x=$HOME v=\"$PATH\""), options={"labels": {"given": "x", "a": "2"}}),
    Case("expose", _run("ARG P=90", "EXPOSE 80 443/tcp 53/udp", "EXPOSE $P 8000-8002")),
    Case("volume", _run("VOLUME /a /b", 'VOLUME ["/c d"]', "ENV V=/v", "VOLUME $V")),
    Case("user", _run("USER nobody", "ENV U=5", "USER ${U}:6")),
    Case("workdir", _run("WORKDIR /a", "WORKDIR b", "ENV D=/d", "WORKDIR $D/e", "RUN pwd > /pwd", "WORKDIR /bin")),
    Case("workdir-of-user", _run("USER nobody", "WORKDIR /made/by/nobody", "COPY a.txt .", "WORKDIR /tmp"), TREE),
    Case("cmd-and-entrypoint", _run("CMD echo a $HOME", "ENTRYPOINT [\"/bin/sh\", \"-c\"]", "CMD [\"x\", \"y\"]")),
    Case("entrypoint-drops-cmd", _run("ENTRYPOINT echo")),
    Case("cmd-empty", _run("CMD []")),
    Case("shell", _run('SHELL ["/bin/sh", "-ec"]', "RUN echo x > /x", "CMD y", 'ENTRYPOINT z "q"')),
    Case("stopsignal", _run("ENV S=SIGUSR1", "STOPSIGNAL $S", "STOPSIGNAL 9")),
    Case("healthcheck", _run("HEALTHCHECK --interval=5s --timeout=1m30s --start-period=500ms --retries=3 CMD curl -f x || exit 1")),
    Case("healthcheck-exec", _run('HEALTHCHECK --start-interval=2s CMD ["curl", "x"]')),
    Case("healthcheck-none", _run("HEALTHCHECK NONE")),
    Case("maintainer", _run("MAINTAINER Somebody <s@example.com>")),
    Case("onbuild-stage", f"FROM {BASE} AS b\nONBUILD RUN echo triggered > /t\nONBUILD COPY a.txt /o/\nFROM b\nRUN cat /t > /u\n", TREE),
    Case("onbuild-image", "FROM onbuild:1\nRUN ls / > /ls\n", TREE, before=(("onbuild:1", f"FROM {BASE}\nONBUILD ENV T=1\nONBUILD COPY a.txt /o/\n"),)),
    Case("onbuild-written", _run("ONBUILD RUN echo $X", "ONBUILD HEALTHCHECK NONE", 'ONBUILD CMD ["a"]')),
    # ARG
    Case("arg-scopes", f"ARG G=global\nARG H\nFROM {BASE}\nARG G\nARG H=local\nARG N\nARG D=$G-$H\nRUN echo \"$G|$H|$N|$D\" > /args\nENV G=env\nRUN echo $G > /env\n",
         options={"args": {"H": "given", "UNUSED": "x"}}),
    Case("arg-after-env", _run("ENV A=env", "ARG A=arg", "RUN echo $A > /a", "ENV B=$A")),
    Case("arg-several", _run("ARG A=1 B=\"x y\" C", "RUN echo $A $B $C > /x")),
    # syntax
    Case("escape-directive", "# escape=`\nFROM base:1\nRUN echo a `\n  && echo b\\c > /x\nENV P=C:\\x\n"),
    Case("bom-and-crlf", "\ufeffFROM base:1\r\nRUN echo a > /a\r\nENV X=1\r\n"),
    Case("lower-case", "from base:1 as x\nrun echo a > /a\nenv a=b\n"),
    Case("comments", "# a comment\nFROM base:1\n# another\nRUN echo a \\\n# in between\n  b > /x\n  # indented\nENV A=1\n"),
    Case("named-context", "FROM base:1\nCOPY --from=more /only /x\n", options={"additional_contexts": {"more": {"only": "there"}}}),
    Case("named-context-image", "FROM nowhere.invalid/x:2\nRUN echo a > /a\n", options={"additional_contexts": {"nowhere.invalid/x:2": "docker-image://base:1"}}),
]  # fmt: skip
