"""The prepared experiments of the Playground: they follow the labels and the rows of the model in view."""

from core import exemplars
from core.data.bundled import DATASETS
from pages.shared import layout
from pages.shared.cached import answers as cached_answers
from pages.shared.cached import models as cached_models
from pages.shared.cached import runs as cached_runs
from pages.shared.experiments import Experiment
from pages.shared.i18n import _, sentences
from pages.topics.playground.answering import run_of


def rows(name: str) -> list[Experiment]:
    """Prepared experiments: rows of the model's own data, or sentences that fit what its labels mean."""
    gives = cached_models.predictor(name).task.gives
    if "tokens" in gives:
        return [
            Experiment(
                "missing",
                _("A word that is missing"),
                _("What does the model read around a hole?"),
                _("The model reads both sides of the mask. Change the words around it and see which of them decide."),
                {"text": "The film was so [MASK] that I saw it twice.", "pair": "", "view": "one"},
            )
        ]
    if "tags" in gives:
        return [
            Experiment(
                "two-things",
                _("One word, two things"),
                _("How does the model tell a name from a word?"),
                _("A month and a person, a country and a person, spelled alike. Only what stands around them tells."),
                {"text": "May asked Jordan whether Jordan is warm in May.", "view": "one"},
            ),
            Experiment(
                "small-letters",
                _("Without capital letters"),
                _("Does the model go by capital letters?"),
                _("Nothing in the spelling says what is a name. Whoever goes by capital letters finds nothing here."),
                {"text": "off to lagos with tunde to see burna boy, back on sunday", "view": "one"},
            ),
            Experiment(
                "invented",
                _("Names that nobody has heard"),
                _("Does the model know names, or the places where names stand?"),
                _("These names are invented. What is marked comes from the sentence, and not from a list of names."),
                {"text": "Zorvanna Kelimbe opened a bakery in Brindlewick.", "view": "one"},
            ),
        ]
    if "score" in gives and "pair" in cached_models.predictor(name).task.inputs:
        return _two_that_are_alike()
    if "text" in gives:
        return _phrasebook(name)
    if "label" not in gives:
        return []
    own = _own(name)
    run = run_of(name)
    if run and run.config.data in DATASETS and DATASETS[run.config.data].languages == "zh":
        return [*_chinese(), *own]
    return [*(_film() if exemplars.is_sentiment(cached_models.predictor(name).labels) or not own else []), *own]


def _phrasebook(name: str) -> list[Experiment]:
    """Sentences for a translator that learnt from the phrasebook; none for another, whose words nobody knows here."""
    run = run_of(name)
    if run is None or run.config.data != "phrasebook":
        return []
    return [
        Experiment(
            "combination",
            _("Known words, put together anew"),
            _("Does the model translate what it never saw?"),
            _("Training has every word of this sentence, but not the sentence. Look at the picture: beside which word of the source does each character stand?"),
            {"text": "My mother drank a bottle of cola yesterday morning.", "view": "one"},
        ),
        Experiment(
            "unseen-word",
            _("A word that training never has"),
            _("What does the model write for a word that it never learnt?"),
            _("Nothing in training says what *badminton* is in Chinese. The model does not fall silent: it writes a word that it knows. Which one, and how sure is it?"),
            {"text": "Maria plays badminton every evening.", "view": "one"},
        ),
        Experiment(
            "outside",
            _("A sentence of another kind"),
            _("How far does a phrasebook reach?"),
            _("A grammar made the sentences of the phrasebook, and it has none like this one. The figures of the run say nothing about such sentences."),
            {"text": "To be, or not to be, that is the question.", "view": "one"},
        ),
    ]  # fmt: skip


def _two_that_are_alike() -> list[Experiment]:
    """Pairs of sentences that share their words or their meaning, for a model that scores pairs."""
    return [
        Experiment(
            "roles",
            _("The same words, turned round"),
            _("Does the order of the words count?"),
            _("Every word is the same, and not what is told. A model that compares words alone finds no difference. What moves the score?"),
            {"text": "The dog chased the cat.", "pair": "The cat chased the dog.", "view": "one"},
        ),
        Experiment(
            "denied",
            _("One “not” between them"),
            _("How much is one *not* worth?"),
            _("Take the *not* out and ask again: the difference is what the model makes of it."),
            {"text": "The museum is open on Sundays.", "pair": "The museum is not open on Sundays.", "view": "one"},
        ),
        Experiment(
            "other-words",
            _("The same in other words"),
            _("Does the model see a meaning without common words?"),
            _("Hardly a word is common to both, and they tell the same. Whoever counts common words gives a low score."),
            {"text": "The film was a flop.", "pair": "Hardly anybody bought a ticket to see it.", "view": "one"},
        ),
    ]  # fmt: skip


