"""What travels from page to page: model, text, pair, layer, head and run, and the address that carries them.

The values live in session state under keys of their own, because a widget's key is forgotten on a page switch. Each
picker copies the value into its widget before it is drawn and back in the widget's callback. This module loads no
weights.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import models, runs, settings
from core.bundled import READY
from core.metrics import METRICS
from core.results import RunReport
from core.tasks.table import TASKS
from pages.shared import choices, visitor
from pages.shared.cached import models as cached_models
from pages.shared.cached import runs as cached_runs
from pages.shared.i18n import _, language
from pages.shared.opening import OPENINGS, is_opening, other
from pages.shared.words import plain, task_name

DEFAULTS = {
    "model": "minilm",
    "text": OPENINGS["en"]["text"],
    "pair": "",
    "layer": "",
    "head": "",
    "cut": "128",
    "view": "",
    "part": "",
    "method": "",
    "other_text": "",
    "other_model": "",
    "other_classifier": "",
    "run": "",
    "runs": "",
    "data": OPENINGS["en"]["data"],
    "task": "",
    "preset": "balanced",
    "changes": "",
    "state": "",
    "pooling": "mean",
    "compared": "",
    "uses": OPENINGS["en"]["uses"],
    "own_word": "",
    "own_uses": "",
    "texts": OPENINGS["en"]["texts"],
    "own_texts": "",
    "rows": "500",
    "map": "pca-2",
    "compare": "one",
    "word": "",
    "query": "",
    "entry": "",
    "token": "",
    "sample": OPENINGS["en"]["sample"],
    "colour": "",
    "off": "",
    "without": "",
    "swap": "",
    "swap_with": "",
    "masked": "",
    "whole": "",
    "models": "",
    "seed": "0",
    "way": "",
    "length": "6",
    "temperature": "1",
    "top_k": "50",
    "step": "",
    "beams": "4",
    "line": "1",
    "look": "",
    "map_look": "",
    "map_masked": "",
    "learn": "mlm",
    "corpus": "imdb",
    "pasted": "",
    "plan": "",
    "learning": "",
    "claims": "",
    "verdict": "",
    "experiment": "",
    "vote": "",
    "present": "",
    "searcher": "",
    "shelf": "",
    "ask": "",
    "passages": "",
    "document": "",
    "reader": "",
    "labelled": "",
    "labels": "",
    "article": "",
    "articles": "",
    "story": "",
    "by": "",
    "unit": "",
    "most_sentences": "3",
    "most_words": "60",
    "relevance": "0.7",
    "threshold": "0",
    "only": "",
    "order": "",
    "mine": "",
}
OF_TRAINING = ("run", "runs", "data", "task", "preset", "changes", "learn", "corpus", "pasted", "plan", "learning")
OF_PICTURES = tuple(name for name in DEFAULTS if name not in (*OF_TRAINING, "view", "present", "mine"))
OPENING = DEFAULTS | {"part": "all"}  # what a page chooses where the default leaves it open
# Layers and heads are counted from 0 inside, and from 1 on the page and in the address, where they have these names; an
# address that has the name within counts from 0, as addresses once did.
FROM_ONE = {"layer": "layer_no", "head": "head_no", "off": "heads_off"}
COUNTED = re.compile(r"(?:0|[1-9][0-9]{0,99})(?:[.,](?:0|[1-9][0-9]{0,99}))*")
NAME_RUNS = (
    "run",
    "runs",
    "learning",
    "model",
    "other_model",
    "other_classifier",
)  # who sets one of these opens the runs
LONGEST_LINK = 1500
LINKS_KEPT = (
    200  # addresses that a browser may still send: on a busy machine it stays behind by as many as there are letters
)


def get(name: str) -> str:
    """The shared value, always as text."""
    chosen = st.session_state.get(f"shared_{name}")
    return default(name) if chosen is None else str(chosen)


def default(name: str) -> str:
    """The value while nobody has chosen one: the model follows the text, or the data of a page that has read it."""
    if name != "model":
        return DEFAULTS[name]
    return str(st.session_state.get("shared_suited") or models.default([get("text")]))


def suit(texts: Iterable[str]) -> None:
    """Let the model follow these texts on this page, while nobody has chosen one."""
    st.session_state["shared_suited"] = models.default(texts)


def forget(name: str) -> None:
    """As if nobody had chosen a value."""
    st.session_state.pop(f"shared_{name}", None)


def put(name: str, value: object) -> None:
    """Set a shared value; every picker and the address follow."""
    st.session_state[f"shared_{name}"] = str(value)
    st.session_state.pop(f"meant_{name}", None)
    if name in NAME_RUNS:
        visitor.opened(*str(value).split(","))


def reset(names: Iterable[str]) -> None:
    """Give shared values their defaults again: those of the language that the page opens in."""
    _page, spoken = st.session_state["shared_spoken"]
    for name in names:
        forget(name)
        if name in OPENINGS[spoken]:
            put(name, OPENINGS[spoken][name])


def _by_back_or_forward() -> bool:
    """Whether it was the browser's Back or Forward that brought the visitor to this address."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def restore() -> None:
    """Take over the state that the address asks for, unless it is an address that was written here.

    While somebody types, the browser sends the address of a moment ago with the next letters: taking that for a wish
    would undo what was typed since. An address without inputs, as the navigation opens, asks for nothing.
    """
    asked = _read(st.query_params)
    written = st.session_state.get("shared_links", [])
    if asked in written and not _by_back_or_forward():
        written = written[written.index(asked) :]  # the browser has come as far as this one
        asked = {}
    elif asked:
        for name, default in DEFAULTS.items():
            if name == "model" and name not in asked:
                forget(name)
            elif name in asked or len(get(name)) <= LONGEST_LINK:
                put(name, asked.get(name, default))
        written = [asked]
    st.session_state["shared_links"] = written
    st.session_state["shared_asked"] = tuple(asked)
    page = context.page_script_hash if (context := get_script_run_ctx()) else ""
    if st.session_state.get("shared_page") != page:
        st.session_state["shared_page"], st.session_state["shared_settled"] = page, {}
        st.session_state["shared_came_back"] = _by_back_or_forward()


