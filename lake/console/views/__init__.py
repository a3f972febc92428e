"""The sections of the console, in the order of its navigation."""

from lake.console.views import ask, health, releases, search

SECTIONS = (search.SECTION, ask.SECTION, releases.SECTION, health.SECTION)
