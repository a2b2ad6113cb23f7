"""What a finished run shows: each check speaks where it should, is silent elsewhere, and what it offers can be started."""

from dataclasses import replace

import numpy as np
import pytest

from core.diagnosis import CHECKS, Diagnosis, Ended, diagnose, diagnose_failure
from core.finetune.recipe import NOT_A_NUMBER
from core.finetune.setup import check
from core.results import Evaluation, Measure
from core.tasks import class_scores
from core.tasks.base import Task, as_json
from core.tasks.entity_scores import Entities, Mistakes, TypeScore
from core.tasks.table import TASKS
from tests.ended import ANGRY, CALM, CONFIG, FLAT, GOOD, MOST, RARE, SAD, SHOWN, ended, events, measured


def said(run: Ended) -> Diagnosis:
    """What is said of a run, with sentences that can be filled in and a configuration that can be started."""
    found = diagnose(run)
    assert found is not None
    for message, values in (found.seen, found.advice, found.action):
        assert message.format(**values)
    assert (found.config is None) == bool(found.rows)
    if found.config:
        check(found.config)
        assert found.config != run.config
    return found


def test_nothing_is_said_of_a_good_run() -> None:
    assert diagnose(ended()) is None
    assert diagnose(ended(told=())) is None, "an old run without events"
    assert diagnose(ended(words=measured([0, 1, 2], [0, 1, 0]))) is None
    assert diagnose(ended(words=GOOD, steps=100, best_step=90)) is None, "nothing is better than no mistake"


def test_a_loss_that_does_not_fall_at_a_high_rate() -> None:
    found = said(SHOWN["rate"])
    assert found.id == "rate" and found.config == replace(CONFIG, learning_rate=1e-4, preset="custom")
    assert found.seen[1] == {"before": 0.70, "after": 0.70}
    assert diagnose(ended(told=FLAT)) is None, "at the usual rate the data may hold nothing to learn"
    rising = said(ended(told=events((0.5, 0.7, 0.9, 1.1))))
    assert rising.config and rising.config.learning_rate == 2e-5, "a loss that rises, whatever the rate"
    head = said(ended(told=FLAT, config=replace(CONFIG, method="head", learning_rate=1e-1)))
    assert head.config and head.config.learning_rate == 1e-3, "each method has its usual rate"
    large = Ended("run:x", replace(CONFIG, learning_rate=1e-4), ended().report, FLAT, hidden=768)
    assert (found := diagnose(large)) and found.config and found.config.learning_rate == 3e-5


def test_a_run_that_failed_for_its_rate() -> None:
    found = diagnose_failure(replace(CONFIG, learning_rate=0.1), NOT_A_NUMBER, 384)
    assert found and found.config and found.config.learning_rate == 1e-4
    assert diagnose_failure(CONFIG, "the disk is full", 384) is None


def test_a_loss_that_still_falls() -> None:
    falling = (1.1, 1.0, 0.9, 0.8)
    found = said(SHOWN["longer"])
    assert found.id == "longer" and found.config
    assert (found.config.model, found.config.epochs) == ("run:20260102-030405-aaaaaa", 4.0), "it goes on from its model"
    assert found.seen[1] == {"before": 0.9, "early": 300, "after": 0.8, "late": 400}
    assert "on the validation rows" in found.seen[0]
    alone = said(ended(MOST, told=events(falling), best_step=400, steps=400))
    assert alone.id == "longer" and "The training loss" in alone.seen[0], "no validation rows"
    perfect = ended(GOOD, told=events(falling, "evaluation"), best_step=400, steps=400)
    assert diagnose(perfect) is None, "no row that was measured could be answered better"
    written = Evaluation("text-to-text", 20, {name: Measure(40.0) for name in TASKS["text-to-text"].metrics}, {})
    points = ended(written, told=events(falling), best_step=400, steps=400, config=replace(CONFIG, task="text-to-text"))
    assert said(points).id == "longer", "40 of 100 points"
    assert diagnose(ended(MOST, told=events(falling, "evaluation"), best_step=300, steps=400)) is None, (
        "an earlier state was best"
    )
    assert diagnose(ended(MOST, told=events((1.1, 0.5, 0.41, 0.40), "evaluation"), best_step=400, steps=400)) is None
    tiny = events((1.0, 0.1, 0.02, 0.01), "evaluation")
    assert diagnose(ended(MOST, told=tiny, best_step=400, steps=400)) is None, "nothing is left to learn"
    by_heart = ended(MOST, told=events(falling), best_step=400, steps=400, shared=("test",))
    assert diagnose(by_heart) is None, "measured on its own rows"


