"""Operations that move or hold ``live``: publish, rollback, pin, names. Each adds one entry to the log.

``by`` is who acts, for the entry; None for the user of this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from lake.errors import RefusedError, UsageError
from lake.releases.history import History
from lake.releases.log import ReleaseLog
from lake.releases.values import Release


def record_audit(log: ReleaseLog, release: Release, *, verdict: dict[str, Any], why: str) -> History:
    """Record what an audit found; a failed candidate stays for inspection and never becomes live by itself."""
    return log.record("audit", release.id, why=why, facts={"verdict": verdict})


def record_gate(log: ReleaseLog, release: Release, *, outcome: str, why: str, **facts: Any) -> History:
    """Record a gate's outcome: passed, warned or blocked; off cancels an earlier outcome."""
    return log.record("gate", release.id, why=why, facts={"outcome": outcome, **facts})


def publish(log: ReleaseLog, release: Release, *, why: str = "", force: bool = False, by: str | None = None) -> History:
    """Make the release live in one step.

    Raises RefusedError if ``live`` is pinned or moved since the release was built, if the release was rolled back or
    never audited, or if its audit or gate refused it. ``force`` overrides this, and the entry records it.
    """

    def step(history: History) -> History:
        if _is_live(history, release):
            return history
        if not force:
            check_publishable(history, release)
        return log.append(history, "publish", release.id, live=release.id, why=why, by=by, facts={"forced": force})

    return log.insist(step)


def _is_live(history: History, release: Release) -> bool:
    if release.id not in history.releases:
        raise UsageError(f"{release.id} was pruned meanwhile; `raglake releases` lists what is kept")
    return history.live is not None and history.live.id == release.id


def check_publishable(history: History, release: Release) -> None:
    """Raises RefusedError, with every reason, if the release may not be made live without force."""
    if reasons := hindrances(history, release):
        raise refused(reasons)


def refused(reasons: Sequence[str]) -> RefusedError:
    """The refusal for these reasons. It states all of them, because ``force`` overrides all of them."""
    first, *others = reasons
    return RefusedError(". Besides, ".join([first, *others]).replace(".. ", ". "))


def hindrances(history: History, release: Release) -> list[str]:
    """Why the release may not be made live without force."""
    return [*_of_live(history, release), *_of_checks(history, release)]


def _of_live(history: History, release: Release) -> Iterator[str]:
    """What of the lake's state forbids it: a pin, another ``live``, or a rollback."""
    name, live = release.id, history.live.id if history.live else None
    if history.pinned is not None:
        yield f"live is pinned ({history.pinned}); {name} waits for `raglake unpin`"
    if live != release.base:
        yield (
            f"{name} was built on {release.base or 'nothing'}, but live is now {live}; "
            "run `raglake ingest SOURCE` again, or pass `--force`"
        )
    equals = [other for other, candidate in history.releases.items() if candidate.digest == release.digest]
    because = next((why for other in equals if (why := history.rolled_back_because(other)) is not None), None)
    if because is not None:
        yield (
            f"what {name} holds was rolled back ({because}); fix the "
            f"sources or the recipe, or run `raglake publish {name} --force --why REASON`"
        )


def _of_checks(history: History, release: Release) -> Iterator[str]:
    """What its audit and its gate say against it."""
    name, verdict = release.id, history.verdict(release.id)
    if verdict is None:
        yield f"{name} has not been audited; run `raglake ingest SOURCE` again, which audits it, or pass `--force`"
    elif not verdict["passed"]:
        yield f"{history.why(name)} Pass `--force --why REASON` to publish it anyway"
    gate = history.gate(name)
    if gate is not None and history.is_blocked(name):
        yield f"{gate.why} Pass `--force --why REASON` to publish it anyway"


def _required(why: str, act: str) -> str:
    """The reason. Raises UsageError if it is blank, since the log keeps it for good."""
    if not why.strip():
        raise UsageError(f"{act} needs a reason, which the log keeps; pass --why REASON, or why='...' from Python")
    return why


def rollback(log: ReleaseLog, release: Release, *, why: str, by: str | None = None) -> History:
    """Make an earlier release live again without copying data; the next ingest goes on from there."""
    _required(why, "a rollback")

    def step(history: History) -> History:
        if _is_live(history, release):
            return history
        if history.published(release.id) is None:
            raise UsageError(f"{release.id} was never live, so publish it instead: `raglake publish {release.id}`")
        return log.append(history, "rollback", release.id, live=release.id, why=why, by=by)

    return log.insist(step)


def pin(log: ReleaseLog, *, why: str, by: str | None = None, release: str | None = None) -> History:
    """Hold ``live`` where it is: runs still build and audit candidates but publish none.

    Raises RefusedError if ``release`` is given and no longer live.
    """
    _required(why, "a pin")

    def step(history: History) -> History:
        return log.append(history, "pin", _live(history, release), pinned=why, why=why, by=by)

    return log.insist(step)


def _live(history: History, expected: str | None) -> str:
    live = history.resolve("live").id
    if expected not in (None, live):
        raise RefusedError(f"{expected} is not live; live is {live} now, and only that one can be pinned or unpinned")
    return live


def unpin(log: ReleaseLog, *, why: str = "", by: str | None = None, release: str | None = None) -> History:
    """Let the next run publish again; ``release`` as for ``pin``."""

    def step(history: History) -> History:
        live = _live(history, release)
        if history.pinned is None:
            return history
        return log.append(history, "unpin", live, pinned=None, why=why, by=by)

    return log.insist(step)


def name(log: ReleaseLog, release: Release, name: str, *, why: str = "", by: str | None = None) -> History:
    """Give a release a name that readers can open it by; it is kept for as long as it has one."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,63}", name) or name == "live":
        raise UsageError(f"{name!r} can't name a release; take a letter and up to 63 letters, digits, '.', '_', '-'")

    def step(history: History) -> History:
        if history.names.get(name, release.id) != release.id:
            raise UsageError(f"{name!r} is the name of {history.names[name]}; `raglake unname {name}` frees it")
        if name in history.names:
            return history
        return log.append(history, "name", release.id, why=why, by=by, facts={"name": name})

    return log.insist(step)


def unname(log: ReleaseLog, name: str, *, why: str = "", by: str | None = None) -> History:
    """Remove a name; its release is then kept or pruned like any other."""

    def step(history: History) -> History:
        if name not in history.names:
            raise UsageError(f"no release is called {name!r}; names: {', '.join(sorted(history.names)) or 'none'}")
        return log.append(history, "unname", history.names[name], why=why, by=by, facts={"name": name})

    return log.insist(step)
