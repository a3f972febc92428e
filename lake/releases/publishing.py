"""What moves ``live`` and what holds it: publish, rollback, pin, names. Each is one entry of the log."""

from __future__ import annotations

import re
from typing import Any

from lake.errors import RefusedError, UsageError
from lake.releases.history import History
from lake.releases.log import ReleaseLog
from lake.releases.values import Release


def record_audit(log: ReleaseLog, release: Release, *, verdict: dict[str, Any], why: str) -> History:
    """Record what an audit found; a candidate that failed stays to be looked at and is never live by itself."""
    return log.record("audit", release.id, why=why, facts={"verdict": verdict})


def record_gate(log: ReleaseLog, release: Release, *, outcome: str, why: str, **facts: Any) -> History:
    """Record what the lake's questions found (passed, warned, blocked; off takes back what was found before)."""
    return log.record("gate", release.id, why=why, facts={"outcome": outcome, **facts})


def publish(log: ReleaseLog, release: Release, *, why: str = "", force: bool = False) -> History:
    """Make the release live in one step.

    RefusedError when pinned, when ``live`` moved since it was built, when it was rolled back, when its
    audit refused it or never was, or when its gate blocked it, unless ``force``, which the entry records.
    """

    def step(history: History) -> History:
        if _is_live(history, release):
            return history
        if not force:
            _check_publishable(history, release)
        return log.append(history, "publish", release.id, live=release.id, why=why, facts={"forced": force})

    return log.insist(step)


def _is_live(history: History, release: Release) -> bool:
    if release.id not in history.releases:
        raise UsageError(f"{release.id} was pruned meanwhile; raglake releases lists what is kept")
    return history.live is not None and history.live.id == release.id


def _check_publishable(history: History, release: Release) -> None:
    name = release.id
    if history.pinned is not None:
        raise RefusedError(f"live is pinned ({history.pinned}); {name} waits for raglake unpin")
    live = history.live.id if history.live else None
    if live != release.base:
        raise RefusedError(
            f"{name} was built on {release.base or 'nothing'}, but live is now {live}; "
            "run raglake ingest again, or say --force"
        )
    equals = [other for other, candidate in history.releases.items() if candidate.digest == release.digest]
    because = next((why for other in equals if (why := history.rolled_back_because(other)) is not None), None)
    if because is not None:
        raise RefusedError(
            f"what {name} holds was rolled back ({because}); mend the "
            "sources or the recipe, or say raglake publish --force"
        )
    verdict = history.verdict(name)
    if verdict is None:
        raise RefusedError(f"{name} has not been audited; run raglake ingest again, which audits it, or say --force")
    if not verdict["passed"]:
        raise RefusedError(f"{history.why(name)} Say --force --why ... to publish it all the same")
    gate = history.gate(name)
    if gate is not None and history.is_blocked(name):
        raise RefusedError(f"{gate.why} Say --force --why ... to publish it all the same")


def rollback(log: ReleaseLog, release: Release, *, why: str) -> History:
    """Make an earlier release live again; one entry, no data is copied, and the next ingest goes on from there."""

    def step(history: History) -> History:
        if _is_live(history, release):
            return history
        if history.published(release.id) is None:
            raise UsageError(f"{release.id} was never live, so there is nothing to go back to; raglake publish it")
        return log.append(history, "rollback", release.id, live=release.id, why=why)

    return log.insist(step)


def pin(log: ReleaseLog, *, why: str) -> History:
    """Hold ``live`` where it is: runs go on building and auditing candidates, and publish none."""
    return log.insist(lambda history: log.append(history, "pin", history.resolve("live").id, pinned=why, why=why))


def unpin(log: ReleaseLog) -> History:
    """Let the next run publish again."""

    def step(history: History) -> History:
        if history.pinned is None:
            return history
        return log.append(history, "unpin", history.resolve("live").id, pinned=None)

    return log.insist(step)


def name(log: ReleaseLog, release: Release, name: str, *, why: str = "") -> History:
    """Give a release a name: it can be asked for by it, and is kept until the name is taken from it."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,63}", name) or name == "live":
        raise UsageError(f"{name!r} can't name a release; take a letter and up to 63 letters, digits, '.', '_', '-'")

    def step(history: History) -> History:
        if history.names.get(name, release.id) != release.id:
            raise UsageError(f"{name!r} is the name of {history.names[name]}; raglake unname {name} first")
        if name in history.names:
            return history
        return log.append(history, "name", release.id, why=why, facts={"name": name})

    return log.insist(step)


def unname(log: ReleaseLog, name: str) -> History:
    """Take a name away; the release is then kept or pruned like any other."""

    def step(history: History) -> History:
        if name not in history.names:
            raise UsageError(f"no release is called {name!r}; names: {sorted(history.names)}")
        return log.append(history, "unname", history.names[name], facts={"name": name})

    return log.insist(step)
