"""The commands that let others ask: the HTTP service, and the server for agents that speak MCP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli_options import LakeOption

if TYPE_CHECKING:
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
    bounds = Bounds(n_threads=threads, n_waiting=waiting, seconds=seconds, rate=rate, burst=int(2 * rate) or 1, max_k=max_k)
    listen(create_app(open_lake(lake), ring, bounds, hosts=hosts_of(host, ring, is_open)), bounds, host, port)


def _key_ring(path: str | None, principals: list[str] | None) -> KeyRing:
    from lake.service.keys import Key, KeyRing, load_keys

    keys = load_keys(path)
    return KeyRing(keys, None if keys else Key("anonymous", principals=tuple(principals or ())))


COMMANDS: tuple[Any, ...] = (serve,)
