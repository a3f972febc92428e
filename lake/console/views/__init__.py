"""The sections of the console, in the order of its navigation."""

from lake.console.views import ask, document, health, releases, search

SECTIONS = (search.SECTION, ask.SECTION, releases.SECTION, health.SECTION, document.SECTION)
