"""Sources: what is listed, what is left out, and whose fault a failed read is."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from lake.errors import InputError, TransientError, UsageError
from lake.sources import blocks
from lake.sources.listing import listing
from lake.sources.remote import FsspecReader
from lake.sources.source import parse_source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.md", "b.txt", "sub/c.md", "sub/deep/d.md", ".git/config", "sub/.hidden.md", "odd[1].md", "ü ö.md"):
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "docs"


def uris(text: str | Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    return list(listing([parse_source(str(text), include, exclude)])["uri"].to_pylist())


def test_a_folder_is_listed_whole_but_for_hidden_names(folder: Path) -> None:
    assert uris(folder) == ["a.md", "b.txt", "odd[1].md", "sub/c.md", "sub/deep/d.md", "ü ö.md"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.md", ["a.md", "odd[1].md", "ü ö.md"]),
        ("**/*.md", ["a.md", "odd[1].md", "c.md", "deep/d.md", "ü ö.md"]),
        ("sub/*", ["c.md"]),
        ("sub/**", ["c.md", "deep/d.md"]),
        ("[ab].*", ["a.md", "b.txt"]),
        ("?.txt", ["b.txt"]),
        (".git/*", ["config"]),
    ],
)
def test_globs(folder: Path, pattern: str, expected: list[str]) -> None:
    found = uris(folder / pattern)
    assert [uri.rsplit("sub/", 1)[-1].removeprefix(".git/") for uri in found] == expected


def test_one_file_with_a_name_like_a_glob(folder: Path) -> None:
    source = parse_source(str(folder / "odd[1].md"))
    assert listing([source])["uri"].to_pylist() == ["odd[1].md"]
    assert source.read("odd[1].md") == b"odd[1].md"


def test_include_and_exclude(folder: Path) -> None:
    assert uris(folder, include=("*.md",)) == ["a.md", "odd[1].md", "sub/c.md", "sub/deep/d.md", "ü ö.md"]
    assert uris(folder, exclude=("sub/",)) == ["a.md", "b.txt", "odd[1].md", "ü ö.md"]
    assert uris(folder, include=("*.md",), exclude=("sub/**", "odd*")) == ["a.md", "ü ö.md"]
    assert uris(folder, include=(".hidden.md",)) == ["sub/.hidden.md"]


def test_a_name_keeps_its_identity_wherever_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    before = listing([parse_source(f"handbook={folder}")])["doc_id"]
    folder.rename(tmp_path / "elsewhere")
    assert listing([parse_source(f"handbook={tmp_path / 'elsewhere'}")])["doc_id"].equals(before)


def test_a_name_that_is_no_utf8_is_listed_and_read(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"coffee")
    source = parse_source(str(folder / "*.txt"))
    assert "caf\\xe9.txt" in listing([source])["uri"].to_pylist()
    assert source.read("caf\\xe9.txt") == b"coffee"


def test_links_to_files_count_and_circles_do_not_hang(folder: Path) -> None:
    (folder / "sub/loop").symlink_to(folder)
    (folder / "link.md").symlink_to(folder / "a.md")
    (folder / "dangling.md").symlink_to(folder / "nothing")
    assert [uri for uri in uris(folder) if "l" in uri] == ["link.md"]


def test_what_a_document_suffers_is_its_own(folder: Path) -> None:
    source = parse_source(str(folder))
    with pytest.raises(InputError, match="gone when it was read") as gone:
        source.read("nothing.md")
    assert gone.value.error_class == "vanished"
    with pytest.raises(InputError, match="not a regular file"):
        source.digest("sub")
    assert source.digest("a.md") == hashlib.sha256(b"a.md").hexdigest()


def test_a_missing_place_is_the_callers_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        parse_source(str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="no such folder"):
        parse_source(str(tmp_path / "nothing/*.md"))
    with pytest.raises(UsageError, match="can't open nope://"):
        listing([parse_source("nope://x")])


def test_memory_and_file_urls(folder: Path) -> None:
    fsspec.filesystem("memory").pipe("/quay/a/x.md", b"x")
    assert uris("memory://quay") == ["a/x.md"]
    assert uris("memory://quay/a/x.md") == ["x.md"]
    assert uris("memory://quay/**/*.txt") == []
    assert uris(f"file://{folder}/b.txt") == ["b.txt"]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def website(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_on_the_web(website: str) -> None:
    source = parse_source(f"{website}/sub/c.md")
    assert listing([source])["uri"].to_pylist() == ["c.md"]
    assert source.read("c.md") == b"sub/c.md"
    with pytest.raises(UsageError, match="no such source"):
        listing([parse_source(f"{website}/nothing.md")])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("sqllite:docs.db?table=docs", "no kind of source 'sqllite'.*; did you mean sqlite?"),
        ("books:docs", "no kind of source 'books'.*; `raglake sources kinds` lists them"),
        ("manual", "no such file or folder: .*/manual; did you mean manuals?"),
        ("manual/*.md", r"no such folder: .*/manual \(of .*\); did you mean manuals?"),
        ("sqlite:notes:1.db?tabel=docs", "sqlite sources have no option 'tabel'; did you mean table?"),
    ],
)
def test_a_slip_in_an_address_is_named_with_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, told: str
) -> None:
    (tmp_path / "manuals").mkdir()
    (tmp_path / "notes:1.db").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=told):
        listing([parse_source(address)])
    assert parse_source("notes:*.db").pattern == "notes:*.db"


def test_a_folder_that_vanishes_while_it_is_listed_is_no_listing(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.md").write_text("x")
    listed = parse_source(str(tmp_path)).list()
    assert next(listed).uri == "a.md"
    (tmp_path / "deep").rmdir()
    with pytest.raises(TransientError, match="vanished while its source was listed"):
        list(listed)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no files of the kernel on this machine")
@pytest.mark.parametrize("place", ["/proc/self/environ", "/proc/self/maps", "/proc/kmsg", "/sys/kernel/uevent_seqnum"])
def test_a_link_shows_nothing_that_only_this_process_knows(place: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(place)
    source = parse_source(str(tmp_path))
    for read in (source.read, source.digest):
        with pytest.raises(InputError) as refused:
            read("a.md")
        assert refused.value.error_class == "unreadable"


def test_a_file_that_never_ends_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_BYTES", 3 << 20)
    (tmp_path / "a.md").write_bytes(b"a" * (3 << 20))
    with (tmp_path / "sparse.md").open("wb") as sparse:
        sparse.truncate(1 << 40)
    source = parse_source(str(tmp_path))
    assert len(source.read("a.md")) == 3 << 20
    for read in (source.read, source.digest):
        with pytest.raises(InputError) as refused:
            read("sparse.md")
        assert refused.value.error_class == "too_large"
    remote = FsspecReader(f"local://{tmp_path}")
    assert len(remote.read("a.md")) == 3 << 20
    with pytest.raises(InputError):
        remote.read("sparse.md")


def test_a_folder_whose_path_is_too_long_to_be_opened_costs_itself(tmp_path: Path) -> None:
    """Whoever controls a source could stop all of it otherwise."""
    (tmp_path / "a.md").write_text("A text.")
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(25):
            os.mkdir("d" * 200, dir_fd=here)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)
    source = parse_source(str(tmp_path))
    found = sorted(listing([source])["uri"].to_pylist())
    assert (found[0], len(found)) == ("a.md", 2)
    with pytest.raises(InputError, match="File name too long"):
        source.read(found[1])
    shutil.rmtree(tmp_path / ("d" * 200))
