"""What is registered by name: ours as pyproject.toml declares it, and what goes wrong with others."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake import plugins
from lake.answer.registry import load_chat
from lake.destinations.opening import open_destination
from lake.embed import identify, load_embedder
from lake.errors import ContractError, InputError, UsageError
from lake.ingest.plan import _parser_and_suffix
from lake.inspect.plugins import described
from lake.parse import Parser, media_type_of, parse, parser_of, parser_versions, registry
from lake.search.rerank import load_reranker, reranker_scores
from lake.sources.source import parse_source
from tests.house import ROOT
from tests.plugin_packages import unpack

CACHES = (plugins.installed, registry._plugins, registry.parsers_by_suffix, _parser_and_suffix)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, in which packages are installed before anything is looked up."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for cache in CACHES:
        cache.cache_clear()
    yield tmp_path
    for cache in CACHES:
        cache.cache_clear()
    for name in [
        name for name, module in sys.modules.items() if str(tmp_path) in (getattr(module, "__file__", "") or "")
    ]:
        del sys.modules[name]


def problems() -> dict[str, str]:
    return {row["name"]: row["problem"] for row in described() if row["problem"]}


def test_pyproject_declares_what_is_looked_up() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    declared.pop("prefect.collections")  # blocks, which Prefect looks up
    assert declared == {f"raglake.{kind}": targets for kind, targets in plugins.OURS.items()}
    assert list(plugins.KINDS) == list(plugins.OURS)


def test_each_of_ours_is_there(site: Path) -> None:
    for plugin in plugins.ours():
        assert plugin.load() is not None
    assert parser_versions().keys() == plugins.OURS["parsers"].keys()


def test_ours_are_found_without_a_scan() -> None:
    program = (
        "import sys, raglake, raglake.extend, lake, lake.embed, lake.answer.registry, lake.search.rerank;"
        "from lake.plugins import registry, load;"
        "[lake.embed.identify(name) for name in ('hash', 'openai:text-embedding-3-small')];"
        "load('sources', 's3'), load('destinations', 'parquet');"
        "print(registry.installed.cache_info().misses, 'raglake.extend' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == ["0", "True"]


def test_a_broken_plugin_names_its_package_and_breaks_no_other(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    unpack(site, "bad-luck", "0.7", {"parsers:bad": "bad_luck:parser", "embedders:bad": "bad_luck:x"}, "import nowhere")
    unpack(
        site,
        "fine",
        "1.0",
        {"parsers:fine": "fine:parser"},
        PARSER.format(name="fine", suffix=".fine", returns=DOCUMENT),
    )
    assert parser_versions()["fine"] == "3"
    assert parse(b"x", "a.fine").text == "made"
    assert (
        "the parser 'bad' of bad-luck 0.7 can't be loaded: ModuleNotFoundError: No module named 'nowhere'"
        in caplog.text
    )
    with pytest.raises(ContractError, match=r"the embedder 'bad' of bad-luck 0\.7 can't be loaded.*uninstall bad-luck"):
        load_embedder("bad")
    assert load_embedder("hash").identity == identify("hash")
    assert problems().keys() == {"bad"}


@pytest.mark.parametrize(
    ("module", "problem"),
    [("made = None", "must be callable, got None"), ("raise SystemExit(3)", "can't be loaded: SystemExit: 3")],
)
@pytest.mark.parametrize("kind", ["chat_models", "rerankers", "sources", "destinations"])
def test_what_can_t_be_called_is_named(site: Path, kind: str, module: str, problem: str) -> None:
    unpack(site, "bad-call", "0.2", {f"{kind}:bad": "bad_call:made"}, module)
    with pytest.raises(ContractError, match=re.escape(f"'bad' of bad-call 0.2 {problem}")):
        plugins.load(kind, "bad")


@pytest.mark.parametrize("scores", ["[float('nan')] * len(texts)", "[1.0]", "None"])
def test_a_reranker_s_scores_are_checked(site: Path, scores: str) -> None:
    code = f"class Made:\n    def __init__(self, model): ...\n    def scores(self, question, texts): return {scores}"
    unpack(site, "bad-scores", "0.2", {"rerankers:bad": "bad_scores:Made"}, code)
    with pytest.raises(ContractError, match="must give each of 2 texts a finite score"):
        reranker_scores(f"bad:{scores}", "a question", ["one", "two"])


def test_plugins_can_be_turned_off(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack(site, "mine", "1.0", {"embedders:mine": "mine:family"})
    monkeypatch.setenv("RAGLAKE_PLUGINS", "off")
    with pytest.raises(UsageError, match=r"no embedder 'mine'; choose one of .*, hash or PROVIDER"):
        identify("mine")


def test_two_packages_of_one_name_are_both_named(site: Path) -> None:
    for package in ("one", "two"):
        unpack(site, package, "1.0", {"chat_models:echo": f"{package}:chat"}, "def chat(model): return model")
    with pytest.raises(
        UsageError, match=r"one 1\.0 and two 1\.0 each register a chat model 'echo'; uninstall all but one"
    ):
        load_chat("echo:x")
    assert problems().keys() == {"echo"}


def test_a_name_of_ours_stays_ours(site: Path) -> None:
    unpack(site, "thief", "1.0", {"embedders:hash": "thief:family", "parsers:pdf": "thief:parser"})
    assert load_embedder("hash").identity == identify("hash")
    assert parser_of("a.pdf") == plugins.load("parsers", "pdf")
    assert problems() == {
        "hash": "the embedder 'hash' of thief 1.0 is not used: that name is one of raglake's own; rename it",
        "pdf": "the parser 'pdf' of thief 1.0 is not used: that name is one of raglake's own; rename it",
    }


def test_a_wrong_name_lists_what_is_installed(site: Path) -> None:
    points = ("chat_models:mine", "rerankers:mine", "destinations:mine", "embedders:mine")
    unpack(site, "mine", "1.0", dict.fromkeys(points, "mine:x"), "x = 1")
    for call in (load_chat, load_reranker, open_destination, identify):
        with pytest.raises(UsageError, match="mine"):
            call("yours:x")


PARSER = """
from raglake.extend import Block, ParsedDocument, Parser

