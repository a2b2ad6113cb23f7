"""The Attention page's topics: each shows what core computes, follows the address, and says kindly what it needs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import bundled, heads, models, settings
from core.figures import heads as figures
from core.tasks.classify import Labelled
from pages.shared import inputs
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import attention as cached_attention
from pages.topics.attention import ablation
from pages.topics.attention import heads as heads_page
from tests.pages_common import LANGUAGES, check, open_page, put_run, texts, train_tiny

RUN = "20260101-000000-abcdef"
READY = "minilm-sentiment"
SENTENCE = "the film was not bad"
TOPICS = ("what-heads-do", "flow", "ablation", "compare", "explanation")


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_tiny(tiny_bert, tmp_path_factory.mktemp("trained"), RUN)


@pytest.fixture
def run(trained: Path) -> str:
    """A finished run of a tiny model, as a model name."""
    return f"run:{put_run(trained)}"


def frame(app: AppTest, column: str) -> pd.DataFrame:
    """The first table that has this column."""
    return next(table.value for table in app.dataframe if column in table.value.columns)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("view", [*TOPICS, "explorer", "head-view", "model-view", "neuron-view"])
def test_every_view_opens_in_both_languages(run: str, view: str, lang: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view=view, lang=lang))
    assert not app.error
    assert app.query_params["view"] == view


@pytest.mark.parametrize("view", TOPICS)
def test_a_cut_input_and_a_pair_work_everywhere(run: str, view: str) -> None:
    app = check(open_page("attention", model=run, text="good " * 80, pair=SENTENCE, cut="12", view=view))
    assert not app.error
    assert "12" in app.warning[0].value


def test_statistics_of_the_chosen_head(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="what-heads-do", sample="sentence", layer="1", head="1"))  # fmt: skip
    found = cached_attention.head_statistics(run, (SENTENCE,), 64)
    assert found is not None and found.texts == 1
    assert heads_page.label_text(found.labels[1][1]) in "\n".join(part.value for part in app.header)
    chosen = frame(app, "This head").set_index("Statistic")["This head"]
    assert chosen["On [CLS]"] == f"{found.values['cls'][1, 1]:.1%}"
    every = frame(app, "What it does")
    np.testing.assert_allclose(every["Entropy"], found.values["entropy"].ravel())


def test_statistics_of_a_dataset_say_how_many_texts(run: str) -> None:
    app = check(open_page("attention", model=run, view="what-heads-do", sample="rotten_tomatoes"))
    assert "100 texts" in texts(app)


def test_flow_beside_rollout(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="flow", token="3"))
    maps = cached_attention.attend(run, SENTENCE, "", None, 64)
    np.testing.assert_allclose(cached_attention.flow(run, SENTENCE, "", 64, 3), heads.flow(maps.weights, [3])[0])
    assert "Abnar & Zuidema 2020" in texts(app) and "Rank correlation" in texts(app)


def test_switching_heads_off(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="ablation"))
    assert "All heads are on" in texts(app)
    app.multiselect[0].select("0.1").run()
    check(app)
    assert app.query_params["heads_off"] == "1.2"
    found = cached_attention.ablation(run, SENTENCE, "", 64, frozenset({(0, 1)}))
    np.testing.assert_allclose(frame(app, "Cosine")["Change"], 100 * found.change[-1])
    app.button("layer_off_1").click().run()
    assert app.query_params["heads_off"] == "1.2,2.1,2.2"
    app.button("layer_off_1").click().run()
    assert app.query_params["heads_off"] == "1.2"
    next(button for button in app.button if button.label == "All on").click().run()
    assert "heads_off" not in app.query_params


def test_nonsense_in_the_list_of_heads_is_left_out(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="ablation", off="9.9,x,0.0,1"))
    assert app.multiselect[0].value == ["0.0"]


def test_ranking_all_heads_waits_to_be_asked_and_is_kept(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="ablation"))
    assert cached_attention.importance(run, ablation.EXAMPLES) is None
    next(button for button in app.button if button.label == "Rank all heads").click().run()
    check(app)
    found = cached_attention.importance(run, ablation.EXAMPLES)
    assert found is not None
    ranking = frame(app, "Rank")
    assert [(row["Layer"] - 1, row["Head"] - 1) for _, row in ranking.iterrows()] == [
        (effect.layer, effect.head) for effect in found.heads
    ]


@pytest.mark.parametrize("view", ["ablation", "explanation"])
def test_without_a_classifier_a_run_of_this_visitor_is_shown(run: str, view: str) -> None:
    assert f"Shown here: **{bundled.READY[READY].title}**" in texts(
        check(open_page("attention", text=SENTENCE, view=view))
    )
    app = check(open_page("attention", text=SENTENCE, view=view, run=RUN))
    app.button(key=f"open_{run}").click().run()
    check(app)
    assert app.query_params["model"] == run


def test_without_a_run_the_way_to_one_is_offered() -> None:
    app = check(open_page("attention", text=SENTENCE, view="explanation"))
    assert "a classifier does" in texts(app) and not app.info and not app.error
    assert [link.proto.page for link in app.get("page_link")][:-2] == ["finetune"]  # the last two are the path


def test_without_a_run_a_model_that_comes_with_the_studio_is_explained() -> None:
    app = check(open_page("attention", text=SENTENCE, view="explanation"))
    answer = cached_answers.prediction(READY, {"text": SENTENCE})
    assert isinstance(answer, Labelled)
    assert f"**{answer.label}** with probability {answer.probability:.1%}" in texts(app)
    assert list(frame(app, "Attention")["Attention"]) == [row.title for row in heads.RECEIVED.values()]
    assert f"Shown here: **{bundled.READY[READY].title}**" in texts(app)
    app.button(f"open_{READY}").click().run()
    check(app)
    assert app.query_params["model"] == READY and not app.info


def test_without_a_run_the_heads_of_a_model_that_comes_with_the_studio_are_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ablation, "EXAMPLES", 4)
    app = check(open_page("attention", text=SENTENCE, view="ablation"))
    next(button for button in app.button if button.label == "Rank all heads").click().run()
    check(app)
    found = cached_attention.importance(READY, 4)
    assert found is not None and found.n == 4 and found.total == 853
    assert len(frame(app, "Rank")) == len(found.heads) == 72


def test_without_a_run_the_encoder_is_compared_with_what_was_made_of_it() -> None:
    app = check(open_page("attention", text=SENTENCE, view="compare"))
    assert app.session_state["shared_other_model"] == READY
    assert frame(app, "Divergence (bits)")["Divergence (bits)"].max() > 0.001


def test_models_that_read_differently_cannot_be_compared(run: str) -> None:
    app = check(open_page("attention", model=run, other_model="minilm", text=SENTENCE, view="compare"))
    assert not app.error and "different tokens" in app.info[0].value
    app.button(key="compare_pair").click().run()
    assert not check(app).error and len(app.get("plotly_chart")) == 4, "two that can be compared"
    assert app.session_state["shared_other_model"] == "minilm-sentiment"
    app.button(key="experiment_attention_back").click().run()
    assert check(app).query_params["text"] == SENTENCE and app.session_state["shared_model"] == run


def test_two_runs_of_one_model(trained: Path, tmp_path: Path, run: str) -> None:
    from shutil import copytree

    other = tmp_path / "20260102-000000-abcdef"
    copytree(trained, other)
    app = check(open_page("attention", model=run, other_model=f"run:{put_run(other)}", text=SENTENCE, view="compare"))
    assert not app.error
    assert frame(app, "Divergence (bits)")["Divergence (bits)"].max() == pytest.approx(0, abs=1e-9)


def test_attention_beside_attributions(run: str) -> None:
    app = check(open_page("attention", model=run, text=SENTENCE, view="explanation"))
    answer = cached_answers.prediction(run, {"text": SENTENCE})
    assert isinstance(answer, Labelled)
    found = cached_attention.agreement(run, SENTENCE, "", answer.label)
    shown = frame(app, "Attention")
    assert list(shown["Integrated gradients"]) == [
        "–" if value is None else f"{value:+.2f}"
        for value in (found.correlations[(name, "integrated-gradients")] for name in heads.RECEIVED)
    ]


def test_a_runs_name_cannot_format_the_line_that_names_it(run: str) -> None:
    file = settings.runs_folder() / RUN / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"name": "**x** :red[y]"}))
    app = check(open_page("attention", text=SENTENCE, view="explanation", run=RUN))
    line = next(part.value for part in app.markdown if "Shown here" in part.value)
    assert line.count("**") == 2 and "\\*\\*x" in line


def test_hostile_tokens_in_figures_are_escaped() -> None:
    figure = figures.word_measures(["<b>x</b>", "</script>"], {"<i>": [1.0, -1.0]})
    assert "<b>" not in figure.to_json() and "</script>" not in figure.to_json()


def test_grid_of_heads_carries_its_places() -> None:
    values = np.array([[0.5, np.nan], [1.0, 0.0]])
    figure = figures.head_grid(values, title="t", bar="b", selected=(1, 0), off=[(0, 0)])
    assert [tuple(point[:2]) for point in figure.data[1].customdata] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert figure.data[0].texttemplate == "%{z:.2f}"
    assert sum(shape.type == "line" for shape in figure.layout.shapes) == 2


def test_new_values_travel_in_the_address() -> None:
    assert {"token", "sample", "colour", "off"} <= set(inputs.DEFAULTS)


def test_what_a_run_from_scratch_began_with_is_not_suggested(run: str) -> None:
    file = settings.runs_folder() / RUN / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model": models.SCRATCH}))
    app = check(open_page("attention", model=run, text=SENTENCE, view="compare"))
    assert not app.error
    assert app.session_state["shared_other_model"] != models.SCRATCH


def test_an_experiments_point_stays_as_long_as_what_it_set(run: str) -> None:
    """Also the one about two models, for which the page chooses a head, and in another language."""
    file = settings.runs_folder() / RUN / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"model": "minilm"}))
    app = check(open_page("attention", model=run, text=SENTENCE, view="compare"))
    app.button(key="experiment_attention_fine-tuned").click().run()
    assert app.session_state["shared_other_model"] == "minilm"
    assert "Which layers changed most?" in texts(check(app))
    app.segmented_control(key="lang_widget").set_value("zh").run()
    assert "Which layers changed most?" not in texts(app)
    assert "哪些层变化最大？" in texts(app)
