"""The MCP server under the real client: in the process, as a process on stdio, and over HTTP with API keys."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

import lake
from lake.adapters.access import Access
from lake.answer import load_chat
from lake.service.capacity import Capacity
from lake.service.guard import Guard
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.server import configured
from tests.lake.adapters.conftest import QUESTION
from tests.lake.answer.conftest import ChatEndpoint
from tests.late_imports import Late, needs
from tests.waiting import free_port

if TYPE_CHECKING:
    from mcp import Client

pytestmark = needs("mcp")
httpx2, mcp, transport = Late("httpx2"), Late("mcp"), Late("mcp.client.streamable_http")
adapter, agents = Late("lake.adapters.mcp"), Late("lake.service.agents")
Releases = tuple[str, str, str]


async def called(client: Client, name: str, **arguments: Any) -> Any:
    """What a tool gives, or the words of its refusal."""
    result = await client.call_tool(name, arguments)
    return result.content[0].text if result.is_error else result.structured_content  # type: ignore[union-attr]


async def tried(client: Client, releases: Releases) -> None:
    """What every transport must do."""
    url, before, after = releases
    offered = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(offered) == {"search", "get_document", "list_releases"}
    assert set(offered["search"].input_schema["properties"]) == {"query", "k", "at", "filters"}
    found = await called(client, "search", query=QUESTION, k=3)
    assert found["release"] == after
    texts = lake.open_lake(url).search(QUESTION, 3)["text"].to_pylist()
    assert [passage["text"] for passage in found["passages"]] == texts
    assert (await called(client, "search", query="whale oil", at=before))["release"] == before
    only = await called(client, "search", query=QUESTION, filters={"media_type": "text/plain"})
    assert [passage["uri"] for passage in only["passages"]] == ["7.txt"]
    doc_id = found["passages"][0]["doc_id"]
    read = await called(client, "get_document", doc_id=doc_id)
    assert "".join(section["text"] for section in read["sections"]) in texts[0]
    as_resource = await client.read_resource(f"raglake://documents/{doc_id}")
    assert as_resource.contents[0].text == texts[0]  # type: ignore[union-attr]
    assert [row["release"] for row in (await called(client, "list_releases"))["releases"]] == [before, after]


async def refused(client: Client) -> None:
    for words, reason in (
        ({"query": "?!"}, "no word"),
        ({"query": "lamp", "at": "tomorrow"}, "no release"),
        ({"query": "lamp", "filters": {"colour": "red"}}, "no column 'colour'"),
    ):
        assert reason in await called(client, "search", **words)
    assert "no document" in await called(client, "get_document", doc_id="x' OR '1'='1")
    with pytest.raises(mcp.MCPError, match="no document"):
        await client.read_resource("raglake://documents/0123456789abcdef")


async def finds_payroll(client: Client) -> bool:
    """Also where the model claims to be somebody."""
    plain = await called(client, "search", query="ducats", k=20)
    claimed = await client.call_tool("search", {"query": "ducats", "k": 20, "principals": ["hr"]})
    seen = "earns 7 ducats" in str(plain)
    assert ("earns 7 ducats" in str(claimed.content)) == seen
    return seen


def test_tools_in_the_process(two_releases: Releases, caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> None:
        async with mcp.Client(adapter.mcp_server(Access.open(two_releases[0]))) as client:
            await tried(client, two_releases)
            await refused(client)
            assert not await finds_payroll(client)
        async with mcp.Client(adapter.mcp_server(Access.open(two_releases[0], ["hr"], two_releases[1]))) as client:
            assert await finds_payroll(client)
            with pytest.raises(mcp.MCPError, match="no prompt 'poem'"):
                await client.get_prompt("poem")
            assert not [record for record in caplog.records if record.exc_info]
            assert "is fixed to release" in await called(client, "search", query="lamp", at="live")

    asyncio.run(talk())


def test_a_process_on_stdio(two_releases: Releases) -> None:
    arguments = ["-m", "flows", "mcp", "--lake", two_releases[0], "--as", "hr"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3])}

    async def talk() -> None:
        process = mcp.StdioServerParameters(command=sys.executable, args=arguments, env=environment)
        async with mcp.Client(process) as client:
            await tried(client, two_releases)
            assert await finds_payroll(client)

    asyncio.run(talk())


@contextmanager
def listening(url: str, keys: KeyRing, **bounds: float) -> Iterator[str]:
    inner = agents.http_app(Access.open(url), bounds=Capacity(**bounds))  # type: ignore[arg-type]
    app = Guard(inner, keys, Capacity(rate=1000, burst=1000), lambda *_: None)
    port = free_port()
    server = uvicorn.Server(configured(app, Capacity(), "127.0.0.1", port))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    thread.join()


def test_over_http_each_key_has_its_own_rights(two_releases: Releases) -> None:
    personnel, public = "p" * 20, "q" * 20
    keys = KeyRing(
        [Key("personnel", digest_of(personnel), ("hr",)), Key("public", digest_of(public), options=("filters",))]
    )

    async def with_key(url: str, key: str, talk: Any) -> Any:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"})
        async with http, mcp.Client(transport.streamable_http_client(url, http_client=http)) as client:
            return await talk(client)

    with listening(two_releases[0], keys) as url:
        asyncio.run(with_key(url, personnel, lambda client: tried(client, two_releases)))
        assert asyncio.run(with_key(url, personnel, finds_payroll))
        assert not asyncio.run(with_key(url, public, finds_payroll))
        words = {"query": "lamp", "at": two_releases[1]}
        told = asyncio.run(with_key(url, public, lambda client: called(client, "search", **words)))
        assert "does not allow ['at']" in told
        by_name = {"Authorization": f"Bearer {public}", "Host": "library.example", "Accept": "application/json"}
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        assert httpx2.post(url, json=asked, headers=by_name).status_code == 200
        for headers in ({}, {"Authorization": "Bearer " + "wrong" * 5}):
            assert httpx2.post(url, json={}, headers=headers).status_code == 401


def test_with_a_chat_model_it_answers(two_releases: Releases, endpoint: ChatEndpoint) -> None:
    endpoint.replies = deque(["Olive oil, says Lamp 7 [1]."])
    server = adapter.mcp_server(Access.open(two_releases[0]), load_chat("openai:gpt-4o-mini"))

    async def talk() -> Any:
        async with mcp.Client(server) as client:
            return await called(client, "answer", question="Lamp 7 burns olive oil, which lamp burns olive oil?")

    told = asyncio.run(talk())
    assert told["release"] == two_releases[2]
    assert told["text"] == "Olive oil, says Lamp 7 [1]."
    assert "olive oil" in told["sources"][0]["text"]


def test_a_call_over_http_ends_with_its_time(two_releases: Releases) -> None:
    async def talk(url: str) -> list[str]:
        async with mcp.Client(transport.streamable_http_client(url)) as client:
            calls = {"search": {"query": "lamp"}, "get_document": {"doc_id": "0"}, "list_releases": {}}
            return [await called(client, name, **words) for name, words in calls.items()]

    with listening(two_releases[0], KeyRing(anonymous=Key("anonymous")), seconds=1e-6) as url:
        for told in asyncio.run(talk(url)):
            assert "no answer within" in told or "overloaded" in told