def parse(data, suffix):
    return {returns}

parser = Parser("{name}", "3", ("{suffix}",), parse, detects_language=False, media_type="text/x-{name}")
"""
DOCUMENT = 'ParsedDocument("made", (Block(0, 4, "paragraph"),))'


def test_a_plugin_s_parser_comes_before_ours(site: Path) -> None:
    unpack(
        site,
        "better",
        "1.0",
        {"parsers:better": "better:parser"},
        PARSER.format(name="better", suffix=".md", returns=DOCUMENT),
    )
    parser = parser_of("a.md")
    assert isinstance(parser, Parser)
    assert (parser.name, parser.version, media_type_of("a.md")) == ("better", "3", "text/x-better")
    assert parse(b"x", "a.md").text == "made"
    assert parse(b"x", "a.markdown").text == "x"


def test_two_plugins_that_read_one_suffix_are_both_named(site: Path) -> None:
    for name in ("one", "two"):
        unpack(
            site,
            name,
            "1.0",
            {f"parsers:{name}": f"{name}:parser"},
            PARSER.format(name=name, suffix=".x", returns=DOCUMENT),
        )
    with pytest.raises(UsageError, match=r"the parsers 'one' and 'two' both read \.x"):
        parser_of("a.md")


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        ("data", "it returned bytes instead of a ParsedDocument"),
        ('ParsedDocument("ab", (Block(0, 1, "paragraph"),))', "no block holds the text at 1:2"),
        (
            'ParsedDocument("ab", (Block(0, 3, "paragraph"),))',
            "the block at 0:3 overlaps another or ends after the text",
        ),
        ('ParsedDocument("a\\0", (Block(0, 2, "paragraph"),))', "its text holds a NUL character"),
        ('ParsedDocument("\\udc80", (Block(0, 1, "paragraph"),))', "surrogates not allowed"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_a_plugin_s_parser_returns_is_checked(site: Path, returns: str, reason: str) -> None:
    unpack(site, "odd", "1.0", {"parsers:odd": "odd:parser"}, PARSER.format(name="odd", suffix=".odd", returns=returns))
    with pytest.raises(InputError, match=reason) as raised:
        parse(b"x", "a.odd")
    assert raised.value.error_class == "crash"


SOURCE = """
from raglake.extend import SourceFile

class Place:
    def __init__(self, url): pass
    def list(self): return {files}
    def read(self, uri): return 1 / 0
"""


@pytest.mark.parametrize(
    "files", ['[SourceFile("a.md"), SourceFile("a.md")]', '[SourceFile("/a.md")]', '["a.md"]', '[SourceFile("")]']
)
def test_a_source_that_breaks_its_contract_is_named(site: Path, files: str) -> None:
    unpack(site, "odd", "1.0", {"sources:odd": "odd:Place"}, SOURCE.format(files=files))
    with pytest.raises(
        ContractError, match=r"the source 'odd' of odd 1\.0 listed .*not a SourceFile with a unique relative uri"
    ):
        list(parse_source("odd://x").list())


def test_hidden_files_of_a_source_are_left_out_unless_a_pattern_names_them(site: Path) -> None:
    files = '[SourceFile("a.md"), SourceFile(".trash/b.md"), SourceFile("a.md.meta.json")]'
    unpack(site, "odd", "1.0", {"sources:odd": "odd:Place"}, SOURCE.format(files=files))
    assert [found.uri for found in parse_source("odd://x?y=*").list()] == ["a.md", "a.md.meta.json"]
    assert len(list(parse_source("odd://x", include=[".trash/*"]).list())) == 2
