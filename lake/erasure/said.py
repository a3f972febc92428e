"""What reasons, the log and the configuration say of what is to be erased."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from socket import gethostname

import pyarrow as pa

from lake import schemas
from lake.directory import Lake, configuration
from lake.erasure.decode import strings_of_json
from lake.erasure.scope import ErasureScope
from lake.erasure.verification import Terms, occurring, words_of
from lake.errors import UsageError
from lake.releases.history import History
from lake.releases.log import own_name

#: Words that reasons are made of. Alone, as a title, tag or text, they tell no document from another one.
_REASONS = """
access article by case claim client complaint consent contract copy court customer data deleted deletion document draft
duplicate employee erase erased erasure error expired file forget gdpr incident law lawyer leak legal letter mail
mistake order outdated owner page paper personal policy privacy private record removal removed request retention right
rights secret test ticket upload uploaded user withdrawn wrong
"""
_ORDINARY = frozenset(_REASONS.split())
_INNER_WORD = re.compile(r"(?<=[^\W_][\s,;:(\"'-])[^\W\d_]+")
#: What an erasure writes itself: its lease, and its entry beside the reason.
_OF_ERASURE = ("raglake forget", "forget", "changed", "n_documents", "n_releases")
#: Names of columns, which all files of rows state.
_COLUMNS = frozenset(name for one in vars(schemas).values() if isinstance(one, pa.Schema) for name in one.names)


def less_said(history: History, erased: ErasureScope, by: str | None) -> ErasureScope:
    """The scope without texts that the lake says by itself, and without ordinary words.

    Who acted may be the author of a document, a release may have the name of its title, and a title may be a word of
    raglake's own. The lake keeps these words whatever is erased.
    """
    said = [by or own_name(), gethostname(), *_OF_ERASURE, *_COLUMNS, *_beside_reasons(history)]
    texts = occurring(erased.terms, said).texts
    texts |= {text for text in erased.terms.texts if text.lower() in _ORDINARY}
    return replace(erased, terms=replace(erased.terms, texts=erased.terms.texts - texts))


def _beside_reasons(history: History) -> Iterator[str]:
    for entry in history.entries:
        yield from strings_of_json({**entry.to_json(), "why": ""})


def naming(terms: Terms) -> Callable[[str], bool]:
    """Whether a reason names what is to be erased."""

    def names(why: str) -> bool:
        # A name by itself is told by its capital, and by standing in no other document.
        capitals = {word for word in _INNER_WORD.findall(why) if word[:1].isupper()}
        if (words_of(" ".join(capitals)) & terms.words) - _ORDINARY:
            return True
        # Terms of a few letters are found if they are a whole string.
        found = occurring(terms, [why, *(word.strip(".,;:!?'\"()") for word in why.split())])
        return bool(found.ids or found.texts)

    return names


def check_said(lake: Lake, erased: ErasureScope, why: str) -> None:
    """Raises UsageError, before anything is written, if the configuration or the reason names what is to be erased."""
    if naming(erased.terms)(why):
        raise UsageError(
            "the reason names what is to be erased, and the log keeps it; name no person, document, title or tag in "
            "it, but for instance the number of a ticket: request 4711; nothing is erased yet"
        )
    found = occurring(erased.terms, list(strings_of_json(configuration.said(lake.store))))
    if found.ids or found.texts:
        raise UsageError(
            f"{configuration.FILE} of {lake.url} speaks of what is to be erased, for instance in a filter of gate.how; "
            "take it out with `raglake config set` or `raglake config unset`, then forget again; nothing is erased yet"
        )