def came_back() -> bool:
    """Whether it was the browser's Back or Forward that began this visit of the page."""
    return bool(st.session_state["shared_came_back"])


def settled(name: str, options: Iterable[str]) -> str:
    """The first of these as it was when this visit of the page began, as long as it is one of them: a run that ends meanwhile changes nothing."""
    known, found = st.session_state["shared_settled"], list(options)
    if known.get(name) not in found:
        known[name] = found[0]
    return str(known[name])


def keep_to_own() -> bool:
    """Forget every value that names a run which this visitor may not look at; whether there was one."""
    if visitor.sees_all():
        return False
    others = [name for name in DEFAULTS if any(_hidden(part) for part in get(name).split(","))]
    for name in others:
        forget(name)
    return bool(others)


def _hidden(value: str) -> bool:
    """Whether a value is a run's id, or its model, that is not to be seen here."""
    run = models.RUN_NAME.fullmatch(f"run:{value.removeprefix('run:')}")
    return run is not None and not visitor.may_see(runs.owner(run[1]))


def speak(page: str, wanted: str) -> None:
    """Show the opening of a language where a page begins, or where the language changes: the sentence, and data of that language.

    Only what is still that of an opening changes, and nothing that the address asks for.
    """
    asked = {name: get(name) for name in st.session_state["shared_asked"]}
    if asked and not is_opening(asked):
        st.session_state["shared_own"] = True  # whoever opens somebody's address stays with its sentence
    if st.session_state.get("shared_spoken") != (page, wanted):
        st.session_state["shared_spoken"] = (page, wanted)
        st.session_state.pop("shared_suited", None)
        if not asked and "shared_own" not in st.session_state:
            for name in OPENINGS[wanted]:
                put(name, other(name, get(name), wanted))


def _shifted(value: str, by: int) -> str | None:
    """Numbers ("3", "0.2,5.11"), each larger by so much; None for what is no list of numbers, or would not be one."""
    if not COUNTED.fullmatch(value):
        return None
    shifted = re.sub("[0-9]+", lambda number: str(int(number[0]) + by), value)
    return shifted if COUNTED.fullmatch(shifted) else None


def _read(query: Mapping[str, str]) -> dict[str, str]:
    """The shared values that an address asks for."""
    asked = {name: query[name] for name in DEFAULTS if name in query}
    for name, written in FROM_ONE.items():
        if (counted := _shifted(query.get(written, ""), -1)) is not None:
            asked[name] = counted
    return asked


