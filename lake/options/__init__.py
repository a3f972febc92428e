"""What can be chosen of a search, a recipe and a run: each option declared once, for every place that offers it."""

from __future__ import annotations

from lake.options.declaration import Option, option, options
from lake.options.search import Boosts, SearchArguments, SearchDefaults, SearchOptions

__all__ = ["Boosts", "Option", "SearchArguments", "SearchDefaults", "SearchOptions", "option", "options"]