def _film() -> list[Experiment]:
    """Sentences of praise and blame, for a model that tells them apart."""
    english = {"pair": "", "view": "one"}
    return [
        Experiment(
            "not-bad",
            _("“Not bad at all”"),
            _("Does the model read words one by one, or together?"),
            _(
                "Two negative words that praise together. If “bad” alone decides, the model counts words; if “not” turns it, the "
                "model reads them together. Look at the marks below both."
            ),
            {"text": "Not bad at all.", **english},
        ),
        Experiment(
            "one-not",
            _("One “not” more"),
            _("Does one *not* turn the answer?"),
            _(
                "The two sentences differ in one word that turns their meaning round. A model that has understood it turns its answer; "
                "one that goes by “good” does not."
            ),
            {"text": "The film is good.", "other_text": "The film is not good.", "pair": "", "view": "texts"},
        ),
        Experiment(
            "sarcasm",
            _("Sarcasm"),
            _("Does the model notice irony?"),
            _(
                "Every word is friendly, the sentence is not. Nothing in the text itself says so, and small models mostly take it at its word."
            ),
            {"text": "Great, another two hours of my life that nobody will give back to me.", **english},
        ),
        Experiment(
            "chinese",
            _("Chinese for an English model"),
            _("What does the model say of a text that it cannot read?"),
            _(
                "High praise, in characters that an English vocabulary hardly has. The model still answers, and often surely: it has "
                "no way to say “I cannot read this”. The Tokens page shows what little it reads."
            ),
            {"text": "这部电影真好看，演员演得太棒了。", **english},
        ),
    ]


def _own(name: str) -> list[Experiment]:
    """Rows of the data that a run learnt from, held back from it where any were: sure, wrong, unsure, short, long, and two labels."""
    rows = cached_answers.own_rows(name)
    if rows is None:
        return []
    run = run_of(name)
    report = cached_runs.run_report(run.id) if run else None
    unseen = bool(report and not report.memorised)
    source = _("A row of its data that this model never saw.") if unseen else _("A row of this model's data.")
    titles = {
        "right": _("One it is sure of"),
        "wrong": _("A sentence it gets wrong"),
        "unsure": _("Between two labels"),
        "short": _("A short one"),
        "long": _("A long one"),
    }
    questions = {
        "right": _("Which words make the model sure?"),
        "wrong": _("Why is the model wrong here?"),
        "unsure": _("What would tip the answer?"),
        "short": _("Are a few words enough?"),
        "long": _("Which part of a long text decides?"),
    }
    points = {
        "right": _("The label is **{true}**, and the model is {confidence:.1%} sure of it. Which words does it go by? Take the strongest away: is it still sure?"),
        "wrong": _("The label is **{true}**, the model says **{predicted}** and is {confidence:.1%} sure. A high probability is no promise. Which words led it astray? Or is the label wrong?"),
        "unsure": _("The label is **{true}**. The model gives **{predicted}** {confidence:.1%} and **{second}** {other:.1%}: change one word, and see which way it tips."),
        "short": _("The label is **{true}**, the model says **{predicted}** ({confidence:.1%}). So few words decide: change one of them."),
        "long": _("The label is **{true}**, the model says **{predicted}** ({confidence:.1%}). Is it the whole text that decides, or a few words of it?"),
    }  # fmt: skip
    found = [
        Experiment(
            kind,
            titles[kind],
            questions[kind],
            sentences(source, points[kind].format(
                true=layout.plain(row.true), predicted=layout.plain(row.predicted), confidence=row.probability,
                second=layout.plain(row.second), other=row.second_probability,
            )),
            {"pair": "", **row.inputs, "view": "one"},
        )
        for kind, row in rows.of.items()
    ]  # fmt: skip
    if rows.pair:
        first, second = rows.pair
        role = next(iter(first.inputs))
        point = _("One text of the label **{first}** and one of **{second}**. Write a word of the first into the second: how many does it take to turn the answer?")  # fmt: skip
        found.append(
            Experiment(
                "two-labels",
                _("Two labels"),
                _("How many words does it take to turn the answer?"),
                point.format(first=layout.plain(first.true), second=layout.plain(second.true)),
                {"pair": "", **first.inputs, "other_text": second.inputs[role], "view": "texts"},
            )
        )
    return found


def _chinese() -> list[Experiment]:
    """For a model that learnt from Chinese reviews."""
    one = {"pair": "", "view": "one"}
    return [
        Experiment(
            "zh-not-bad",
            _("“一点也不差”"),
            _("Does the model read words one by one, or together?"),
            _("不 and 差 praise together. If 差 alone decides, the model counts words; if 不 turns it, the model reads them together. Look at the marks below both."),
            {"text": "房间一点也不差。", **one},
        ),
        Experiment(
            "zh-negation",
            _("One 不 more"),
            _("Does one word turn the answer?"),
            _("The two sentences differ in one character that turns their meaning round. A model that goes by 满意 does not notice."),
            {"text": "我对这家酒店很满意。", "other_text": "我对这家酒店很不满意。", "pair": "", "view": "texts"},
        ),
        Experiment(
            "zh-but",
            _("What comes after 但是"),
            _("Which half of a sentence counts?"),
            _("Praise and blame with 但是 between them: a reader goes by the second half. Change the order of the halves and compare."),
            {"text": "位置很好，但是房间又旧又吵。", "other_text": "房间又旧又吵，但是位置很好。", "pair": "", "view": "texts"},
        ),
        Experiment(
            "zh-sarcasm",
            _("Chinese sarcasm"),
            _("Does the model notice that this is no praise?"),
            _("Every word is friendly, the sentence is not. Nothing in the text itself says so, and small models mostly take it at its word."),
            {"text": "服务真周到，只等了两个小时就入住了。", **one},
        ),
    ]  # fmt: skip
