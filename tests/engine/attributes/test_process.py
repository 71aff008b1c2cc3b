"""What runs, as whom, where, under which name: read by the process itself."""

from __future__ import annotations

from tests.engine.attributes.conftest import verify
from tests.support.proofs import Case

CASES = (
    Case(
        "command",
        proves=("services.command", "services.entrypoint"),
        body="entrypoint: [sh, -c, 'echo $$0 $$*', zero]\ncommand: [one, 'two three']",
        script="",
        says="zero one two three",
    ),
    Case(
        "environment",
        proves=("services.environment",),
        body="environment:\n  A: b c\n  EMPTY: ''\n  TERM: dumb",
        script="env | grep -E '^(A|EMPTY|TERM)=' | sort",
        says="A=b c\nEMPTY=\nTERM=dumb",
    ),
    Case(
        "user",
        proves=("services.user", "services.group_add"),
        body="user: '1234:2345'\ngroup_add: ['77', tty]",
        script="id -u; id -g; id -G",
        says="1234\n2345\n2345 5 77",
    ),
    Case(
        "working-dir",
        proves=("services.working_dir",),
        body="working_dir: /made/for/it",
        script="pwd",
        says="/made/for/it",
    ),
    Case(
        "hostname",
        proves=("services.hostname", "services.domainname"),
        body="hostname: box\ndomainname: example.test",
        script="cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname /etc/hostname",
        says="box\nexample.test\nbox",
    ),
    Case(
        "init",
        proves=("services.init",),
        body="init: true",
        # The orphan is there, dead or alive, until it is reaped.
        script="echo $$; tr '\\0' ' ' < /proc/1/cmdline; (sleep 0.05 & echo $! > /orphan); n=0; "
        "while [ $n -lt 100 ] && [ -e /proc/$(cat /orphan) ]; do n=$((n+1)); sleep 0.05; done; "
        "cat /proc/[0-9]*/stat | grep -c ' Z '",
        says=lambda text: text.split()[0] != "1" and text.split()[1:] == ["init", "0"],
    ),
    Case(
        "no-init",
        proves=("services.init",),
        body="init: false",
        script="echo $$",
        says="1",
    ),
    Case(
        "tty",
        proves=("services.tty",),
        body="tty: true",
        script="tty; test -t 0 && test -t 1 && stat -c %F /dev/console",
        says=lambda text: text.split("\n")[0].startswith("/dev/pts/") and "character" in text,
    ),
    Case(
        "no-tty",
        proves=("services.tty", "services.stdin_open"),
        body="tty: false",
        script="tty; readlink /proc/self/fd/0; cat | wc -c",
        says="not a tty\n/dev/null\n0",
    ),
    Case(
        "stdin-open",
        proves=("services.stdin_open",),
        body="stdin_open: true",
        script="readlink /proc/self/fd/0 | cut -d : -f 1; timeout 0.2 cat; echo $?",
        says="pipe\n124",
    ),
    Case(
        "read-only",
        proves=("services.read_only",),
        body="read_only: true\ntmpfs: /scratch",
        script="touch /x 2>/dev/null || echo no; touch /etc/hosts 2>/dev/null || echo no; touch /scratch/x && echo yes",
        says="no\nno\nyes",
    ),
    Case(
        "sysctls",
        proves=("services.sysctls",),
        body="sysctls:\n  net.core.somaxconn: 77\n  kernel.msgmax: 9000\n  fs.mqueue.msg_max: 12",
        script="cd /proc/sys; cat net/core/somaxconn kernel/msgmax fs/mqueue/msg_max",
        says="77\n9000\n12",
    ),
)  # fmt: skip


def test_case(case: Case, said: dict[str, str]) -> None:
    verify(case, said)