def test_a_label_that_is_never_found() -> None:
    found = said(SHOWN["rare"])
    assert found.id == "rare" and found.seen[1] == {"labels": "sad"}
    assert found.config == replace(CONFIG, class_weights=True, preset="custom")
    weighted = said(ended(RARE, config=replace(CONFIG, class_weights=True)))
    assert weighted.config and weighted.config.model.startswith("run:"), "weights were tried: train longer"
    two = measured([ANGRY] * 20 + [CALM] * 20 + [SAD] * 2, [ANGRY] * 20 + [CALM] * 20 + [ANGRY, CALM])
    assert diagnose(ended(two)) is None, "two rows prove nothing"


def test_a_type_of_entity_that_is_never_found() -> None:
    types = (TypeScore("PER", 1.0, 1.0, 1.0, 9), TypeScore("WORK", 0.0, 0.0, 0.0, 4))
    detail = Entities(types, Mistakes(4, 0, 0, 0), 13, 9, 100, 0.9, ())
    task = "named-entities"
    metrics = {name: Measure(0.8) for name in TASKS[task].metrics}
    found = said(ended(Evaluation(task, 20, metrics, as_json(detail)), config=replace(CONFIG, task=task)))
    assert found.seen[1] == {"labels": "WORK"} and found.config and not found.config.class_weights


def test_counting_words_is_not_beaten() -> None:
    few = said(SHOWN["counting"])
    assert few.id == "counting" and few.config and few.config.preset == "thorough" and few.config.epochs > CONFIG.epochs
    limited = said(ended(MOST, words=GOOD, steps=100, best_step=90, config=replace(CONFIG, limit=320)))
    assert limited.config and limited.config.limit == 320, "the same rows"
    lora = said(ended(MOST, words=GOOD, steps=100, best_step=90, config=replace(CONFIG, method="lora")))
    assert lora.config and lora.config.learning_rate == 5e-4
    enough = said(ended(MOST, words=GOOD, steps=5000, best_step=4000))
    assert enough.id == "counting" and {row["true"] for row in enough.rows} <= {"angry", "calm", "sad"}
    assert diagnose(ended(GOOD, words=GOOD, steps=5000, best_step=4000)) is None, "neither makes a mistake"


def test_two_labels_are_confused() -> None:
    found = said(SHOWN["confused"])
    assert found.id == "confused"
    assert found.seen[1] == {"first": "calm", "second": "sad", "count": 10, "mistakes": 10}
    assert len(found.rows) == 10 and found.rows[0] == {
        "text": found.rows[0]["text"],
        "pair": "",
        "true": "sad",
        "predicted": "calm",
    }


def test_at_most_a_dozen_rows_are_read() -> None:
    found = said(ended(measured([ANGRY, CALM, SAD] * 20, [ANGRY, CALM, CALM] * 19 + [ANGRY, CALM, SAD])))
    assert len(found.rows) == 12 and found.seen[1]["count"] == 19


def test_two_labels_alone_are_not_called_confused() -> None:
    two = class_scores.measure(
        "text-classification", ("a", "b"), np.array([0, 1] * 20), np.eye(2)[[0] * 40], {"text": ["x"] * 40}
    )
    found = diagnose(ended(replace(two, detail=two.detail), config=replace(CONFIG, class_weights=True)))
    assert found and found.id == "rare", "b is never found"


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: str(task.id))
def test_every_task_can_be_asked(task: Task) -> None:
    """A run of any task whose loss did not fall."""
    empty = replace(ended().report, evaluations={})
    config = replace(CONFIG, task=task.id, learning_rate=1.0e-2)
    found = diagnose(Ended("run:x", config, empty, events((2.0, 2.0, 2.0, 2.0))))
    assert found and found.id == "rate"


def test_the_checks_are_asked_in_their_order() -> None:
    assert [row.__name__ for row in CHECKS] == [
        "rate_too_high", "still_falling", "never_found", "no_better_than_counting", "two_confused",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_each_is_shown_by_a_run_made_by_hand(name: str) -> None:
    assert said(SHOWN[name]).id == name
