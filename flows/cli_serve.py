"""The commands that let others ask: the HTTP service, and the server for agents that speak MCP."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_options import LakeOption
from lake.errors import UsageError

if TYPE_CHECKING:
    from lake.adapters.access import Access
    from lake.service.keys import KeyRing

HostOption = Annotated[str, typer.Option(help="The address to listen on.")]
KeysOption = Annotated[str | None, typer.Option(help="JSON file of API keys. [RAGLAKE_API_KEYS]")]
OpenOption = Annotated[bool, typer.Option("--open", help="Let others than this machine ask without a key.")]
PrincipalOption = Annotated[
    list[str] | None, typer.Option("--principal", help="Whose documents may be seen without a key; several allowed.")
]
_SECONDS = "Seconds until a search is given up."


def serve(
    lake: LakeOption,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    keys: KeysOption = None,
    is_open: OpenOption = False,
    principal: PrincipalOption = None,
    threads: Annotated[int, typer.Option(help="Questions at work at a time.", min=1)] = 4,
    waiting: Annotated[int, typer.Option(help="Questions in line for a thread; more are refused.", min=0)] = 64,
    seconds: Annotated[float, typer.Option(help=_SECONDS)] = 20.0,
    rate: Annotated[float, typer.Option(help="Requests per second of a key that says nothing else.")] = 20.0,
    max_k: Annotated[int, typer.Option(help="Most passages of one response.", min=1)] = 100,
) -> None:
    """Answer questions over HTTP."""
    from lake.query import open_lake
    from lake.service.app import create_app
    from lake.service.bounds import Bounds
    from lake.service.server import check_openness, hosts_of
    from lake.service.server import serve as listen

    ring = _key_ring(keys, principal)
    check_openness(host, ring, is_open)
    bounds = Bounds(
        n_threads=threads, n_waiting=waiting, seconds=seconds, rate=rate, burst=int(2 * rate) or 1, max_k=max_k
    )
    listen(create_app(open_lake(lake), ring, bounds, hosts=hosts_of(host, ring, is_open)), bounds, host, port)


def mcp(
    lake: LakeOption,
    http: Annotated[
        bool, typer.Option("--http", help="Listen for streamable HTTP at /mcp; else speak on stdio.")
    ] = False,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8001,
    keys: KeysOption = None,
    is_open: OpenOption = False,
    principal: PrincipalOption = None,
    at: Annotated[str, typer.Option(help="Stay with a release, by id, name, date or time.")] = "live",
) -> None:
    """Let agents search the lake through the Model Context Protocol."""
    from lake.adapters.access import Access

    access = Access.open(lake, tuple(principal or ()), at)
    if http:
        _listen_for_agents(access, host, port, _key_ring(keys, principal), is_open)
    else:
        mcp_module().mcp_server(access).run("stdio")


def _listen_for_agents(access: Access, host: str, port: int, ring: KeyRing, is_open: bool) -> None:
    from lake.service.bounds import Bounds
    from lake.service.guard import Guard
    from lake.service.server import check_openness, hosts_of
    from lake.service.server import serve as listen

    check_openness(host, ring, is_open)
    bounds = Bounds()
    app = mcp_module().http_app(access)
    listen(Guard(app, ring, bounds, lambda *_: None, hosts_of(host, ring, is_open)), bounds, host, port)


def mcp_module() -> ModuleType:
    """UsageError where the extra is not installed."""
    try:
        from lake.adapters import mcp as module
    except ImportError as missing:
        raise UsageError(f"{missing}; pip install 'raglake[mcp]'") from missing
    return module


def _key_ring(path: str | None, principals: list[str] | None) -> KeyRing:
    from lake.service.keys import Key, KeyRing, load_keys

    keys = load_keys(path)
    return KeyRing(keys, None if keys else Key("anonymous", principals=tuple(principals or ())))


COMMANDS = (serve, mcp)
