"""The commands that serve a lake: the HTTP service, and the server for agents that speak MCP."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

import lake as library
from flows.cli import log_lines
from flows.cli.declared import principals, with_options
from flows.cli.options import LakeOption
from flows.runtime import tracing
from lake.endpoints.deadline import deadline
from lake.errors import TransientError, UsageError
from lake.options import AnswerOptions, CacheOptions, SearchOptions, ServiceOptions
from lake.options.search import OWN
from lake.plugins.later import Later
from lake.sources.declared import EVERYTHING
from lake.storage.pushed import checked_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.adapters.access import Access
    from lake.answer import ChatModel, registry
    from lake.index import Index
    from lake.service.evaluation_routes import MeasuredLake
    from lake.service.guard import Guard
    from lake.service.keys import KeyRing
    from lake.service.profiles import Profile
    from lake.service.traffic_split import Split
else:
    registry = Later("lake.answer.registry")

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
KeysOption = Annotated[str | None, typer.Option(help="JSON file of API keys. [RAGLAKE_API_KEYS]")]
OpenOption = Annotated[bool, typer.Option("--open", help="Allow requests from other machines without a key.")]
_AS = "User or group to search as when no API key is used; repeatable. [unrestricted documents only]"
AsOption = Annotated[list[str] | None, typer.Option("--as", help=_AS)]
_CHAT = "Chat model for answers: PROVIDER:MODEL, such as openai:gpt-4.1-mini. [RAGLAKE_CHAT_MODEL]"
_AB = "RELEASE=SHARE or PROFILE.json=SHARE: the share of sessions that it answers; live answers the rest. Repeatable."
_PROFILE = "JSON file of options that a request may choose by the file's name; repeatable."
ProfileOption = Annotated[list[str] | None, typer.Option("--profile", help=_PROFILE)]
#: Options of answers that no request can set.
_ANSWERING = ("budget_tokens", "max_tokens", "min_evidence", "check", "link_template", "prompts")
_QUERY_LOG = "Keep questions and what was found in the lake, as `raglake config show` states under query_log."
_OPERATOR = "Allow callers without a key, who are on this machine, to publish, roll back, pin and name releases."
_ERASES = "Allow them to erase documents for good as well; with --operator and --as '*'."
_WRITES = "Pushed source whose documents callers without a key, on this machine, may store and delete. Repeatable."
_SOURCE = "Where a source lies that was named, for pictures of its PDFs' pages: NAME=FOLDER or a URL. Repeatable."
SourceOption = Annotated[list[str] | None, typer.Option("--source", help=_SOURCE)]
_CONSOLE = "Also serve pages for people, at /console."
OperatorOption = Annotated[bool, typer.Option("--operator", help=_OPERATOR)]
ErasesOption = Annotated[bool, typer.Option("--erases", help=_ERASES)]
#: Seconds to wait for the lake before the service listens without it.
_MOMENT = 1.5


@with_options
def serve(
    lake: LakeOption,
    options: Annotated[dict[str, Any], SearchOptions, ("rerank", "rerank_depth", "rerank_weight")],
    cache: Annotated[dict[str, Any], CacheOptions],
    limits: Annotated[dict[str, Any], ServiceOptions],
    answers: Annotated[dict[str, Any], AnswerOptions, _ANSWERING],
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    keys: KeysOption = None,
    is_open: OpenOption = False,
    as_: AsOption = None,
    model: Annotated[str | None, typer.Option(help=_CHAT)] = None,
    ab: Annotated[list[str] | None, typer.Option("--ab", help=_AB)] = None,
    query_log: Annotated[bool, typer.Option("--query-log", help=_QUERY_LOG)] = False,
    console: Annotated[bool, typer.Option("--console", help=_CONSOLE)] = False,
    operator: OperatorOption = False,
    erases: ErasesOption = False,
    writes: Annotated[list[str] | None, typer.Option("--writes", help=_WRITES)] = None,
    profile: ProfileOption = None,
    source: SourceOption = None,
) -> None:
    """Serve search and answers over HTTP."""
    from lake.service import app, capacity, cross_origin, processes, profiles, server

    tracing.start()
    ring = _key_ring(keys, as_, operator=operator, erases=erases, writes=writes or ())
    chosen = ServiceOptions(**limits)
    server.check_openness(host, ring, is_open)
    words: dict[str, Any] = {"origins": cross_origin.checked_origins(chosen.cors, ring, is_open), "options": options}
    words["sources"] = _places(source or ())
    index = library.open_lake(lake, cache=CacheOptions(**cache), stale_for=chosen.stale_for, wait=_MOMENT)
    words |= {"chat": _chat_now_or_later(model, index), "split": _split(index, ab), "query_log": query_log}
    words |= {"answers": AnswerOptions(**answers), "profiles": _tried(index, profiles.read_profiles(profile or ()))}
    place = processes.WorkerPlace.of_this_process()
    listened = place.listened if place else server.listening(host, port)
    started = partial(_started, "/console" if console else "/docs", _state(index), server.address_of(listened))
    if place is None and chosen.processes > 1:
        processes.Supervisor(processes.same_command(), chosen.processes, listened).run(started)
        return
    words |= {"hosts": server.hosts_of(host, ring, is_open), "folder": place and place.folder}
    bounds = capacity.Capacity.of(chosen)
    guarded = app.create_app(index, ring, bounds, **words, measured=_measured(index))
    if console:
        _with_console(guarded, place.folder if place else None)
    server.serve(guarded, bounds, listened, started=place.ready if place else started)


def _places(words: Sequence[str]) -> dict[str, str]:
    """The places of named sources."""
    found = {name: place for name, _, place in (word.partition("=") for word in words)}
    if wrong := [name for name, place in found.items() if not (name and place)]:
        raise UsageError(f"--source {wrong[0]!r} is no NAME=FOLDER, such as --source manuals=/srv/manuals")
    return found


def _measured(index: Index) -> MeasuredLake:
    from expectations.report.measured import Measurements

    return Measurements(index)


def _with_console(app: Guard, folder: str | None) -> None:
    from lake.console.app import mount

    mount(app, folder)


def _started(docs: str, says: str, address: str) -> None:
    log_lines.written(f"listening on {address}, {says}; see {address}{docs} (Ctrl-C stops)")


def _state(index: Index) -> str:
    try:
        with deadline(_MOMENT):
            live = index.history().live
    except TransientError:
        return "the lake can't be reached yet"
    return f"live is {live.id}" if live else "nothing is published yet"


def _split(index: Index, words: list[str] | None) -> Split | None:
    """By ids, so that a name or a date means the same release for as long as the trial lasts.

    A lake that can't be reached leaves names and dates as they are.
    """
    from lake.service.traffic_split import parse_split

    if not words:
        return None
    split = parse_split(words)
    try:
        with deadline(_MOMENT):
            _try_profiles(index, split.profiles)
            return split.with_releases({name: index.release(name).id for name in split.releases})
    except TransientError:
        return split


def _tried(index: Index, profiles: dict[str, Profile]) -> dict[str, Profile]:
    """The profiles, each of which live can be searched by; raises UsageError otherwise."""
    with suppress(TransientError), deadline(_MOMENT):
        _try_profiles(index, profiles)
    return profiles


def _if_possible(index: Index, profiles: dict[str, Profile]) -> dict[str, Profile]:
    """The profiles if live can be searched by them, else none: to rerank by its own model is not for every lake."""
    try:
        return _tried(index, profiles)
    except UsageError:
        return {}


def _try_profiles(index: Index, profiles: Mapping[str, Profile]) -> None:
    """Raises UsageError for a profile that can't be searched by, since requests would get errors."""
    for name, profile in profiles.items() if index.history().live else ():
        try:
            index.search("a search on trial", 1, **profile.search)
        except UsageError as error:
            raise UsageError(f"the profile {name} can't be tried: {error}") from error


