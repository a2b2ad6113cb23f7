"""core.metrics: intervals and calibration worked out by hand, and what every row of the table keeps."""

import numpy as np
import pytest

from core import metrics
from core.metrics import METRICS
from core.results import Measure


def test_wilson_interval_by_hand() -> None:
    # 8 of 10, z² = 3.8415: centre (0.8 + 0.19207) / 1.38415 = 0.71674;
    # half 1.95996 / 1.38415 · √(0.016 + 0.0096036) = 0.22658
    interval = metrics.wilson(8, 10)
    assert interval.value == 0.8
    assert interval.low == pytest.approx(0.49016, abs=1e-5)
    assert interval.high == pytest.approx(0.94332, abs=1e-5)


def test_wilson_interval_of_all_and_none() -> None:
    # n of n: from n / (n + z²) to 1
    assert metrics.wilson(10, 10).low == pytest.approx(10 / 13.841459)
    assert metrics.wilson(10, 10).high == pytest.approx(1)
    assert metrics.wilson(0, 10).low == pytest.approx(0)
    assert metrics.wilson(0, 10).high == pytest.approx(3.841459 / 13.841459)


def test_calibration_by_hand() -> None:
    # bins of 1/15: 0.61 and 0.65 fall in (0.6, 0.667], 0.95 in (0.933, 1], 1.0 with it
    confidence = np.array([0.61, 0.65, 0.95, 1.0])
    right = np.array([True, False, True, True])
    error, bins = metrics.calibration(confidence, right)
    assert bins == (
        (pytest.approx(0.63), 0.5, 2),
        (pytest.approx(0.975), 1.0, 2),
    )
    assert error == pytest.approx(0.5 * 0.13 + 0.5 * 0.025)


def test_calibration_puts_a_bound_into_the_bin_below() -> None:
    _, bins = metrics.calibration(np.array([9 / 15, 9 / 15 + 1e-9]), np.array([True, True]))
    assert [count for _, _, count in bins] == [1, 1]


def test_a_bootstrap_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, (400, 1))
    found = metrics.bootstrap(values, lambda sums: sums[:, 0] / 400)
    assert found.value == pytest.approx(values.mean())
    reach = 1.96 * values.std() / 20
    assert found.low == pytest.approx(values.mean() - reach, abs=0.05)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.05)
    assert found == metrics.bootstrap(values, lambda sums: sums[:, 0] / 400), "the same at every call"


def test_rows_that_occur_several_times_may_be_counted_instead() -> None:
    rows = np.array([[1.0], [0.0]])
    whole = metrics.bootstrap(np.repeat(rows, [30, 70], axis=0), lambda sums: sums[:, 0] / 100)
    assert whole == metrics.bootstrap(rows[::-1], lambda sums: sums[:, 0] / 100, np.array([70, 30]))
    assert whole.value == 0.3 and whole.bounds == (whole.low, whole.high)


def test_examples_without_a_mistake_give_no_interval() -> None:
    assert metrics.macro_f1(np.diag([4, 4, 0, 4])) == Measure(1.0), "not 1.000 to 1.000"
    assert metrics.macro_f1(np.array([[4, 0], [1, 3]])).low is not None


def test_mcnemar_is_the_exact_binomial_test_of_what_one_alone_answers_rightly() -> None:
    first, second = "1" * 9 + "0" * 3 + "1" * 50 + "0" * 20, "0" * 9 + "1" * 3 + "1" * 50 + "0" * 20
    result = metrics.mcnemar(first, second)
    assert (result.n, result.first, result.second) == (82, 9, 3)
    assert result.p == pytest.approx(2 * (1 + 12 + 66 + 220) / 2**12)  # at most 3 of 12 on one side, twice
    assert metrics.mcnemar("101", "101").p == 1
    with pytest.raises(ValueError, match="argument 2 is"):
        metrics.mcnemar("10", "1")


@pytest.mark.parametrize("name", METRICS)
def test_every_row_says_what_it_is_and_writes_its_values(name: str) -> None:
    row = METRICS[name]
    assert row.id == name and row.title and row.help.endswith(".") and row.unit
    assert row.better in ("higher", "lower", "neither")
    assert row.write(0.25).startswith("0.2") and row.write(None) == "–"


def test_the_key_puts_the_best_highest_and_lets_the_next_metric_break_ties() -> None:
    def key(accuracy: float, loss: float) -> tuple[float, ...]:
        return metrics.key({"accuracy": Measure(accuracy), "loss": Measure(loss)}, ("accuracy", "loss"))

    assert key(0.9, 1.0) > key(0.8, 0.1)
    assert key(0.9, 0.1) > key(0.9, 0.2)
    assert key(0.9, 0.1) == (0.9, -0.1)


def test_a_value_without_an_interval_is_its_own_bounds() -> None:
    assert Measure(0.5).bounds == (0.5, 0.5) and Measure(0.5, 0.4, 0.7).bounds == (0.4, 0.7)