def _changed() -> dict[str, str]:
    """The shared values that differ from the defaults."""
    chosen = st.session_state.to_dict()  # all at once: each look into it takes a lock
    values = {name: str(chosen.get(f"shared_{name}", otherwise)) for name, otherwise in DEFAULTS.items()}
    values["model"] = get("model")
    by_text = DEFAULTS | {"model": models.default([values["text"]])}
    return {name: value for name, value in values.items() if value != by_text[name] and len(value) <= LONGEST_LINK}


def link() -> dict[str, str]:
    """The shared values that differ from the defaults, as query parameters."""
    return as_query(_changed())


def as_query(values: Mapping[str, str]) -> dict[str, str]:
    """Shared values as query parameters: layers and heads under the names by which they are counted from 1."""
    written: dict[str, str] = {}
    for name, value in values.items():
        counted = _shifted(value, 1) if name in FROM_ONE else None
        written |= {name: value} if counted is None else {FROM_ONE[name]: counted}
    return written


def address() -> dict[str, str]:
    """The address that carries the state, as query parameters."""
    return _address(_changed())


def _address(changed: Mapping[str, str]) -> dict[str, str]:
    return as_query(changed) | ({"lang": language()} if "lang" in st.session_state else {})


def write_link() -> None:
    """Make the address carry the state, so that it can be copied and sent to a class.

    The first address of a visit is written by the page (see layout.page).
    """
    changed = _changed()
    if st.session_state["shared_links"][-1:] != [changed]:
        st.session_state["shared_links"] = [*st.session_state["shared_links"][-LINKS_KEPT:], changed]
    if "shared_drawn" in st.session_state and st.query_params.to_dict() != _address(changed):
        st.query_params.from_dict(_address(changed))


def drawn() -> None:
    """The page is complete: its address is written, from now on also by parts of it that run alone."""
    write_link()
    st.session_state["shared_drawn"] = True


def _take(name: str, key: str) -> None:
    if st.session_state[key] is not None:
        put(name, st.session_state[key])


def _widget(name: str, page: str) -> dict[str, Any]:
    """The key and callback that tie a widget to a shared value."""
    key = f"{name}@{page}"
    return {"key": key, "on_change": _take, "args": (name, key)}


def _field(name: str, page: str) -> dict[str, Any]:
    """As `_widget`, for a widget that is not drawn by pages.shared.choices."""
    return _widget(name, page) | {"persist_state": choices.UNTIL_DRAWN}


def settle(name: str, page: str, options: Iterable[str]) -> str:
    """Make a shared value one of a page's options, and return it: else what the page showed last, else the first of them."""
    known, last = tuple(options), f"last_{name}_{page}"
    if get(name) not in known:
        before = st.session_state.get(last)
        put(name, before if before in known else known[0])
    st.session_state[last] = get(name)
    return get(name)


def settle_view(page: str, options: Iterable[str]) -> str:
    """Make "view" one of a page's views, and return it. Each page keeps its own: one set on another page is not meant here."""
    if "view" not in st.session_state.get("shared_asked", ()) and st.session_state.get("view_of", page) != page:
        put("view", "")
    st.session_state["view_of"] = page
    return settle("view", page, options)


def number(name: str, low: int, high: int, otherwise: int) -> int:
    """A shared value as a whole number between two bounds; `otherwise` where it is none."""
    value = get(name)
    return min(max(int(value) if value.isdecimal() and len(value) < 10 else otherwise, low), high)


@dataclass(frozen=True)
class Toolbar:
    """The first line of a page: the model, the sentence as far as a page works on it, and the place of all other options."""

    model: str
    text: str
    options: DeltaGenerator


def toolbar(page: str, *, options: Sequence[str] = (), sentence: bool = True, label: str = "") -> Toolbar:
    """One line with the model, the sentence where the topic reads one, and a button that opens everything else.

    options: the shared values that are chosen behind the button, which says how many of them differ from a fresh visit; ()
    for no button. label: another name for the sentence.
    """
    with st.container(key="toolbar"):
        places = st.columns([2, 3, 1] if options else [2, 3], vertical_alignment="bottom")
        with places[0]:
            _model_list(page, get("model"))
        if sentence:
            with places[1]:
                _sentence_box(page, label)
        behind = options_button(places[-1], page, options) if options else places[-1]
    _check_model(get("model"))
    return Toolbar(get("model"), within_limit(get("text")) if sentence else "", behind)


