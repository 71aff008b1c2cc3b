from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.erase import erase
from engine.kernel import caps
from tests.support import bare

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def base(state: tuple[Path, Path], tmp_path: Path) -> Iterator[Path]:
    yield bare.busybox_root(tmp_path / "base")
    erase(str(state[0] / "containers"))


def mounts(result: bare.Result) -> dict[str, list[str]]:
    """Mount point → its options, from /proc/mounts."""
    return {line.split()[1]: line.split()[3].split(",") for line in result.out.splitlines()}


def test_the_root_is_the_image_with_what_the_kernel_offers(base: Path) -> None:
    found = mounts(bare.run(bare.bundle("a1", [base]), "/bin/cat", "/proc/mounts"))
    for target, options in {
        "/proc": ["rw", "nosuid", "nodev", "noexec"],
        "/sys": ["ro", "nosuid", "nodev", "noexec"],
        "/dev": ["rw", "nosuid", "size=65536k", "mode=755"],
        "/dev/pts": ["nosuid", "noexec", "gid=5", "mode=620", "ptmxmode=666"],
        "/dev/shm": ["nosuid", "nodev", "noexec", "size=65536k"],
        "/dev/mqueue": ["nosuid", "nodev", "noexec"],
        "/sys/fs/cgroup": ["ro", "nosuid", "nodev", "noexec"],
        "/proc/sys": ["ro"],
        "/proc/bus": ["ro"],
    }.items():
        assert set(options) <= set(found[target]), target


def test_writes_stay_in_the_containers_own_layer(base: Path, state: tuple[Path, Path]) -> None:
    made = bare.bundle("a1", [base])
    assert bare.shell(made, "echo new > /file; rm /etc/passwd").code == 0
    assert not (base / "file").exists()
    assert (base / "etc/passwd").exists()
    assert (state[0] / "containers/a1/upper/file").read_text() == "new\n"
    assert bare.shell(made, "cat /file; test ! -e /etc/passwd").out == "new\n"


def test_upper_layers_hide_lower_ones(base: Path, tmp_path: Path) -> None:
    above = tmp_path / "above"
    (above / "etc").mkdir(parents=True)
    (above / "etc/passwd").write_text("above")
    assert bare.shell(bare.bundle("a1", [above, base]), "cat /etc/passwd").out == "above"


def test_the_devices_are_dockers_and_work(base: Path) -> None:
    script = "ls /dev | sort; head -c 3 /dev/zero | wc -c; echo x > /dev/null; test -c /dev/tty; readlink /dev/ptmx"
    result = bare.shell(bare.bundle("a1", [base]), script.replace("| sort", ""))
    assert result.code == 0, result
    assert set(result.out.split()) >= {
        "null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "mqueue", "fd", "stdin", "stdout", "stderr",
        "ptmx", "3", "pts/ptmx",
    }  # fmt: skip


