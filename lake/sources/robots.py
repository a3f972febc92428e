"""What a site's robots.txt allows, by RFC 9309: the longest rule that matches counts, ``*`` and ``$`` are wildcards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lake.errors import InputError, TransientError, UsageError

if TYPE_CHECKING:
    from protego import Protego

    from lake.sources.guarded_http import GuardedClient

AGENT = "raglake"
#: Bytes of a robots.txt that count, as the standard has it at least.
_MOST_BYTES = 500 << 10


@dataclass(frozen=True)
class Robots:
    """The rules of a site. Without a text everything is allowed."""

    text: str = ""

    @classmethod
    def of_answer(cls, url: str, status: int, data: bytes) -> Robots:
        """Raises TransientError if the server failed, which forbids everything; a file that is not there allows all."""
        if status >= 500:
            raise TransientError(
                f"{url} answered with status {status}, so that no page may be requested; try again later"
            )
        return cls(data[:_MOST_BYTES].decode("utf-8-sig", "replace") if status == 200 else "")

    def allows(self, url: str) -> bool:
        return self._rules.can_fetch(url, AGENT)

    @property
    def delay(self) -> float:
        """Seconds between two requests that the site asks for; 0 if it does not."""
        rate = self._rules.request_rate(AGENT)
        return max(
            self._rules.crawl_delay(AGENT) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0
        )

    @property
    def sitemaps(self) -> list[str]:
        """Addresses as they stand there."""
        return list(self._rules.sitemaps)

    @cached_property
    def _rules(self) -> Protego:
        from protego import Protego

        return Protego.parse(self.text)


def fetched_robots(client: GuardedClient, url: str) -> Robots:
    """The rules at an address, wherever they are redirected to, as RFC 9309 has it; none if that leads nowhere."""
    try:
        answer = client.get(url, lambda _: True)
    except InputError as error:
        if error.error_class == "too_large":
            raise UsageError(f"{error}, or leave its rules aside on a site of your own (robots=0)") from error
        return Robots()
    return Robots.of_answer(url, answer.status, answer.data)
