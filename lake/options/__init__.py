"""Options of a search, a recipe and a run: each declared once, for every place that offers it."""

from __future__ import annotations

from lake.options.answer import AnswerOptions
from lake.options.boosts import Boosts
from lake.options.cache import CacheOptions
from lake.options.declaration import Option, option, options
from lake.options.query_log import QueryLogOptions
from lake.options.recipe import RecipeOptions
from lake.options.retention import Retention
from lake.options.run import RunOptions
from lake.options.search import SearchArguments, SearchDefaults, SearchOptions
from lake.options.service import ServiceOptions

__all__ = [
    "AnswerOptions",
    "Boosts",
    "CacheOptions",
    "Option",
    "QueryLogOptions",
    "RecipeOptions",
    "Retention",
    "RunOptions",
    "SearchArguments",
    "SearchDefaults",
    "SearchOptions",
    "ServiceOptions",
    "option",
    "options",
]
