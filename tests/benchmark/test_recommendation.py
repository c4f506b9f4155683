"""The value that a sweep recommends, on a source whose cost curve is known."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cloud_data_cockpit.benchmark import sweep
from cloud_data_cockpit.benchmark.statistics import compare
from cloud_data_cockpit.benchmark.values import stages, steps
from cloud_data_cockpit.models import BenchmarkResult, SweepValues

from .simulated import Clock, Curve, SimulatedExecutor, SyntheticSource

SIZE = 800 << 20
GRID = (1, 2, 4, 8, 16, 32, 64, 128)
# A request costs as much as a quarter of a worker's share: 8 slices for 8 workers are the best by a fifth.
STEEP = Curve(latency=0.25, bandwidth=100 << 20, overhead=0.002)
# One worker, and neither a request nor a slice costs anything.
FLAT = Curve(latency=0.0, bandwidth=100 << 20, overhead=0.0, workers=1)

pytestmark = pytest.mark.usefixtures("nothing")


def swept(curve: Curve, seed: int, noise: float = 0.05, drift: float = 0.0, **choices: Any) -> BenchmarkResult:
    """A sweep in which every read is off by some 5 %, and every pass over the object by as much again."""
    clock = Clock()
    shaking = random.Random(1000 + seed)
    source = SyntheticSource(SIZE, clock, curve, noise, seed, drift)
    engine = SimulatedExecutor(clock, curve, lambda: 1 + abs(shaking.gauss(0, noise)))
    asked = {"repeats": 5, "seed": seed, **choices}
    return sweep(source, executor=engine, clock=clock, **asked)


def value_of(result: BenchmarkResult) -> int | None:
    assert result.recommendation is not None
    return result.recommendation.value


def verdict_of(result: BenchmarkResult) -> str:
    assert result.recommendation is not None
    return result.recommendation.verdict


def test_the_known_best_is_found_in_a_list() -> None:
    assert STEEP.best(GRID, SIZE) == 8
    found = [value_of(swept(STEEP, seed, values=GRID)) for seed in range(20)]
    assert found.count(8) >= 19, found


def test_the_known_best_is_found_by_search() -> None:
    results = [swept(STEEP, seed, values="best", between=(1, 512)) for seed in range(20)]
    tried = [point.value for point in results[0].points]
    assert tried == [1 << power for power in range(10)]
    best = STEEP.best(tried, SIZE)
    found = [value_of(result) for result in results]
    assert found.count(best) >= 19, found
    assert max(len(result.runs) for result in results) <= 0.8 * len(tried) * 5, "a search measures less than everything"


def test_no_difference_is_said_when_there_is_none() -> None:
    results = [swept(FLAT, seed, values=GRID) for seed in range(20)]
    said = [verdict_of(result) for result in results]
    assert said.count("no difference") >= 19, said
    assert {value_of(result) for result in results if verdict_of(result) == "no difference"} == {1}


def test_no_difference_is_said_by_a_search() -> None:
    said = [verdict_of(swept(FLAT, seed, values="best", between=(1, 256))) for seed in range(20)]
    assert said.count("no difference") >= 19, said


def test_drift_does_not_pick_the_winner() -> None:
    """Every read is slower than the one before, twice as slow at the end: what is measured first looks best."""
    said = [verdict_of(swept(FLAT, seed, noise=0.01, values=(1, 2, 3, 4), drift=0.005)) for seed in range(10)]
    assert said.count("no difference") >= 9, said


def test_the_cheaper_of_two_that_are_alike_is_taken() -> None:
    """From 8 slices on nothing changes but the number of requests."""
    free = Curve(latency=0.0, bandwidth=100 << 20, overhead=0.0)
    for seed in range(5):
        result = swept(free, seed, values=(1, 2, 8, 16, 32))
        assert value_of(result) == 8
        assert {point.value for point in result.points if point.as_fast} >= {8, 16, 32}
        assert verdict_of(result) in ("best", "cheaper")


def test_what_is_recommended_says_how_sure_it_is() -> None:
    result = swept(STEEP, 0, values=(2, 8))
    advice = result.recommendation
    assert advice is not None
    assert advice.gain is not None
    assert advice.gain_low is not None
    assert advice.gain_high is not None
    true = STEEP.seconds(2, SIZE) / STEEP.seconds(8, SIZE)
    assert advice.gain_low < true < advice.gain_high
    assert advice.gain_low < advice.gain < advice.gain_high
    assert "num_slices = 8 is the fastest" in advice.words
    point = result.points[1]
    assert point.throughput_low is not None
    assert point.throughput is not None
    assert point.throughput_high is not None
    assert point.throughput_low < point.throughput < point.throughput_high


def test_without_noise_the_curve_itself_is_measured() -> None:
    clock = Clock()
    source = SyntheticSource(SIZE, clock, STEEP)
    result = sweep(source, executor=SimulatedExecutor(clock, STEEP), clock=clock, values=GRID, repeats=2)
    for point in result.points:
        assert point.seconds == pytest.approx(STEEP.seconds(point.value, SIZE), rel=1e-6)
        assert point.requests == point.num_slices == point.value
        assert point.bytes == SIZE
        assert point.cost == pytest.approx(point.value / 1000 * 0.0004 + SIZE / 1e9 * 0.09)
    assert value_of(result) == 8


def test_one_round_tells_nothing_apart() -> None:
    assert verdict_of(swept(STEEP, 1, values=(4, 8), repeats=1)) == "no difference"


def test_values_of_like_speed_are_seldom_told_apart() -> None:
    """2 values, 3 rounds: few figures are no reason to be sure. 1 in 100 is meant; 6 of 200 would be a surprise."""
    rng = random.Random(7)
    wrong = 0
    for seed in range(200):
        speeds = {value: [rng.lognormvariate(0, 0.1) for _ in range(4)] for value in (1, 2, 3)}
        wrong += len(compare(speeds, seed).as_fast()) < 3
    assert wrong <= 6


def test_intervals_hold_what_they_promise() -> None:
    rng = random.Random(3)
    held = 0
    for seed in range(200):
        speeds = {value: [100 * value * rng.lognormvariate(0, 0.1) for _ in range(5)] for value in (1, 2, 3)}
        _, low, high = compare(speeds, seed).speed(2)
        held += low < 200 < high
    assert held >= 176


def test_steps_are_what_people_expect() -> None:
    assert steps(1, 64, 8, "geometric") == [1, 2, 4, 8, 16, 32, 64]
    assert steps(1, 1000, 4, "geometric") == [1, 10, 100, 1000]
    assert steps(10, 50, 5, "linear") == [10, 20, 30, 40, 50]
    assert steps(3, 3, 8, "geometric") == [3]
    assert stages(range(12), 5, "best") == [(12, 1), (4, 2), (3, 5)]
    assert stages(range(12), 5, "all") == [(12, 5)]
    assert SweepValues(search="best").values == ()
