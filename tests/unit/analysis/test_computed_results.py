"""Each result is computed once, errors are not held, and of heavy results only the last ones used are."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ecgapp.analysis.computed_results import ComputedResults
from ecgapp.errors import SignalError


class Counter:
    """Computes a result, and counts how often."""

    def __init__(self, result="computed"):
        self.result = result
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.result


def test_a_result_is_computed_once_for_each_key():
    results, first, second = ComputedResults(), Counter("a"), Counter("b")
    assert [results.once("one", first) for _ in range(3)] == ["a", "a", "a"]
    assert results.once("two", second) == "b"
    assert (first.calls, second.calls) == (1, 1)
    assert "one" in results
    assert "three" not in results


def test_threads_that_ask_at_the_same_time_get_one_result():
    results, started = ComputedResults(), Barrier(4, timeout=10)
    computed = []

    def compute():
        computed.append(object())
        return computed[-1]

    def ask(_number):
        started.wait()
        return results.once("key", compute)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))
    assert len(computed) == 1
    assert all(answer is computed[0] for answer in answers)


def test_a_result_may_need_others():
    results = ComputedResults()
    assert results.once("sum", lambda: 1 + results.once("part", lambda: 2)) == 3


def test_an_error_is_not_held():
    results = ComputedResults()

    def fail():
        raise SignalError("No beats.")

    with pytest.raises(SignalError):
        results.once("key", fail)
    assert results.once("key", Counter("computed")) == "computed"


def test_of_heavy_results_those_used_last_are_held():
    results, count = ComputedResults(most_heavy=2), {key: Counter(key) for key in "abc"}
    results.once("light", Counter())
    for key in ("a", "b", "a", "c"):
        results.once(key, count[key], heavy=True)
    assert [key in results for key in ("a", "b", "c", "light")] == [True, False, True, True]
    assert results.once("b", count["b"], heavy=True) == "b"
    assert count["b"].calls == 2


def test_a_result_that_is_added_does_not_replace_one_that_is_held():
    results = ComputedResults()
    results.once("key", Counter("first"))
    results.add("key", "second", heavy=True)
    assert results.once("key", Counter("third")) == "first"
