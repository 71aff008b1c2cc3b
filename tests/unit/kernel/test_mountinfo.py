from __future__ import annotations

from engine.kernel import mount, mountinfo

TEXT = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 0:25 / /run/with\040blank rw master:2 - tmpfs tmpfs rw,size=10k
"""


def test_mounts_are_read_with_their_propagation_and_real_names() -> None:
    first, second = mountinfo.parse(TEXT)
    assert (first.target, first.shared, first.fstype, first.source) == (
        "/",
        True,
        "ext4",
        "/dev/sda1",
    )
    assert (second.target, second.shared) == ("/run/with blank", False)
    assert second.options == ("rw", "size=10k")


def test_separators_in_layer_names_are_escaped() -> None:
    options = mount.overlay_options(["/a:b", "/c,d"], "/u", "/w")
    assert options == r"lowerdir=/a\:b:/c\,d,upperdir=/u,workdir=/w"


def test_an_overlay_without_upper_has_only_lowers() -> None:
    assert (
        mount.overlay_options(["/a", "/b"], None, None, userxattr=True)
        == "lowerdir=/a:/b,userxattr"
    )