def test_files_of_etc_can_be_changed_and_secrets_cannot(base: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    made = bare.bundle(
        "a1",
        [base],
        files=[
            {"target": "/run/secrets/key", "source": str(secret), "uid": 7, "mode": 0o440},
            {"target": "/config", "content": "text"},
        ],
        mounts=[{"kind": "tmpfs", "target": "/run"}],
    )
    result = bare.shell(
        made,
        "cat /run/secrets/key /config; stat -c ' %a %u' /run/secrets/key; echo x >> /etc/hosts && cat /etc/hosts;"
        "(echo x > /config) 2>/dev/null; echo $?",
    )
    assert result.out == "s3crettext 440 7\n127.0.0.1 localhost\nx\n1\n"


def test_masked_paths_show_nothing(base: Path) -> None:
    result = bare.shell(
        bare.bundle("a1", [base]), "cat /proc/keys /proc/timer_list; ls -A /sys/firmware; echo end"
    )
    assert (result.out, result.err) == ("end\n", "")


def test_kernel_parameters_cannot_be_written_but_those_asked_for_are_set(base: Path) -> None:
    made = bare.bundle("a1", [base], sysctls={"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"})
    script = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; echo 0 > /proc/sys/net/ipv4/ip_forward"
    result = bare.shell(made, script)
    assert result.out == "1\n9000\n"
    assert "Read-only" in result.err


def test_a_parameter_of_the_host_is_refused(base: Path) -> None:
    result = bare.shell(bare.bundle("a1", [base], sysctls={"vm.swappiness": "1"}), "true")
    assert result.code == bare.FAILED
    assert 'sysctls: sysctls: "vm.swappiness" belongs to the whole machine' in result.err


def test_a_read_only_root_leaves_the_mounts_writable(base: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    made = bare.bundle(
        "a1",
        [base],
        read_only=True,
        mounts=[
            {"kind": "bind", "source": str(data), "target": "/data"},
            {"kind": "tmpfs", "target": "/scratch"},
        ],
    )
    result = bare.shell(made, "touch /data/a /scratch/b /dev/shm/c && touch /file")
    assert "/file: Read-only" in result.err
    assert (data / "a").exists()


def test_a_working_directory_that_the_image_lacks_is_made(base: Path) -> None:
    assert bare.shell(bare.bundle("a1", [base], cwd="/not/there"), "pwd").out == "/not/there\n"


def test_binds_reach_what_is_mounted_below_and_read_only_does_too(
    base: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    made = bare.bundle(
        "a1",
        [base],
        mounts=[
            {"kind": "bind", "source": str(data), "target": "/rw"},
            {"kind": "bind", "source": str(data), "target": "/ro", "read_only": True},
        ],
    )
    result = bare.shell(made, "touch /rw/sub/x && touch /ro/sub/y")
    assert "Read-only" in result.err
    assert os.listdir(data / "sub") == ["x"]


def test_a_file_is_bound_on_a_file(base: Path, tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.write_text("bound")
    made = bare.bundle(
        "a1", [base], mounts=[{"kind": "bind", "source": str(source), "target": "/deep/er/file"}]
    )
    assert bare.shell(made, "cat /deep/er/file").out == "bound"


def test_a_directory_on_a_file_is_refused_in_words(base: Path, tmp_path: Path) -> None:
    made = bare.bundle(
        "a1", [base], mounts=[{"kind": "bind", "source": str(tmp_path), "target": "/etc/passwd"}]
    )
    result = bare.shell(made, "true")
    assert result.code == bare.FAILED
    assert f"mounts: mount /etc/passwd: {tmp_path} is a directory" in result.err


def test_a_missing_source_is_refused_in_words(base: Path) -> None:
    made = bare.bundle(
        "a1", [base], mounts=[{"kind": "bind", "source": "/no/where", "target": "/x"}]
    )
    assert "bind source path does not exist: /no/where" in bare.shell(made, "true").err


def test_parents_are_mounted_before_what_lies_below(base: Path, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/file").write_text("inner")
    made = bare.bundle(
        "a1",
        [base],
        mounts=[
            {"kind": "bind", "source": str(tmp_path / "inner"), "target": "/a/b"},
            {"kind": "tmpfs", "target": "/a"},
        ],
    )
    assert bare.shell(made, "cat /a/b/file").out == "inner"


def test_tmpfs_options_are_kept(base: Path) -> None:
    made = bare.bundle(
        "a1",
        [base],
        mounts=[
            {
                "kind": "tmpfs",
                "target": "/t",
                "size": 1 << 20,
                "mode": 0o750,
                "options": ["exec", "uid=5"],
            },
            {"kind": "tmpfs", "target": "/new"},
            {"kind": "tmpfs", "target": "/root"},
        ],
    )
    result = bare.shell(made, "stat -c '%a %u' /t /new /root; cat /proc/mounts")
    assert result.out.splitlines()[:3] == ["750 5", "1777 0", "755 0"]
    options = next(line for line in result.out.splitlines() if " /t " in line).split()[3].split(",")
    assert {"size=1024k", "nosuid", "nodev"} <= set(options)
    assert "noexec" not in options


@pytest.mark.parametrize(
    ("mount", "message"),
    [
        ({"kind": "tmpfs", "target": "/"}, "the root cannot be"),
        ({"kind": "tmpfs", "target": "relative"}, "absolute path"),
        ({"kind": "tmpfs", "target": "/proc/sys"}, "/proc cannot be replaced"),
        ({"kind": "tmpfs", "target": "/t", "options": ["bogus"]}, "unknown option bogus"),
        (
            {"kind": "bind", "source": "/", "target": "/t", "propagation": "odd"},
            "unknown propagation odd",
        ),
    ],
)
def test_impossible_mounts_are_refused_in_words(
    base: Path, mount: dict[str, object], message: str
) -> None:
    result = bare.shell(bare.bundle("a1", [base], mounts=[mount]), "true")
    assert result.code == bare.FAILED
    assert message in result.err


def test_devices_asked_for_are_made_and_allowed(base: Path) -> None:
    made = bare.bundle(
        "a1",
        [base],
        devices=[{"source": "/dev/null", "target": "/dev/deep/mine", "permissions": "rw"}],
    )
    assert bare.shell(made, "test -c /dev/deep/mine && echo x > /dev/deep/mine").code == 0


def test_shm_size_is_kept_and_a_mount_on_dev_shm_wins(base: Path, tmp_path: Path) -> None:
    sized = bare.run(bare.bundle("a1", [base], shm_size=1 << 20), "/bin/cat", "/proc/mounts")
    assert "size=1024k" in mounts(sized)["/dev/shm"]
    (tmp_path / "shm").mkdir()
    made = bare.bundle(
        "a1",
        [base],
        mounts=[{"kind": "bind", "source": str(tmp_path / "shm"), "target": "/dev/shm"}],
    )
    assert bare.shell(made, "touch /dev/shm/mark").code == 0
    assert (tmp_path / "shm/mark").exists()


def test_a_privileged_container_sees_all_devices_and_writes_to_sys(base: Path) -> None:
    made = bare.bundle(
        "a1",
        [base],
        privileged=True,
        masked_paths=[],
        readonly_paths=[],
        caps=sorted(caps.permitted()),
    )
    result = bare.run(made, "/bin/cat", "/proc/mounts")
    assert "rw" in mounts(result)["/sys"]
    assert "rw" in mounts(result)["/sys/fs/cgroup"]
    assert bare.shell(made, "test -c /dev/kmsg && : < /dev/kmsg && echo opened").out == "opened\n"


def test_an_error_names_its_step(base: Path) -> None:
    made = bare.bundle("a1", [base / "missing"])
    assert bare.shell(made, "true").err.startswith("root filesystem: mount(overlay on ")
