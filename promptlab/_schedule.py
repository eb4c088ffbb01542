"""Which row goes first; the bound that no schedule can beat; the time that is left."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

_LONG = 0.9
"""A row of unknown length is taken for one at this quantile of those known. A wrong guess upwards
costs little, one downwards starts the longest row last; measured best from 20 to 200 rows."""
_PLAYED = 256
"""Up to this many waiting rows their schedule is played through for the time left."""
_HALF_AGAIN = 1.5
"""How much longer than yet a running row without an expectation is thought to take."""
_OVERDUE = 0.1
"""A running row past its time is given this share of the time it has taken."""


def order(expected: Sequence[float | None], fallback: Sequence[float] | None = None) -> list[int]:
    """Say in which order to begin rows: the longest expected first.

    Rows of equal expectation keep their places. Where some are unknown they count as long ones
    (the 90th percentile of those known), the larger fallback first among themselves; where all
    are, the fallback decides alone, and without one the rows stay as they are.

    Args:
        expected: Seconds that each row is expected to take; None, negative or not finite for unknown.
        fallback: Something that grows with the time, one a row, such as the prompt's length.

    Returns:
        The rows' places, in the order to begin them.
    """
    count = len(expected)
    if fallback is not None and len(fallback) != count:
        raise ValueError(f"{len(fallback)} fallbacks for {count} rows")
    seconds = [_known(value) for value in expected]
    known = sorted(value for value in seconds if value is not None)
    guess = known[min(len(known) - 1, int(_LONG * len(known)))] if known else 0.0

    def key(place: int) -> tuple[float, bool, float]:
        value = seconds[place]
        if value is not None:
            return -value, False, 0.0
        size = fallback[place] if fallback is not None else 0.0
        return -guess, True, 0.0 if math.isnan(size) else -size

    return sorted(range(count), key=key)


def bound(durations: Iterable[float], workers: int) -> float:
    """Give the least seconds that any schedule takes: the longest row, or an even share of the sum."""
    times = list(durations)
    if not times:
        return 0.0
    longest = max(times)
    return max(longest, math.fsum(times) / _at_least_one(workers))


def list_schedule(durations: Iterable[float], workers: int) -> float:
    """Give the seconds that rows take when each free worker begins the next, in the order given."""
    return _play([], list(durations), _at_least_one(workers))


def time_left(
    running: Iterable[tuple[float, float | None]],
    waiting: Sequence[float | None],
    workers: int,
    typical: float | None = None,
) -> float | None:
    """Give the seconds until the last row is done, or None where nothing is known to reckon with.

    Plays the schedule through, so its cost grows with the waiting rows; `Eta` keeps account instead.

    Args:
        running: For each running row the seconds it has taken, and those it is expected to take.
        waiting: For each waiting row, in the order they begin, the seconds expected; None for unknown.
        workers: How many rows may run at once.
        typical: The seconds to take for an unknown row; None for unknown.
    """
    remaining = []
    for elapsed, expected in running:
        length = typical if expected is None else expected
        if length is None:
            return None
        remaining.append(_remaining(elapsed, length))
    lengths = [typical if value is None else value for value in waiting]
    known = [value for value in lengths if value is not None]
    if len(known) < len(lengths):
        return None
    return _play(remaining, known, _at_least_one(workers))


class Eta:
    """Keeps account of a run's rows, and gives the time left at a cost that does not grow with them.

    Expectations from earlier runs are scaled by how this run's rows have come out against theirs;
    rows without one take the mean of this run. Not safe for threads: its owner holds the lock.
    """

    def __init__(self, expected: Sequence[float | None], workers: int) -> None:
        """Begin with all rows waiting.

        Args:
            expected: For each row, in the order they will begin, the seconds expected; None for unknown.
            workers: How many rows may run at once.
        """
        self._expected = [_known(value) for value in expected]
        self._workers = _at_least_one(workers)
        self._waiting = dict.fromkeys(range(len(expected)))
        self._first = 0
        self._running: dict[int, float] = {}
        known = [value for value in self._expected if value is not None]
        self._waiting_known = math.fsum(known)
        self._waiting_unknown = len(expected) - len(known)
        self._mean_known = self._waiting_known / len(known) if known else None
        self._taken = self._taken_known = self._promised = 0.0
        self._finished = 0

    def started(self, row: int, at_s: float) -> None:
        """Take down that a row was begun, on the caller's clock."""
        if row in self._waiting:
            self._leave(row)
            self._running[row] = at_s

    def finished(self, row: int, latency_s: float | None = None) -> None:
        """Take down that a row is done; one that was never begun (from the store) is left out, too.

        Args:
            row: Its place in the order.
            latency_s: The seconds it took; None where it tells nothing of others (stored, broken, not run).
        """
        if row in self._waiting:
            self._leave(row)
        elif self._running.pop(row, None) is None:
            return
        latency = _known(latency_s)
        if latency is None:
            return
        self._finished += 1
        self._taken += latency
        expected = self._expected[row]
        if expected is not None:
            self._taken_known += latency
            self._promised += expected

    def seconds_left(self, now_s: float, workers: int | None = None) -> float | None:
        """Give the seconds until the last row is done; None while nothing is known to reckon with.

        Costs as much as there are running rows, and at most 256 waiting ones.

        Args:
            now_s: The caller's clock.
            workers: How many rows may run at once now; as at the beginning where not given.
        """
        workers = self._workers if workers is None else _at_least_one(workers)
        scale, typical = self._pace(now_s)
        running = [(now_s - begun, self._scaled(row, scale)) for row, begun in self._running.items()]
        if len(self._waiting) <= _PLAYED:
            return time_left(running, [self._scaled(row, scale) for row in self._waiting], workers, typical)
        if typical is None and (self._waiting_unknown or any(length is None for _, length in running)):
            return None
        usual = typical or 0.0
        remaining = [_remaining(elapsed, usual if length is None else length) for elapsed, length in running]
        work = math.fsum(remaining) + scale * max(self._waiting_known, 0.0) + usual * self._waiting_unknown
        while self._first not in self._waiting:
            self._first += 1
        return max(work / workers, self._scaled(self._first, scale) or 0.0, *remaining)

    def _pace(self, now_s: float) -> tuple[float, float | None]:
        """Give what to multiply expectations by, and the seconds of a row without one.

        Running rows count beside the finished, for the quickest finish first: one with an
        expectation as that at the pace of the finished (and of five rows at the old pace), or as
        long as it has taken; one without as half again as long.
        """
        mean = self._taken / self._finished if self._finished else None
        taken, promised = self._taken_known, self._promised
        prior = 5 * (self._mean_known or 0.0)
        pace = (taken + prior) / (promised + prior) if promised + prior > 0 else 1.0
        total, count = self._taken, self._finished
        for row, begun in self._running.items():
            elapsed, expected = now_s - begun, self._expected[row]
            if expected is not None:
                taken += max(elapsed, pace * expected)
                promised += expected
            elif mean is not None:
                total += max(_HALF_AGAIN * elapsed, mean)
                count += 1
        return taken / promised if promised > 0 else 1.0, total / count if count else self._mean_known

    def _scaled(self, row: int, scale: float) -> float | None:
        expected = self._expected[row]
        return None if expected is None else scale * expected

    def _leave(self, row: int) -> None:
        """Take a row out of those waiting."""
        del self._waiting[row]
        expected = self._expected[row]
        if expected is None:
            self._waiting_unknown -= 1
        else:
            self._waiting_known -= expected


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _remaining(elapsed: float, length: float) -> float:
    """Give what a running row still takes; one past its time is near its end, but never at it."""
    return max(length - elapsed, _OVERDUE * elapsed if elapsed > length else 0.0)


def _play(running: Sequence[float], waiting: Sequence[float], workers: int) -> float:
    """Let each worker that comes free begin the next row, and give when the last is done.

    More may be running than there are workers, where their number was lowered: then as many must
    end first as there are too many.
    """
    free = sorted(running)
    last = free[-1] if free else 0.0
    idle = min(workers, len(free) + len(waiting)) - len(free)
    free = [0.0] * idle + free if idle >= 0 else free[-idle:]
    for duration in waiting:
        done = free[0] + duration
        heapq.heapreplace(free, done)
        last = max(last, done)
    return last


def _at_least_one(workers: int) -> int:
    if workers < 1:
        raise ValueError(f"at least one worker is needed, not {workers}")
    return workers