def console(
    lake: LakeOption,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 chooses a free one.")] = 0,
    as_: AsOption = None,
    model: Annotated[str | None, typer.Option(help=_CHAT)] = None,
    operator: OperatorOption = False,
    erases: ErasesOption = False,
    profile: ProfileOption = None,
    source: SourceOption = None,
    browse: Annotated[bool, typer.Option("--browse", help="Open the pages in a browser.")] = False,
) -> None:
    """Show pages about the lake on this machine, for a browser."""
    from lake.service import app, capacity, profiles, server

    ring = _key_ring(None, as_, operator=operator, erases=erases)
    if ring.keys:
        raise UsageError("this command is for this machine alone; unset RAGLAKE_API_KEYS, or use `raglake serve`")
    index = library.open_lake(lake, cache=CacheOptions(), wait=_MOMENT)
    places = _places(source or ())
    listened, bounds = server.listening("127.0.0.1", port), capacity.Capacity()
    hosts = server.hosts_of("127.0.0.1", ring, is_open=False)
    chat = _chat_now_or_later(model, index)
    words: dict[str, Any] = {"chat": chat, "hosts": hosts, "measured": _measured(index), "sources": places}
    usual = {"reranked": profiles.Profile({"rerank": OWN})}
    offered = _tried(index, profiles.read_profiles(profile)) if profile else _if_possible(index, usual)
    guarded = app.create_app(index, ring, bounds, **words, profiles=offered)
    _with_console(guarded, None)
    address = server.address_of(listened)

    def started() -> None:
        _started("/console", _state(index), address)
        if browse:
            typer.launch(f"{address}/console")

    server.serve(guarded, bounds, listened, started=started, logs_access=False)