def options_button(place: DeltaGenerator, page: str, names: Sequence[str]) -> DeltaGenerator:
    """The button that opens what is seldom chosen; it says how many of these shared values differ from a fresh visit."""
    changed = sum(get(name) not in (DEFAULTS[name], OPENING[name]) for name in names)
    title = _("Options · {count} changed").format(count=changed) if changed else _("Options")
    return place.popover(title, icon=":material/tune:", width="stretch", key=f"options_{page}")


def pair_and_cut(page: str, model: str) -> tuple[str, int]:
    """The second sentence, and how many tokens an input may have."""
    second = pair(page)
    return second, cut(page, cached_models.tokenizer(model).model_max_length)


def sentence(page: str, *, label: str = "", pause: str = "250ms") -> str:
    """The sentence. It follows the typing after a pause; what is longer than the limit is cut, and says so."""
    _sentence_box(page, label, pause)
    return within_limit(get("text"))


def _sentence_box(page: str, label: str, pause: str = "250ms") -> None:
    choices.show(f"text@{page}", get("text"))
    st.text_input(label or _("Sentence"), live=pause, **_field("text", page))


def passage(page: str, *, label: str) -> str:
    """The sentence where it may be a text of several lines."""
    choices.show(f"text@{page}", get("text"))
    st.text_area(label, height="content", **_field("text", page))
    return within_limit(get("text"))


def pair(page: str, *, label: str = "") -> str:
    """The optional second sentence ("" for none). label: another name for it, where it is not optional."""
    choices.show(f"pair@{page}", get("pair"))
    st.text_input(
        label or _("Second sentence (optional)"),
        live=True,
        placeholder=_("for sentence pairs, such as a question and its answer"),
        **_field("pair", page),
    )
    return within_limit(get("pair"))


def second_passage(page: str, *, label: str) -> str:
    """The second sentence where it may be a text of several lines."""
    choices.show(f"pair@{page}", get("pair"))
    st.text_area(label, height="content", **_field("pair", page))
    return within_limit(get("pair"))


def within_limit(value: str) -> str:
    """The text as far as a page works on it; a longer one is cut, and a message says so."""
    limit = settings.MAX_TEXT_CHARS.value()
    if len(value) > limit:
        st.warning(
            _("The text has {length:,} characters; the first {limit:,} are used here.").format(
                length=len(value), limit=limit
            )
        )
    return value[:limit]


def run_title(run: runs.Run, report: RunReport | None = None) -> str:
    """A run in one line: its name, its headline metric on the test rows if there is one, when it was made."""
    parts = [run.name]
    test = report.evaluations.get("test") if report else None
    headline = next((name for name in test.metrics if name in METRICS), "") if test else ""
    if test and headline:
        metric = METRICS[headline]
        parts.append(f"{_(metric.title)} {metric.write(test.metrics[metric.id].value)}")
    parts.append(datetime.fromtimestamp(run.state.created).strftime("%Y-%m-%d %H:%M"))
    return " · ".join(parts)


def finished() -> list[runs.Run]:
    """Every run that has a model: this visitor's first, then other people's, the newest of each first."""
    found = [run for run in visitor.runs_seen() if models.availability(f"run:{run.id}") == "here"]
    return sorted(found, key=lambda run: not visitor.owns(run.id))


def titles(found: Iterable[runs.Run]) -> dict[str, str]:
    """Model name ("run:…") → title of each of these runs."""
    return {f"run:{run.id}": run_title(run, cached_runs.run_report(run.id)) for run in found}


def by_task(found: Iterable[runs.Run]) -> dict[str, list[runs.Run]]:
    """Runs by what they were trained for: the tasks, and the runs of each, in the order in which they come."""
    grouped: dict[str, list[runs.Run]] = {}
    for run in found:
        grouped.setdefault(run.config.task, []).append(run)
    return grouped


def finished_runs() -> dict[str, str]:
    """Model name ("run:…") → title of every run that has a model, in the order of `finished`."""
    return titles(finished())


def _that_give(gives: str) -> list[runs.Run]:
    """The finished runs that learnt from answers and give answers of this kind ("label", …; any kind for "")."""
    tasks = {row.id for row in TASKS.values() if row.supervised and (not gives or gives in row.gives)}
    return [run for run in finished() if run.config.task in tasks]


def own_runs(gives: str) -> list[runs.Run]:
    """This visitor's finished runs that learnt to give answers of this kind ("label", …), newest first."""
    return [run for run in _that_give(gives) if visitor.owns(run.id)]


