"""The sentences that stand first in a report: missing arms, and different versions of the app."""

from collections import Counter
from collections.abc import Sequence

from ecgapp.experiments.study_protocol import Arm, Results

_MOST_NAMED = 6  # missing arms


def report_cautions(arms: Sequence[Arm], results: Results) -> tuple[str, ...]:
    """The cautions of a report of ``results``; none if one version of the app finished all ``arms``."""
    return (*_missing_arms(arms, results), *_mixed_versions(results))


def _missing_arms(arms: Sequence[Arm], results: Results) -> tuple[str, ...]:
    missing = [arm.title for arm in arms if arm.key not in results or not results[arm.key].finished]
    if not missing:
        return ()
    more = len(missing) - _MOST_NAMED
    names = ", ".join(missing[:_MOST_NAMED]) + (f", and {more} more" if more > 0 else "")
    return (
        f"Not all arms have ended: {len(arms) - len(missing)} of {len(arms)} arms have finished; missing: "
        f"{names}. Figures, and what they show, may still change.",
    )


def _mixed_versions(results: Results) -> tuple[str, ...]:
    versions = Counter(ended.code_version for ended in results.values() if ended.finished)
    if len(versions) < 2:
        return ()
    counts = "; ".join(f"{version}: {n}" for version, n in sorted(versions.items()))
    return (
        f"The arms were run by different versions of the app (arms by version: {counts}). Differences "
        "between arms may come from the app.",
    )
