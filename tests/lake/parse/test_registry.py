"""Suffixes, versions and media types; importing the package stays cheap."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pytest

from lake.errors import InputError
from lake.ingest.plan import parser_and_suffix
from lake.parse import media_type_of, parse, parser_of, parser_versions

LIBRARIES = (
    "unstructured",
    "lxml",
    "pypdfium2",
    "polars",
    "fastexcel",
    "tree_sitter",
    "markdown_it",
    "docutils",
    "selectolax",
    "yaml",
)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("a/B.MD", "markdown"),
        ("Makefile", "code"),
        ("docs/LICENSE", "text"),
        ("x.tar.gz", "legacy"),
        ("data.CSV.gz", "sheets"),
        ("drawing.svgz", "svg"),
        ("x.gz", None),
        ("x.md.gz.gz", None),
        ("photo.png", "pictures"),
        ("photo.xcf", None),
        ("no-suffix", None),
        ("legacy.ppt", "legacy"),
        ("x.ipynb", "json_text"),
    ],
)
def test_suffixes_choose_the_parser(uri: str, name: str | None) -> None:
    parser = parser_of(uri)
    assert (parser.name if parser else None) == name


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", partial(pa.compress, codec="zstd", asbytes=True)),
        (".lz4", partial(pa.compress, codec="lz4", asbytes=True)),
    ],
)
def test_a_compressed_document_is_read_as_what_is_inside(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    data = pack(b"# Pumps\n\nOil") + pack(b" every 400 hours.\n")
    assert replace(parse(data, f"a.md{suffix}"), language=None) == replace(
        parse(b"# Pumps\n\nOil every 400 hours.\n", "a.md"), language=None
    )
    assert parse(b"# Pumps\n\nUnpacked on the way.\n", f"a.md{suffix}").text.endswith("way.\n")
    assert parser_and_suffix(f"docs/a.MD{suffix.upper()}") == ("markdown", f".md{suffix}")
    assert media_type_of(f"a.md{suffix}") == "text/markdown"
    for broken, error_class in (
        (data[:20], "truncated"),
        (bytes(range(256)), "garbage"),
        (pack(b""), "empty"),
        (pack(bytes(11 << 20)), "zip_bomb"),
    ):
        with pytest.raises(InputError) as error:
            parse(broken, f"a.md{suffix}")
        assert error.value.error_class == error_class


def test_versions_name_the_libraries_that_decide_the_text() -> None:
    versions = parser_versions()
    assert "+pypdfium2-" in versions["pdf"]
    assert "selectolax-" in versions["html"]
    assert "unstructured-" in versions["office"]
    assert not [version for version in versions.values() if "missing" in version]
    parser = parser_of("a.md")
    assert parser is not None
    assert parser.version == versions["markdown"]


def test_media_types_come_from_our_own_table() -> None:
    assert media_type_of("a.docx").endswith("wordprocessingml.document")
    assert media_type_of("a.MD") == "text/markdown"
    assert media_type_of("README") == "text/plain"
    assert media_type_of("a.bin") == "application/octet-stream"


def test_importing_the_package_imports_no_parser_library() -> None:
    code = "import sys, json, lake.parse; lake.parse.parser_of('a.pdf'); print(json.dumps(list(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert not [name for name in LIBRARIES if name in loaded]


def test_the_stub_offers_what_the_tokenizer_module_of_unstructured_offers() -> None:
    """A new release with other names must not meet a stub that lacks them."""
    import ast
    import importlib.util
    from pathlib import Path

    from lake.patches.unstructured_tokenizer import install_stub

    install_stub()
    spec = importlib.util.find_spec("unstructured")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse((Path(spec.origin).parent / "nlp" / "tokenize.py").read_text())
    public = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
    assert public == {"sent_tokenize", "word_tokenize", "pos_tag"}