def ready(gives: str = "") -> dict[str, str]:
    """The models that come with the studio: name → title, those for the page's language first.

    gives: only those whose answers are of this kind ("label", …).
    """
    rows = [row for row in READY.values() if not gives or gives in TASKS[row.task].gives]
    rows.sort(key=lambda row: language() not in row.languages.split())
    return {row.id: _(row.title) for row in rows}


def answering(gives: str) -> dict[str, str]:
    """The models here that learnt to give answers of this kind: name → title.

    This visitor's runs come first, the newest before the others, then READY, then other people's runs: the first of them is
    nobody else's.
    """
    return own_before_ready(_that_give(gives), ready(gives))


def own_before_ready(found: Iterable[runs.Run], ready: Mapping[str, str]) -> dict[str, str]:
    """Name → title: this visitor's of these runs, models that come with the studio, other people's runs."""
    by_owner: dict[bool, list[runs.Run]] = {True: [], False: []}
    for run in found:
        by_owner[visitor.owns(run.id)].append(run)
    return titles(by_owner[True]) | dict(ready) | titles(by_owner[False])


def model_title(name: str, titles: dict[str, str]) -> str:
    """A model as the picker shows it, with a word on whether it can be had now."""
    if name in READY:
        return _("{title} · comes with the studio").format(title=_(READY[name].title))
    if name in titles:
        return (_("your run: {title}") if visitor.owns(name) else _("run: {title}")).format(title=titles[name])
    note = {
        "here": _("on this machine"),
        "hub": _("will be fetched from the hub"),
        "unreachable": _("not on this machine, hub not reachable"),
        "not installed": _("its package is not installed"),
    }[models.availability(name)]
    return f"{name} · {note}"


def model(page: str, *, label: str = "") -> str:
    """The model: a finished run, a row of MODELS or READY, or any hub name typed in."""
    _model_list(page, get("model"), label)
    _check_model(get("model"))
    return get("model")


def _model_list(page: str, shown: str, label: str = "", *, name: str = "model") -> None:
    """A list of models in which `shown` is chosen; what is not here comes last. name: the shared value that holds the choice.

    The visitor's runs stand by task: first the task of the newest run, and of each task the newest first.
    """
    found = finished()
    named = {
        name: f"{task_name(run.config.task)} · {title}"
        for run, (name, title) in zip(found, titles(found).items(), strict=True)
    }
    alike = by_task(run for run in found if visitor.owns(run.id)).values()
    own = [f"run:{run.id}" for same in alike for run in same]
    here = [name for name in models.MODELS if models.availability(name) == "here"]
    options = dict.fromkeys((*own, *here, *ready(), *named, *models.MODELS, shown))
    choices.listed(
        label or _("Model"),
        {model: model_title(model, named) for model in options},
        shown,
        name=lambda model: model_title(model, named),
        accept_new_options=True,
        help=_(
            "Choose one, or type the name of any BERT-like model on the Hugging Face hub, such as owner/name. Until you choose, the model "
            "follows the text: minilm for Latin letters, multilingual-e5-small for others."
        ),
        **_widget(name, page),
    )


def _check_model(name: str) -> None:
    """Refuse what is no model's name, and say what has to be known about this one."""
    models.check_name(name)
    for remark, values in cached_models.remarks(name):
        st.caption(
            ":material/info: " + plain(_("About this model: {remark}").format(remark=_(remark).format(**values)))
        )


def cut(page: str, limit: int) -> int:
    """The most tokens an input may have, at most what the model takes."""
    put("cut", number("cut", 4, limit, int(DEFAULTS["cut"])))
    choices.show(f"cut@{page}", int(get("cut")))
    st.number_input(_("Cut at (tokens)"), 4, limit, help=_("Longer inputs are cut here."), **_field("cut", page))
    return int(get("cut"))


def _one_of(name: str, page: str, options: Mapping[str, str], label: str, **drawn: Any) -> str:
    """A shared value as one of a few options (value → its name on screen); the first where it is none of them."""
    choices.row(label, options, settle(name, page, options), **drawn, **_widget(name, page))
    return get(name)


def view(page: str, options: Mapping[str, str], *, label: str) -> str:
    """Which picture of a page is shown: option → its name on screen. Only the chosen one is to be computed."""
    settle_view(page, options)
    return _one_of("view", page, options, label, label_visibility="collapsed")


