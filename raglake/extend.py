"""What a plugin package imports; ``docs/extending.md`` shows one of each kind.

A name is imported when it is first used, so that a parser does not load what an embedder needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel as ChatModel
    from lake.answer.chat import Completion as Completion
    from lake.answer.chat import Message as Message
    from lake.destinations.destination import Destination as Destination
    from lake.destinations.destination import DifferenceStore as DifferenceStore
    from lake.destinations.destination import HeldState as HeldState
    from lake.destinations.destination import ReleaseTables as ReleaseTables
    from lake.destinations.destination import VectorRows as VectorRows
    from lake.destinations.destination import Written as Written
    from lake.destinations.destination import foreign as foreign
    from lake.embed.base import Embedder as Embedder
    from lake.embed.families import EmbedderFamily as EmbedderFamily
    from lake.endpoints.usage import Usage as Usage
    from lake.errors import ContractError as ContractError
    from lake.errors import InputError as InputError
    from lake.errors import TransientError as TransientError
    from lake.errors import UsageError as UsageError
    from lake.parse.canonical import TextWriter as TextWriter
    from lake.parse.document import Block as Block
    from lake.parse.document import Omission as Omission
    from lake.parse.document import ParsedDocument as ParsedDocument
    from lake.parse.parser import Parser as Parser
    from lake.parse.text import decode as decode
    from lake.recipe import EmbedderIdentity as EmbedderIdentity
    from lake.search.rerank import Reranker as Reranker
    from lake.sources.events.stream import Event as Event
    from lake.sources.events.stream import EventsLost as EventsLost
    from lake.sources.events.stream import EventStream as EventStream
    from lake.sources.protocol import Cursor as Cursor
    from lake.sources.protocol import CursorLost as CursorLost
    from lake.sources.protocol import Removal as Removal
    from lake.sources.protocol import SourceFile as SourceFile
    from lake.sources.protocol import SourceReader as SourceReader
    from lake.storage.secrets import resolved as resolved

_HOMES = {
    "lake.answer.chat": ("ChatModel", "Completion", "Message"),
    "lake.destinations.destination": (
        *("Destination", "DifferenceStore", "HeldState", "ReleaseTables", "VectorRows", "Written", "foreign"),
    ),
    "lake.embed.base": ("Embedder",),
    "lake.embed.families": ("EmbedderFamily",),
    "lake.endpoints.usage": ("Usage",),
    "lake.errors": ("ContractError", "InputError", "TransientError", "UsageError"),
    "lake.sources.events.stream": ("Event", "EventStream", "EventsLost"),
    "lake.parse.canonical": ("TextWriter",),
    "lake.parse.document": ("Block", "Omission", "ParsedDocument"),
    "lake.parse.parser": ("Parser",),
    "lake.parse.text": ("decode",),
    "lake.recipe": ("EmbedderIdentity",),
    "lake.search.rerank": ("Reranker",),
    "lake.sources.protocol": ("Cursor", "CursorLost", "Removal", "SourceFile", "SourceReader"),
    "lake.storage.secrets": ("resolved",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __dir__() -> list[str]:
    return sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