def mcp(
    lake: LakeOption,
    http: Annotated[bool, typer.Option("--http", help="Listen on HTTP at /mcp instead of stdio.")] = False,
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8001,
    keys: KeysOption = None,
    is_open: OpenOption = False,
    as_: AsOption = None,
    model: Annotated[str | None, typer.Option(help=_CHAT)] = None,
    at: Annotated[str, typer.Option(help="Serve this release: live, an id, a name, a date or a time.")] = "live",
) -> None:
    """Serve the lake to agents over the Model Context Protocol."""
    from lake.adapters.access import Access

    access = Access.open(lake, principals(as_), at)
    module = mcp_module()
    if http:
        _listen_for_agents(access, _chat(model, access.index), host, port, _key_ring(keys, as_), is_open)
    else:
        module.mcp_server(access, _chat(model, access.index)).run("stdio")


def _listen_for_agents(
    access: Access, chat: ChatModel | None, host: str, port: int, ring: KeyRing, is_open: bool
) -> None:
    from lake.service import agents, capacity, guard, server

    server.check_openness(host, ring, is_open)
    bounds = capacity.Capacity()
    app = agents.http_app(access, chat, bounds)
    guarded = guard.Guard(app, ring, bounds, lambda *_: None, server.hosts_of(host, ring, is_open))
    listened = server.listening(host, port)
    started = partial(_started, "/mcp", "for agents", server.address_of(listened))
    server.serve(guarded, bounds, listened, started=started)


def mcp_module() -> ModuleType:
    """UsageError if the extra is not installed."""
    try:
        from lake.adapters import mcp as module
    except ImportError as missing:
        raise UsageError(f"{missing}; pip install 'raglake[mcp]'") from missing
    return module


def _key_ring(
    path: str | None,
    names: list[str] | None,
    *,
    operator: bool = False,
    erases: bool = False,
    writes: Sequence[str] = (),
) -> KeyRing:
    from lake.service.keys import Key, KeyRing, load_keys

    keys = load_keys(path)
    given = (("operator", operator, "true"), ("erases", erases, "true"), ("writes", writes, '["SOURCE"]'))
    for name, is_given, value in given if keys else ():
        if is_given:
            raise UsageError(f'--{name} is for a service without keys; give one of the keys "{name}": {value}')
    allowed = principals(names)
    allows = allowed if isinstance(allowed, str) else tuple(allowed)
    if erases and not (operator and allows == EVERYTHING):
        raise UsageError("--erases is for operators who see everything; add --operator and --as '*'")
    words: dict[str, Any] = {"operator": operator, "erases": erases, "writes": tuple(map(checked_source, writes))}
    anonymous = Key("anonymous", principals=allows, **words)
    return KeyRing(keys, None if keys else anonymous)


def _chat_now_or_later(name: str | None, index: Index) -> ChatModel | None:
    """The chat model; if the lake, which may state its endpoint, can't be reached yet, each answer looks it up."""
    try:
        with deadline(_MOMENT):
            return _chat(name, index)
    except TransientError:
        if name is not None:
            os.environ["RAGLAKE_CHAT_MODEL"] = name
        return None


def _chat(name: str | None, index: Index) -> ChatModel | None:
    """The chat model at the lake's endpoint, None if none is set."""
    try:
        with index.using_endpoints():
            return registry.load_chat(name)
    except registry.NoChatModelError:
        return None


COMMANDS = (serve, console, mcp)