def topic(page: str, options: Mapping[str, str]) -> str:
    """Which topic of a page is shown: option → its name on screen. Only the chosen one is to be computed."""
    with st.container(key="topics"):
        settle_view(page, options)
        return _one_of("view", page, options, _("Topic"), wrap=True, label_visibility="collapsed")


def part(page: str, options: Mapping[str, str], *, label: str) -> str:
    """The part of a page's matter that is shown, such as one sentence of a pair: value → title."""
    return choice("part", page, options, label)


def choice(name: str, page: str, options: Mapping[str, str], label: str) -> str:
    """A shared value as one of many options in a list (value → its name on screen); the first where it is none of them."""
    choices.listed(label, options, settle(name, page, options), **_widget(name, page))
    return get(name)


def meant(name: str, options: Mapping[str, str], otherwise: str) -> str:
    """A shared value as one of the options (value → its name) while it means what it did when it was chosen, else `otherwise`.

    The fifth token or word is another one as soon as the text has changed: it is not what somebody chose.
    """
    value, key = get(name), f"meant_{name}"
    means = (value, options.get(value))
    if value in options and st.session_state.get(key, means) == means:
        st.session_state[key] = means
        return value
    if value != DEFAULTS[name]:
        put(name, DEFAULTS[name])
    return otherwise


def telling(
    name: str, page: str, options: Mapping[str, str], label: str, otherwise: str, *, wrap: bool | None = None
) -> str:
    """A shared value as one of many options: what was chosen while it means the same, else `otherwise`.

    In a list; with `wrap` given, side by side.
    """
    value = meant(name, options, otherwise)
    if wrap is None:
        choices.listed(label, options, value, **_widget(name, page))
    else:
        choices.row(label, options, value, wrap=wrap, **_widget(name, page))
    return value


def _take_several(name: str, key: str) -> None:
    put(name, ",".join(st.session_state[key]))


