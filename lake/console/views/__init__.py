"""The sections of the console, in the order of its navigation."""

from lake.console.views import ask, document, evaluation, health, releases, search

SECTIONS = (search.SECTION, ask.SECTION, releases.SECTION, health.SECTION, evaluation.SECTION, document.SECTION)