def _several(
    name: str, page: str, options: Mapping[str, str], most: int | None = None
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What is chosen of the options, at most so many, and what ties a widget to it."""
    key = f"{name}@{page}"
    chosen = [value for value in dict.fromkeys(get(name).split(",")) if value in options][:most]
    return tuple(chosen), {"key": key, "on_change": _take_several, "args": (name, key)}


def several(name: str, page: str, options: Mapping[str, str], label: str) -> tuple[str, ...]:
    """A shared value as any number of a few options, kept as their names with commas between them."""
    chosen, widget = _several(name, page, options)
    choices.pills(label, options, chosen, **widget)
    return chosen


def many(
    name: str, page: str, options: Mapping[str, str], label: str, *, placeholder: str = "", most: int | None = None
) -> tuple[str, ...]:
    """A shared value as some of many options in a list, any number or at most so many, kept as names with commas between."""
    chosen, widget = _several(name, page, options, most)
    choices.several(label, options, chosen, placeholder=placeholder, max_selections=most, **widget)
    return chosen


def segment(name: str, page: str, options: Mapping[str, str], label: str, **drawn: Any) -> str:
    """A shared value as one of a few options side by side (value → its name on screen); the first where it is none of them."""
    return _one_of(name, page, options, label, wrap=True, **drawn)


def state(page: str, layers: int) -> int:
    """Which hidden state: 0 for the embeddings, 1 to `layers` for what each layer puts out; the last unless chosen."""
    shown = number("state", 0, layers, layers)
    choices.slider(
        _("Layer (0: embeddings)"), {i: str(i) for i in range(layers + 1)}, shown, help=_("0 is the vector before the first layer: the word and its position, without any context."),
        **_widget("state", page),
    )  # fmt: skip
    return shown


def lines(name: str, page: str, *, label: str, example: str, help_text: str = "", height: int = 180) -> str:
    """A shared text of several lines; `example` stands there until somebody writes, and does not travel in the address."""
    longest = settings.MAX_CELL_CHARS.value()
    cleared = st.session_state.get(f"{name}@{page}") == ""
    shown = (get(name) or ("" if cleared else example))[:longest]
    choices.show(f"{name}@{page}", shown)
    st.text_area(label, height=height, help=help_text or None, max_chars=longest, **_field(name, page))
    return shown


def whole_number(name: str, page: str, *, label: str, low: int, high: int, step: int = 1, help_text: str = "") -> int:
    """A shared value as a whole number between two bounds."""
    put(name, number(name, low, high, int(DEFAULTS[name])))
    choices.show(f"{name}@{page}", int(get(name)))
    st.number_input(label, low, high, step=step, help=help_text or None, **_field(name, page))
    return int(get(name))


def flag(name: str, page: str, *, label: str, help_text: str = "") -> bool:
    """A shared value as a switch: "yes", or "" for off."""
    choices.show(f"{name}@{page}", get(name) == "yes")
    st.toggle(label, help=help_text or None, **(_field(name, page) | {"on_change": _take_flag}))
    return get(name) == "yes"


def _take_flag(name: str, key: str) -> None:
    put(name, "yes" if st.session_state[key] else "")


def decimal(name: str, page: str, *, label: str, low: float, high: float, step: float, help_text: str = "") -> float:
    """A shared value as a decimal number between two bounds."""
    value = get(name)
    known = len(value) < 10 and value.replace(".", "", 1).isdecimal()
    shown = min(max(float(value) if known else float(DEFAULTS[name]), low), high)
    choices.show(f"{name}@{page}", shown)
    st.slider(label, low, high, step=step, help=help_text or None, **(_field(name, page) | {"on_change": _take_decimal}))  # fmt: skip
    return shown


def _take_decimal(name: str, key: str) -> None:
    put(name, f"{st.session_state[key]:g}")


def head_of(layers: int, heads: int, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The chosen layer and head, counted from 0, as far as the model has them; `otherwise` until somebody chooses."""
    return number("layer", 0, layers - 1, otherwise[0]), number("head", 0, heads - 1, otherwise[1])


def layer_and_head(page: str, layers: int, heads: int, otherwise: tuple[int, int]) -> tuple[int, int]:
    """The chosen layer and head to be changed, counted from 0 inside and from 1 on screen; `otherwise` until somebody chooses."""
    chosen = head_of(layers, heads, otherwise)
    fields = {"layer": (_("Layer"), layers), "head": (_("Head"), heads)}
    for place, (name, (label, count)), value in zip(st.columns(2), fields.items(), chosen, strict=True):
        with place:
            choices.slider(label, {i: str(i + 1) for i in range(count)}, value, **_widget(name, page))
    return chosen


def method(page: str, options: Mapping[str, str], *, label: str) -> str:
    """Which attribution method is shown: option → its name on screen. Only the chosen one is to be computed."""
    return _one_of("method", page, options, label, wrap=True)


def other_text(page: str, *, label: str) -> str:
    """The sentence that the first one is compared with."""
    choices.show(f"other_text@{page}", get("other_text"))
    st.text_input(label, live=True, **_field("other_text", page))
    return within_limit(get("other_text"))


def searcher(page: str, otherwise: str) -> str:
    """The model whose vectors are searched; `otherwise` until somebody chooses one."""
    shown = get("searcher") or otherwise
    _model_list(page, shown, name="searcher")
    _check_model(shown)
    return shown


def question(page: str, *, label: str, example: str) -> str:
    """What is asked of texts; it follows the typing after a pause. `example` is asked until somebody writes."""
    cleared = st.session_state.get(f"ask@{page}") == ""
    shown = get("ask") or ("" if cleared else example)
    choices.show(f"ask@{page}", shown)
    st.text_input(label, live="250ms", **_field("ask", page))
    return within_limit(shown)


def search(page: str, *, label: str) -> str:
    """What is looked for; it follows the typing."""
    choices.show(f"query@{page}", get("query"))
    st.text_input(label, live=True, **_field("query", page))
    return get("query")


def other_model(
    page: str,
    options: Mapping[str, str],
    *,
    label: str,
    more: Sequence[str] = (),
    name: str = "other_model",
    **drawn: Any,
) -> str:
    """The model that the first one is compared with: one of the runs (name → title), of `more`, or any hub name typed in.

    name: the shared value that holds it.
    """
    if not get(name) and options:
        put(name, next(iter(options)))
    names = [*options, *more]
    names += [] if get(name) in ("", *names) else [get(name)]
    choices.listed(
        label,
        {model: model_title(model, dict(options)) for model in names},
        get(name) or None,
        name=lambda model: model_title(model, dict(options)),
        accept_new_options=True,
        placeholder=_("a run, or the name of a classifier on the hub"),
        **drawn,
        **_widget(name, page),
    )
    if get(name):
        models.check_name(get(name))
    return get(name)
