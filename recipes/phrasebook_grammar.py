"""The sentences of the phrasebook: each pattern draws its words and puts them into English and Chinese.

Agreement, measure words and word order come out right because each word knows its forms (recipes/phrasebook_words.py). This module
does not know which sentences are for training.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from recipes.phrasebook_words import (
    ACTIVITIES,
    ADJECTIVES,
    CITIES,
    COLOURS,
    FAR_RIDES,
    FEELINGS,
    FREQUENCIES,
    FUTURE,
    JOBS,
    LATER,
    NEAR_RIDES,
    NOUNS,
    NUMBERS,
    OFTEN,
    PAST,
    PEOPLE,
    PLACES,
    SIDES,
    SPOTS,
    TASTES,
    VERBS,
    Activity,
    Adjective,
    Noun,
    Person,
    Place,
    Verb,
    Word,
    article,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Sentence:
    """links: pairs of its words that go together, as a verb and its object."""

    source: str
    target: str
    links: tuple[tuple[Word, Word], ...]

    @property
    def words(self) -> frozenset[str]:
        return frozenset(english_words(self.source))


def english_words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text.casefold())


def sentence(source: str, target: str, *links: tuple[Word, Word]) -> Sentence:
    return Sentence(source[0].upper() + source[1:], target[0].upper() + target[1:], links)


class Draw:
    """Words drawn at random, each where it makes sense."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def of(self, rows: Sequence[T]) -> T:
        return rows[self.random.randrange(len(rows))]

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def person(self, of: str = "told", but: Word | None = None) -> Person:
        return self.of([row for row in PEOPLE if set(of.split()) <= set(row.of.split()) and row != but])

    def noun(self, kinds: str, counted: bool = False, but: Sequence[Word] = ()) -> Noun:
        """A noun of any of these kinds."""
        wanted = set(kinds.split())
        return self.of(
            [row for row in NOUNS if wanted & row.kinds and row not in but and (row.countable or not counted)]
        )

    def action(self, verbs: str, counted: bool = False, bought: str = "") -> tuple[Verb, Noun]:
        """A verb, by its English, with an object. bought: what may be bought here; "" for anything."""
        english = self.of(verbs.split())
        english = "listen to" if english == "listen" else english
        return self.of(
            [
                (verb, noun)
                for verb in VERBS
                if verb.en == english
                for noun in NOUNS
                if verb.kinds & noun.kinds and (noun.countable or not counted)
                if not (bought and english == "buy" and not set(bought.split()) & noun.kinds)
            ]
        )

    def place(self, kinds: str = "street", but: Word | None = None) -> Place:
        wanted = set(kinds.split())
        return self.of([row for row in PLACES if wanted & row.kinds and row != but])

    def doing(self, when: Word | None = None) -> tuple[Activity, Place]:
        """An activity where it is done, and when it can be."""
        pairs = [(row, place) for row in ACTIVITIES for place in PLACES if row.id in place.kinds]
        return self.of([pair for pair in pairs if when is None or not NOT_AT[pair[0].id] & set(when.en.split())])

    def number(self, noun: Noun) -> int:
        """How many of a thing somebody has or buys at once."""
        several = (1, 1, 2, 3, 4, 5, 6, 10) if {"food", "lie", "read"} & noun.kinds and not noun.unit else (1, 1, 2, 3)
        return self.of(several)

    def look(self, noun: Noun) -> Adjective | None:
        """A colour or an adjective that a shop would say of it; None where there is none."""
        fitting = [row for row in (*ADJECTIVES, *COLOURS) if row.kinds & noun.kinds and row.en != "dirty"]
        return self.of(fitting) if fitting else None


NOT_AT = defaultdict(
    frozenset[str],
    {
        "breakfast": frozenset("afternoon evening night tonight dinner lunch work".split()),
        "lunch": frozenset("morning evening night tonight dinner lunch work".split()),
        "dinner": frozenset("morning afternoon dinner lunch".split()),
        "sleep": frozenset("morning evening".split()),
    },
)  # an activity → words of times that it does not go with
HABITS = "eat drink buy read write watch listen learn play make"
DAILY = "food drink"  # what is bought again and again


# fmt: off
# A pattern is easier to read where its English and its Chinese stand in one line.

# --- What people do ---------------------------------------------------------------------------------------------------


def habit(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person(), draw.action(HABITS, bought=DAILY), draw.of(OFTEN)
    if draw.chance(0.3) and not when.en.startswith(("every", "on")):
        return sentence(f"{who.en} {who.do}n't {verb.en} {noun.any} {when.en}.", f"{who.zh}{when.zh}不{verb.zh}{noun.zh}。", (verb, noun))
    if draw.chance(0.5):
        place = draw.place(" ".join(verb.where))
        return sentence(
            f"{who.en} {who.verb(verb.en)} {noun.any} {place.inside} {when.en}.", f"{who.zh}{when.zh}在{place.at}{verb.zh}{noun.zh}。", (verb, noun), (verb, place)
        )
    return sentence(f"{who.en} {who.verb(verb.en)} {noun.any} {when.en}.", f"{who.zh}{when.zh}{verb.zh}{noun.zh}。", (verb, noun))


def frequency(draw: Draw) -> Sentence:
    who, often = draw.person(), draw.of(FREQUENCIES)
    if draw.chance(0.5):
        verb, noun = draw.action(HABITS, bought=DAILY)
        return sentence(f"{who.en} {often.en} {who.verb(verb.en)} {noun.any}.", f"{who.zh}{often.zh}{verb.zh}{noun.zh}。", (verb, noun))
    doing, place = draw.doing()
    return sentence(f"{who.en} {often.en} {who.verb(doing.en)} {place.inside}.", f"{who.zh}{often.zh}在{place.at}{doing.zh}。", (doing, place))


def habit_asked(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person("asked"), draw.action(HABITS, bought=DAILY), draw.of(OFTEN)
    if draw.chance(0.35):
        verb = draw.of([row for row in VERBS if row.en in ("drink", "read", "learn", "write") or row.zh == "吃"])
        return sentence(f"What {who.do} {who.en} {verb.en} {when.en}?", f"{who.zh}{when.zh}{verb.zh}什么？")
    return sentence(f"{who.do} {who.en} {verb.en} {noun.any} {when.en}?", f"{who.zh}{when.zh}{verb.zh}{noun.zh}吗？", (verb, noun))


def now(draw: Draw) -> Sentence:
    who, (doing, place) = draw.person(), draw.doing()
    if draw.chance(0.25):
        return sentence(f"{who.en} {who.be} not {doing.ing} {place.inside} now.", f"{who.zh}现在没在{place.at}{doing.zh}。", (doing, place))
    return sentence(f"{who.en} {who.be} {doing.ing} {place.inside}.", f"{who.zh}正在{place.at}{doing.zh}。", (doing, place))


def now_asked(draw: Draw) -> Sentence:
    who, (doing, place) = draw.person("asked"), draw.doing()
    if draw.chance(0.3):
        return sentence(f"What {who.be} {who.en} doing {place.inside}?", f"{who.zh}在{place.at}做什么？")
    if draw.chance(0.4):
        return sentence(f"Where {who.do} {who.en} {doing.en}?", f"{who.zh}在哪儿{doing.zh}？")
    return sentence(f"{who.be} {who.en} {doing.ing} {place.inside}?", f"{who.zh}正在{place.at}{doing.zh}吗？", (doing, place))


EVENTS = "eat drink buy read write watch listen"


def past(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person(), draw.action(EVENTS, counted=True), draw.of(PAST)
    look = draw.look(noun) if verb.en == "buy" and draw.chance(0.6) else None
    english, chinese = noun.counted(draw.number(noun), look)
    links: list[tuple[Word, Word]] = [(verb, noun), *([(look, noun)] if look else [])]
    return sentence(f"{who.en} {verb.past} {english} {when.en}.", f"{who.zh}{when.zh}{verb.zh}了{chinese}。", *links)


def past_both(draw: Draw) -> Sentence:
    who, (verb, noun) = draw.person(), draw.action("eat drink buy", counted=True, bought=DAILY)
    if noun.en == "soup":
        return past_both(draw)
    other = draw.noun(DAILY if verb.en == "buy" else " ".join(verb.kinds), counted=True, but=[noun])
    (one, one_zh), (two, two_zh) = noun.counted(draw.number(noun)), other.counted(draw.number(other))
    return sentence(f"{who.en} {verb.past} {one} and {two}.", f"{who.zh}{verb.zh}了{one_zh}和{two_zh}。", (verb, noun), (verb, other))


def past_not(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person(), draw.action(EVENTS + " learn play"), draw.of(PAST)
    one = noun.one if noun.countable else noun.any
    return sentence(f"{who.en} didn't {verb.en} {one} {when.en}.", f"{who.zh}{when.zh}没{verb.zh}{noun.zh}。", (verb, noun))


def past_asked(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person("asked"), draw.action(EVENTS + " learn play"), draw.of(PAST)
    if draw.chance(0.3):
        doing, _place = draw.doing(when)
        return sentence(f"Did {who.en} {doing.en} {when.en}?", f"{who.zh}{when.zh}{doing.zh}了吗？")
    one = noun.one if noun.countable else noun.any
    return sentence(f"Did {who.en} {verb.en} {one} {when.en}?", f"{who.zh}{when.zh}{verb.zh}{noun.zh}了吗？", (verb, noun))


def past_what(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person("asked"), draw.action("eat drink buy read write", counted=True), draw.of(PAST)
    if draw.chance(0.4) and noun.zh != "汤":
        return sentence(f"What did {who.en} {verb.en} {when.en}?", f"{who.zh}{when.zh}{verb.zh}了什么？")
    many = f"{noun.unit.split()[1]} of {noun.en}" if noun.unit else noun.many
    return sentence(f"How many {many} did {who.en} {verb.en} {when.en}?", f"{who.zh}{when.zh}{verb.zh}了几{noun.measure}{noun.zh}？", (verb, noun))


def plan(draw: Draw) -> Sentence:
    who, when = draw.person(), draw.of(FUTURE)
    if draw.chance(0.5):
        doing, place = draw.doing(when)
        return sentence(f"{who.en} {who.be} going to {doing.en} {place.inside} {when.en}.", f"{who.zh}{when.zh}要在{place.at}{doing.zh}。", (doing, place))
    verb, noun = draw.action("buy write watch read play make")
    english, chinese = noun.counted(1) if noun.countable and verb.en != "make" else (noun.any, noun.zh)
    return sentence(f"{who.en} {who.be} going to {verb.en} {english} {when.en}.", f"{who.zh}{when.zh}要{verb.zh}{chinese}。", (verb, noun))


def together(draw: Draw) -> Sentence:
    who, when = draw.person(), draw.of(OFTEN)
    doing, place = draw.doing(when)
    other = draw.person("told named", but=who)
    return sentence(
        f"{who.en} {who.verb(doing.en)} with {other.me} {place.inside} {when.en}.", f"{who.zh}{when.zh}和{other.zh}在{place.at}{doing.zh}。", (doing, place)
    )


def gave(draw: Draw) -> Sentence:
    who, when = draw.person(), draw.of(PAST)
    other = draw.person("told", but=who)
    if "we" in (who.form, other.form) and "I" in (who.form, other.form):
        return gave(draw)
    noun = draw.noun("given sent lent")
    english, chinese = noun.counted(1)
    kinds: list[tuple[str, str, str, str]] = [("given", "gave", "送了", ""), ("sent", "wrote", "给", "写了"), ("lent", "lent", "借给了", "")]
    _kind, verb, before, after = draw.of([row for row in kinds if row[0] in noun.kinds])
    return sentence(f"{who.en} {verb} {other.me} {english} {when.en}.", f"{who.zh}{when.zh}{before}{other.zh}{after}{chinese}。", (Word(verb, before), noun))


def lost(draw: Draw) -> Sentence:
    who, noun, when = draw.person(), draw.noun("own"), draw.of(PAST)
    if draw.chance(0.5):
        return sentence(f"{who.en} lost {who.my} {noun.en} {when.en}.", f"{who.zh}{when.zh}把{noun.zh}丢了。", (Word("lost", "丢"), noun))
    if draw.chance(0.5):
        return sentence(f"{who.en} {who.be} looking for {who.my} {noun.en}.", f"{who.zh}在找{who.pronoun.zh}的{noun.zh}。", (Word("looking", "找"), noun))
    return sentence(f"{who.en} forgot {who.my} {noun.en} {when.en}.", f"{who.zh}{when.zh}忘了带{noun.zh}。", (Word("forgot", "忘"), noun))


# --- Going somewhere --------------------------------------------------------------------------------------------------


def going(draw: Draw) -> Sentence:
    who = draw.person()
    place, ride, when = (
        (draw.place("street shop"), draw.of(NEAR_RIDES), draw.of(FUTURE)) if draw.chance(0.6) else (draw.of(CITIES), draw.of(FAR_RIDES), draw.of(LATER))
    )
    if draw.chance(0.3):
        return sentence(f"{who.en} {who.be} not going to {place.en} {when.en}.", f"{who.zh}{when.zh}不去{place.zh}。")
    return sentence(f"{who.en} {who.be} going to {place.en} {ride.en} {when.en}.", f"{who.zh}{when.zh}{ride.zh}去{place.zh}。", (place, ride))


def going_asked(draw: Draw) -> Sentence:
    who, place, when = draw.person("asked"), draw.of((draw.place("street shop"), draw.of(CITIES))), draw.of(FUTURE)
    kind = draw.of(("whether", "how", "when", "did"))
    if kind == "whether":
        return sentence(f"{who.be} {who.en} going to {place.en} {when.en}?", f"{who.zh}{when.zh}去{place.zh}吗？")
    if kind == "did":
        when = draw.of(PAST)
        return sentence(f"Did {who.en} go to {place.en} {when.en}?", f"{who.zh}{when.zh}去{place.zh}了吗？")
    asked, chinese = {"how": ("How", "怎么"), "when": ("When", "什么时候")}[kind]
    return sentence(f"{asked} {who.be} {who.en} going to {place.en}?", f"{who.zh}{chinese}去{place.zh}？")


def went(draw: Draw) -> Sentence:
    who, place, when = draw.person(), draw.of((draw.place("street shop"), draw.of(CITIES))), draw.of(PAST)
    if draw.chance(0.3):
        return sentence(f"{who.en} didn't go to {place.en} {when.en}.", f"{who.zh}{when.zh}没去{place.zh}。")
    return sentence(f"{who.en} went to {place.en} {when.en}.", f"{who.zh}{when.zh}去{place.zh}了。")


def direction(draw: Draw) -> Sentence:
    place = draw.place()
    other = draw.place(but=place)
    kind = draw.of(("way", "turn", "side", "side", "near", "far", "far", "takes", "takes"))
    if kind == "way":
        return sentence(f"Excuse me, how do I get to {place.en}?", f"请问，去{place.zh}怎么走？")
    if kind == "turn":
        left, chinese = draw.of((("left", "左"), ("right", "右")))
        return sentence(f"Turn {left} at {place.en}.", f"到了{place.zh}往{chinese}拐。")
    if kind == "side":
        side = draw.of(SIDES)
        if draw.chance(0.5):
            return sentence(f"{place.en} is {side.en} {other.en}.", f"{place.zh}在{other.zh}{side.zh}。", (place, other))
        measure = "家" if place.id in ("bank", "supermarket", "restaurant", "café", "hotel", "hospital", "cinema") else "个"
        return sentence(f"There is {article(place.en.removeprefix('the '))} {side.en} {other.en}.", f"{other.zh}{side.zh}有一{measure}{place.zh}。", (place, other))
    if kind == "near":
        return sentence(f"Is there {article(place.en.removeprefix('the '))} near {other.en}?", f"{other.zh}附近有{place.zh}吗？", (place, other))
    if kind == "far":
        much, much_zh = draw.of((("very", "很"), ("not", "不"), ("asked", "")))
        if much == "asked":
            return sentence(f"Is {place.en} far from {other.en}?", f"{place.zh}离{other.zh}远吗？", (place, other))
        return sentence(f"{place.en} is {much} far from {other.en}.", f"{place.zh}离{other.zh}{much_zh}远。", (place, other))
    ride, minutes = draw.of(NEAR_RIDES), draw.of((5, 10, 15, 20, 30, 40, 50))
    return sentence(
        f"It takes {NUMBERS[minutes][0]} minutes {ride.en} from {place.en} to {other.en}.",
        f"从{place.zh}到{other.zh}{ride.zh}要{NUMBERS[minutes][1]}分钟。",
        (place, other),
        (place, ride),
    )


RANKS = {
    "by plane": (8, 8, 4),
    "by train": (7, 5, 5),
    "by car": (6, 6, 6),
    "by taxi": (6, 7, 6),
    "by underground": (5, 4, 3),
    "by bus": (4, 3, 2),
    "by bicycle": (3, 2, 1),
    "on foot": (2, 1, 0),
}
"""A way to travel → its rank in speed, cost and comfort."""


def rides(draw: Draw) -> Sentence:
    ride = draw.of((*NEAR_RIDES, *FAR_RIDES))
    other = draw.of((*NEAR_RIDES, *FAR_RIDES))
    speed, cost, comfort = (a - b for a, b in zip(RANKS[ride.en], RANKS[other.en], strict=True))
    true = [
        *([("faster", "快")] if speed > 0 else [("slower", "慢")]),
        *([("cheaper", "便宜")] if cost < 0 else [("more expensive", "贵")]),
        *([("more comfortable", "舒服")] if comfort > 0 else []),
    ]
    if not speed or not cost:
        return rides(draw)
    more, chinese = draw.of(true)
    much, degree = draw.of((("", ""), ("much ", "得多")))
    return sentence(f"Going {ride.en} is {much}{more} than going {other.en}.", f"{ride.zh}比{other.zh}{chinese}{degree}。", (ride, other))


# --- Wishes, abilities, duties ----------------------------------------------------------------------------------------


def want(draw: Draw) -> Sentence:
    verb, noun = draw.action("eat drink buy read watch learn play")
    kind = draw.of(("yes", "yes", "no", "asked", "who"))
    if verb.en == "buy" and noun.countable and kind == "yes":
        who, look = draw.person(), draw.look(noun)
        english, chinese = noun.counted(1, look)
        links: list[tuple[Word, Word]] = [(verb, noun), *([(look, noun)] if look else [])]
        return sentence(f"{who.en} {who.verb('want')} to buy {english}.", f"{who.zh}想买{chinese}。", *links)
    one = noun.one if noun.countable and kind != "yes" else noun.any
    if kind == "who":
        return sentence(f"Who wants to {verb.en} {noun.any}?", f"谁想{verb.zh}{noun.zh}？", (verb, noun))
    if kind == "asked":
        who = draw.person("asked")
        return sentence(f"{who.do} {who.en} want to {verb.en} {one}?", f"{who.zh}想{verb.zh}{noun.zh}吗？", (verb, noun))
    who = draw.person()
    if kind == "no":
        return sentence(f"{who.en} {who.do}n't want to {verb.en} {one}.", f"{who.zh}不想{verb.zh}{noun.zh}。", (verb, noun))
    return sentence(f"{who.en} {who.verb('want')} to {verb.en} {noun.any}.", f"{who.zh}想{verb.zh}{noun.zh}。", (verb, noun))


def choice(draw: Draw) -> Sentence:
    verb, noun = draw.action("eat drink learn play buy", bought="drink food")
    others = [row for row in NOUNS if row.kinds & verb.kinds and row != noun and (verb.en != "buy" or {"food", "drink"} & row.kinds)]
    who = draw.person("asked")
    if not others:
        return choice(draw)
    other = draw.of(others)
    start, chinese = draw.of(((f"{who.do} {who.en} want to", "想"), (f"{who.do} {who.en} like to", "喜欢"))[: 1 if verb.en == "buy" else 2])
    return sentence(f"{start} {verb.en} {noun.any} or {other.any}?", f"{who.zh}{chinese}{verb.zh}{noun.zh}还是{verb.zh}{other.zh}？", (verb, noun), (verb, other))


SPEAK = Verb("speak", "说", "spoke", "speaking", frozenset({"language"}), frozenset())


def can(draw: Draw) -> Sentence:
    doing = draw.of([row for row in ACTIVITIES if row.en in ("swim", "dance", "sing", "cook")])
    verb, noun = draw.action("play")
    kind = draw.of(("speak", "play", "do"))
    if kind == "speak":
        verb, noun = SPEAK, draw.noun("language")
    what, chinese = (doing.en, doing.zh) if kind == "do" else (f"{verb.en} {noun.any}", f"{verb.zh}{noun.zh}")
    links: list[tuple[Word, Word]] = [] if kind == "do" else [(verb, noun)]
    form = draw.of(("yes", "no", "asked", "who", "but"))
    if form == "who":
        return sentence(f"Who can {what}?", f"谁会{chinese}？", *links)
    if form == "asked":
        who = draw.person("asked")
        return sentence(f"Can {who.en} {what}?", f"{who.zh}会{chinese}吗？", *links)
    who = draw.person()
    if form == "but" and kind == "speak":
        other = draw.noun("language", but=[noun])
        return sentence(f"{who.en} can speak {noun.any}, but not {other.any}.", f"{who.zh}会说{noun.zh}，但是不会说{other.zh}。", (verb, noun), (verb, other))
    if form == "no":
        return sentence(f"{who.en} can't {what}.", f"{who.zh}不会{chinese}。", *links)
    return sentence(f"{who.en} can {what}.", f"{who.zh}会{chinese}。", *links)


def duty(draw: Draw) -> Sentence:
    who, when, (doing, place) = draw.person(), draw.of(FUTURE), draw.doing()
    no = draw.chance(0.4)
    must, chinese = (f"{who.do}n't have to", "不用") if no else (who.verb("have to"), "得")
    if draw.chance(0.4):
        place = draw.place("street shop")
        return sentence(f"{who.en} {must} go to {place.en} {when.en}.", f"{who.zh}{when.zh}{chinese}去{place.zh}。")
    if doing.en not in ("work", "study", "cook"):
        return duty(draw)
    return sentence(f"{who.en} {must} {doing.en} {place.inside} {when.en}.", f"{who.zh}{when.zh}{chinese}在{place.at}{doing.zh}。", (doing, place))


def rule(draw: Draw) -> Sentence:
    doing = draw.of([row for row in ACTIVITIES if row.en in ("dance", "sing", "take photos", "rest", "swim", "run", "sleep")])
    place = draw.place("street library hotel park home") if doing.en != "swim" else draw.place("swim park")
    if place.en in ("home", "the square") or (place.en == "the park" and doing.en == "run"):
        return rule(draw)
    if draw.chance(0.5):
        return sentence(f"May I {doing.en} {place.inside}?", f"我可以在{place.at}{doing.zh}吗？", (doing, place))
    return sentence(f"You must not {doing.en} {place.inside}.", f"你不能在{place.at}{doing.zh}。", (doing, place))


def likes(draw: Draw) -> Sentence:
    kind = draw.of(("yes", "no", "asked", "but"))
    who = draw.person("asked" if kind == "asked" else "told")
    verb, noun = draw.action("eat drink read watch listen play learn make")
    what, chinese = f"{verb.ing} {noun.any}", f"{verb.zh}{noun.zh}"
    links: list[tuple[Word, Word]] = [(verb, noun)]
    if draw.chance(0.35):
        doing, place = draw.doing()
        what, chinese, links = f"{doing.ing} {place.inside}", f"在{place.at}{doing.zh}", [(doing, place)]
    elif kind == "but":
        others = [row for row in NOUNS if row.kinds & verb.kinds and row != noun]
        if not others:
            return likes(draw)
        other = draw.of(others)
        return sentence(
            f"{who.en} {who.verb('like')} {what}, but not {other.any}.", f"{who.zh}喜欢{chinese}，但是不喜欢{verb.zh}{other.zh}。", (verb, noun), (verb, other)
        )
    if kind == "asked":
        return sentence(f"{who.do} {who.en} like {what}?", f"{who.zh}喜欢{chinese}吗？", *links)
    if kind == "no":
        return sentence(f"{who.en} {who.do}n't like {what}.", f"{who.zh}不喜欢{chinese}。", *links)
    return sentence(f"{who.en} {who.verb('like')} {what}.", f"{who.zh}喜欢{chinese}。", *links)


def lets(draw: Draw) -> Sentence:
    when = draw.of(FUTURE)
    if draw.chance(0.5):
        verb, noun = draw.action("eat watch play make listen")
        return sentence(f"Let's {verb.en} {noun.any} {when.en}.", f"我们{when.zh}{verb.zh}{noun.zh}吧。", (verb, noun))
    doing, place = draw.doing(when)
    if doing.en in ("sleep", "work"):
        return lets(draw)
    return sentence(f"Let's {doing.en} {place.inside} {when.en}.", f"我们{when.zh}在{place.at}{doing.zh}吧。", (doing, place))


# --- Things and where they are ----------------------------------------------------------------------------------------


def spotted(draw: Draw, kinds: str = "stand soft lie small packed pet hang big") -> tuple[Noun, Word]:
    """A thing and where it can be."""
    noun = draw.noun(kinds)
    spot = draw.of([row for row in SPOTS if row.kinds & noun.kinds and noun.en not in row.en.split() and noun.zh not in row.zh] or [SPOTS[0]])
    return (noun, spot) if spot.kinds & noun.kinds else spotted(draw, kinds)


def where(draw: Draw) -> Sentence:
    noun, spot = spotted(draw, "stand soft lie packed pet big")
    kind = draw.of(("where", "asked", "yes", "yes", "no"))
    the, chinese = draw.of((("the", ""), ("my", "我的"), ("your", "你的")))
    if kind == "where":
        return sentence(f"Where {noun.be} {the} {noun.en}?", f"{chinese}{noun.zh}在哪儿？")
    if kind == "asked":
        return sentence(f"{noun.be} {the} {noun.en} {spot.en}?", f"{chinese}{noun.zh}在{spot.zh}吗？", (noun, spot))
    no, not_ = ("not ", "不") if kind == "no" else ("", "")
    return sentence(f"{the} {noun.en} {noun.be} {no}{spot.en}.", f"{chinese}{noun.zh}{not_}在{spot.zh}。", (noun, spot))


def there_is(draw: Draw) -> Sentence:
    noun, spot = spotted(draw)
    if not noun.many:
        return there_is(draw)
    kind = draw.of(("yes", "yes", "no", "asked", "many"))
    links = [(noun, spot)]
    if kind == "no":
        return sentence(f"There are no {noun.many} {spot.en}.", f"{spot.zh}没有{noun.zh}。", *links)
    if kind == "asked":
        return sentence(f"Are there any {noun.many} {spot.en}?", f"{spot.zh}有{noun.zh}吗？", *links)
    if kind == "many":
        return sentence(f"How many {noun.many} are there {spot.en}?", f"{spot.zh}有几{noun.measure}{noun.zh}？", *links)
    number = draw.of((1, 2, 3, 4, 5))
    english, chinese = noun.counted(number)
    return sentence(f"There {'is' if number == 1 else 'are'} {english} {spot.en}.", f"{spot.zh}有{chinese}。", *links)


def put(draw: Draw) -> Sentence:
    noun, spot = spotted(draw, "stand soft lie packed big small")
    if spot.en == "on the wall":
        return put(draw)
    the, chinese = draw.of((("the", ""), ("your", "你的")))
    please, start_zh = draw.of((("Please put", "请"), ("Please don't put", "请不要"), ("Don't put", "别")))
    things = f"{the} {noun.many}" if "food" in noun.kinds else f"{the} {noun.en}"
    return sentence(f"{please} {things} {spot.en}.", f"{start_zh}把{chinese}{noun.zh}放在{spot.zh}。", (noun, spot))


def has(draw: Draw) -> Sentence:
    noun = draw.noun("thing clothes worn own")
    kind = draw.of(("yes", "yes", "no", "asked"))
    who = draw.person("asked" if kind == "asked" else "told")
    if kind == "no":
        return sentence(f"{who.en} {who.do}n't have {noun.one}.", f"{who.zh}没有{noun.zh}。")
    if kind == "asked":
        return sentence(f"{who.do} {who.en} have {noun.one}?", f"{who.zh}有{noun.zh}吗？")
    look = draw.look(noun) if draw.chance(0.7) else None
    english, chinese = noun.counted(draw.of((1, 1, 1, 2)), look)
    return sentence(f"{who.en} {who.have} {english}.", f"{who.zh}有{chinese}。", *([(look, noun)] if look else []))


def whose(draw: Draw) -> Sentence:
    noun, near = draw.noun("own thing clothes worn"), draw.chance(0.5)
    these = ("these" if near else "those") if noun.plural else ("this" if near else "that")
    chinese = "这" if near else "那"
    kind = draw.of(("whose", "asked", "told", "not"))
    if kind == "whose":
        return sentence(f"Whose {noun.en} {noun.be} {these}?", f"{chinese}是谁的{noun.zh}？")
    who = draw.person("asked" if kind == "asked" else "told")
    name = who.my if who.form == who.en else f"{who.en}'" if who.en.endswith("s") else f"{who.en}'s"
    if kind == "asked":
        return sentence(f"{noun.be} {these} {name} {noun.en}?", f"{chinese}是{who.zh}的{noun.zh}吗？")
    no, not_ = ("not ", "不") if kind == "not" else ("", "")
    return sentence(f"{these} {noun.be} {no}{name} {noun.en}.", f"{chinese}{not_}是{who.zh}的{noun.zh}。")


def wearing(draw: Draw) -> Sentence:
    noun = draw.noun("clothes worn")
    wear, kind = "戴" if "worn" in noun.kinds else "穿", draw.of(("yes", "yes", "no", "asked"))
    who = draw.person("asked" if kind == "asked" else "told")
    one = noun.en if noun.plural else article(noun.en)
    if who.plural:
        return wearing(draw)
    if kind == "no":
        return sentence(f"{who.en} {who.be} not wearing {one} today.", f"{who.zh}今天没{wear}{noun.zh}。")
    if kind == "asked":
        return sentence(f"{who.be} {who.en} wearing {one} today?", f"{who.zh}今天{wear}{noun.zh}了吗？")
    look = draw.look(noun)
    english, chinese = noun.counted(1, look)
    return sentence(f"{who.en} {who.be} wearing {english} today.", f"{who.zh}今天{wear}着{chinese}。", *([(look, noun)] if look else []))


# --- What things are like and cost ------------------------------------------------------------------------------------

TOO = frozenset("big small expensive long short heavy boring old dirty hot sweet".split())


def quality(draw: Draw) -> Sentence:
    adjective = draw.of((*ADJECTIVES, *ADJECTIVES, *COLOURS, *TASTES))
    taste = adjective in TASTES
    noun = draw.of([row for row in NOUNS if row.kinds & adjective.kinds and row.measure and (taste or "this" in row.kinds or adjective.en not in ("old", "new"))])
    english, chinese = noun.this(draw.chance(0.6))
    be = noun.be
    if noun.many and "food" in noun.kinds:
        these, these_zh = draw.of((("these", "这些"), ("those", "那些")))
        english, chinese, be = f"{these} {noun.many}", f"{these_zh}{noun.zh}", "are"
    links = [(adjective, noun)]
    if adjective in COLOURS:
        kind = draw.of(("yes", "no", "asked"))
        if kind == "asked":
            return sentence(f"{be} {english} {adjective.en}?", f"{chinese}是{adjective.before}吗？", *links)
        no, not_ = ("not ", "不") if kind == "no" else ("", "")
        return sentence(f"{english} {be} {no}{adjective.en}.", f"{chinese}{not_}是{adjective.before}。", *links)
    if draw.chance(0.25):
        return sentence(f"{be} {english} {adjective.en}?", f"{chinese}{adjective.zh}吗？", *links)
    degrees = [("very ", "很", ""), ("not ", "不", ""), ("really ", "真", "")]
    much, before, after = draw.of([*degrees, *([("too ", "太", "了")] if adjective.en in TOO else [])])
    return sentence(f"{english} {be} {much}{adjective.en}.", f"{chinese}{before}{adjective.zh}{after}。", *links)


def compared(draw: Draw) -> Sentence:
    adjective = draw.of(ADJECTIVES)
    noun = draw.of([row for row in NOUNS if row.kinds & adjective.kinds and "this" in row.kinds] or [NOUNS[0]])
    if not noun.kinds & adjective.kinds:
        return compared(draw)
    (near, here), there = noun.this(True), f"那{noun.measure}"
    one, links = "those" if noun.plural else "that one", [(adjective, noun)]
    kind = draw.of(("more", "more", "much", "less", "asked"))
    if kind == "asked":
        return sentence(f"{noun.be} {near} {adjective.more} than {one}?", f"{here}比{there}{adjective.zh}吗？", *links)
    if kind == "less":
        return sentence(f"{near} {noun.be} not as {adjective.en} as {one}.", f"{here}没有{there}{adjective.zh}。", *links)
    much, degree = ("much ", "得多") if kind == "much" else ("", "")
    return sentence(f"{near} {noun.be} {much}{adjective.more} than {one}.", f"{here}比{there}{adjective.zh}{degree}。", *links)


YUAN = {"cheap": (2, 3, 5, 8, 10), "eaten": (8, 10, 12, 15, 20, 30), "read": (10, 15, 20, 25, 30, 40), "worn": (60, 80, 100, 200, 300, 500)}


def price(draw: Draw) -> Sentence:
    noun = draw.noun("food drink clothes worn read dish", counted=True)
    if "sent" in noun.kinds or not noun.measure:
        return price(draw)
    eaten = bool({"food", "drink", "dish"} & noun.kinds)
    english, chinese = noun.counted(draw.of((1, 2, 3, 4))) if eaten else noun.this(draw.chance(0.5))
    several = eaten and not english.startswith(("a ", "an "))
    if draw.chance(0.35):
        return sentence(f"How much {'are' if several or noun.plural else 'is'} {english}?", f"{chinese}多少钱？")
    kind = "cheap" if "cheap" in noun.kinds else "eaten" if eaten else "read" if "read" in noun.kinds else "worn"
    yuan = draw.of(YUAN[kind])
    return sentence(f"{english} {'cost' if several or noun.plural else 'costs'} {NUMBERS[yuan][0]} yuan.", f"{chinese}{NUMBERS[yuan][1]}块钱。")


def order(draw: Draw) -> Sentence:
    noun = draw.noun("food drink dish soup", counted=True)
    other = draw.noun("drink", counted=True, but=[noun])
    english, chinese = noun.counted(draw.of((1, 2, 3, 4)))
    who, who_zh = draw.of((("I", "我"), ("We", "我们")))
    kind = draw.of(("like", "both", "give"))
    if kind == "like":
        return sentence(f"{who} would like {english}, please.", f"{who_zh}要{chinese}，谢谢。")
    if kind == "give":
        return sentence(f"Please give {'me' if who == 'I' else 'us'} {english}.", f"请给{who_zh}{chinese}。")
    second, second_zh = other.counted(draw.of((1, 2, 3)))
    return sentence(f"{who} would like {english} and {second}, please.", f"{who_zh}要{chinese}和{second_zh}，谢谢。", (noun, other))


# --- What people are like ---------------------------------------------------------------------------------------------


def feels(draw: Draw) -> Sentence:
    adjective = draw.of(FEELINGS)
    kind = draw.of(("very", "not", "too", "asked", "asked"))
    who = draw.person("asked" if kind == "asked" else "told")
    today, today_zh = (" today", "今天") if "now" in adjective.kinds else ("", "")
    if kind == "asked":
        return sentence(f"{who.be} {who.en} {adjective.en}{today}?", f"{who.zh}{today_zh}{adjective.zh}吗？", (adjective, who))
    much, before, after = {"very": ("very ", "很", ""), "not": ("not ", "不", ""), "too": ("too ", "太", "了")}[kind]
    if kind == "too" and adjective.en not in ("tired", "busy"):
        return feels(draw)
    return sentence(f"{who.en} {who.be} {much}{adjective.en}{today}.", f"{who.zh}{today_zh}{before}{adjective.zh}{after}。", (adjective, who))


def people_compared(draw: Draw) -> Sentence:
    adjective = draw.of([row for row in FEELINGS if "much" in row.kinds])
    kind = draw.of(("more", "much", "less", "same", "asked", "years"))
    if kind == "years":
        who = draw.person("told peer")
        other, years = draw.person("told peer", but=who), draw.of((2, 3, 4, 5, 6, 10))
        older, chinese = draw.of((("older", "大"), ("younger", "小")))
        return sentence(f"{who.en} is {NUMBERS[years][0]} years {older} than {other.en}.", f"{who.zh}比{other.zh}{chinese}{NUMBERS[years][1]}岁。")
    who = draw.person("asked" if kind == "asked" else "told")
    other = draw.person("asked named" if kind == "asked" else "told named", but=who)
    links = [(who, other)]
    if kind == "asked":
        return sentence(f"{who.be} {who.en} {adjective.more} than {other.en}?", f"{who.zh}比{other.zh}{adjective.zh}吗？", *links)
    if kind == "less":
        return sentence(f"{who.en} {who.be} not as {adjective.en} as {other.en}.", f"{who.zh}没有{other.zh}{adjective.zh}。", *links)
    if kind == "same":
        return sentence(f"{who.en} {who.be} as {adjective.en} as {other.en}.", f"{who.zh}和{other.zh}一样{adjective.zh}。", *links)
    much, degree = ("much ", "得多") if kind == "much" else ("", "")
    return sentence(f"{who.en} {who.be} {much}{adjective.more} than {other.en}.", f"{who.zh}比{other.zh}{adjective.zh}{degree}。", *links)


DESCRIBED = (
    Adjective("young", "年轻", "年轻的", "", frozenset()),
    Adjective("famous", "有名", "有名的", "", frozenset()),
    Adjective("good", "好", "好", "", frozenset()),
    Adjective("busy", "忙", "很忙的", "", frozenset()),
)


def job(draw: Draw) -> Sentence:
    kind = draw.of(("is", "not", "asked", "kind", "become"))
    who, work = draw.person("asked" if kind == "asked" else "told"), draw.of(JOBS)
    if who.id in ("doctor", "teacher", "students", "children"):
        return job(draw)
    name = f"{work.en}s" if who.plural else article(work.en)
    links: list[tuple[Word, Word]] = [(who, work)]
    if kind == "asked":
        return sentence(f"{who.be} {who.en} {name}?", f"{who.zh}是{work.zh}吗？", *links)
    if kind == "become":
        return sentence(f"{who.en} {who.verb('want')} to become {name}.", f"{who.zh}想当{work.zh}。", *links)
    if kind == "kind" and not who.plural:
        look, measure = draw.of(DESCRIBED), "个" if work.en in ("farmer", "driver", "cook") else "位"
        return sentence(f"{who.en} {who.be} {article(f'{look.en} {work.en}')}.", f"{who.zh}是一{measure}{look.before}{work.zh}。", (look, work))
    no, not_ = ("not ", "不") if kind == "not" else ("", "")
    return sentence(f"{who.en} {who.be} {no}{name}.", f"{who.zh}{not_}是{work.zh}。", *links)


def age(draw: Draw) -> Sentence:
    who = draw.person("told young") if draw.chance(0.5) else draw.person("told peer")
    if draw.chance(0.25):
        who = draw.person("asked peer")
        return sentence(f"How old is {who.en}?", f"{who.zh}多大了？")
    years = draw.of((10, 11, 12, 15, 18, 20, 25, 30))
    return sentence(f"{who.en} is {NUMBERS[years][0]} years old.", f"{who.zh}{NUMBERS[years][1]}岁。")


# --- Time -------------------------------------------------------------------------------------------------------------


def clock(draw: Draw, hours: Sequence[int] = range(1, 13)) -> tuple[str, str]:
    hour = draw.of(hours)
    english, chinese = NUMBERS[hour]
    return draw.of(((f"{english} o'clock", f"{chinese}点"), (f"half past {english}", f"{chinese}点半"), (f"a quarter past {english}", f"{chinese}点一刻")))


def hours(draw: Draw) -> Sentence:
    (at, at_zh), kind = clock(draw), draw.of(("now", "opens", "opens", "leaves", "leaves", "meals", "meals", "asked"))
    if kind == "now":
        return sentence(f"It is {at} now.", f"现在{at_zh}。")
    if kind in ("opens", "asked"):
        place = draw.of([row for row in PLACES if row.zh in ("银行", "博物馆", "超市", "电影院", "邮局", "图书馆", "饭馆", "咖啡馆", "市场")])
        opens, chinese = draw.of((("open", "开门"), ("close", "关门")))
        if kind == "asked":
            return sentence(f"What time does {place.en} {opens}?", f"{place.zh}几点{chinese}？")
        at, at_zh = clock(draw, (7, 8, 9, 10) if opens == "open" else (5, 6, 7, 8, 9, 10, 11))
        return sentence(f"{place.en} {opens}s at {at}.", f"{place.zh}{at_zh}{chinese}。")
    if kind == "leaves":
        city, (ride, chinese) = draw.of(CITIES), draw.of((("train", "火车"), ("plane", "飞机")))
        leaves = "开" if ride == "train" else "起飞"
        if draw.chance(0.5):
            return sentence(f"The {ride} to {city.en} leaves at {at}.", f"去{city.zh}的{chinese}{at_zh}{leaves}。", (Word(ride, chinese), city))
        return sentence(f"The {ride} from {city.en} arrives at {at}.", f"从{city.zh}来的{chinese}{at_zh}到。", (Word(ride, chinese), city))
    doing = draw.of([row for row in ACTIVITIES if row.en.startswith("have")])
    if draw.chance(0.25):
        who = draw.person("asked")
        return sentence(f"What time {who.do} {who.en} {doing.en}?", f"{who.zh}几点{doing.zh}？")
    hour = draw.of({"breakfast": (6, 7, 8), "lunch": (11, 12, 1), "dinner": (5, 6, 7)}[doing.id])
    half, half_zh = draw.of((("half past ", "半"), ("a quarter past ", "一刻"), ("", "")))
    who = draw.person()
    at = f"{half}{NUMBERS[hour][0]}" + ("" if half else " o'clock")
    return sentence(f"{who.en} {who.verb(doing.en)} at {at}.", f"{who.zh}{NUMBERS[hour][1]}点{half_zh}{doing.zh}。")


def lasted(draw: Draw) -> Sentence:
    who, kind = draw.person(), draw.of(("did", "did", "did", "lives", "learns", "waited"))
    number = draw.of((2, 3, 4, 5, 6, 8, 10))
    english, chinese = NUMBERS[number]
    if kind == "lives":
        city = draw.of(CITIES)
        return sentence(f"{who.en} {who.have} lived in {city.en} for {english} years.", f"{who.zh}在{city.zh}住了{chinese}年了。")
    if kind == "learns":
        noun = draw.noun("learn")
        return sentence(f"{who.en} {who.have} been learning {noun.any} for {english} years.", f"{who.zh}学{noun.zh}学了{chinese}年了。")
    if kind == "waited":
        place, minutes = draw.place(), draw.of((5, 10, 15, 20, 30, 40, 50))
        return sentence(f"{who.en} waited {place.inside} for {NUMBERS[minutes][0]} minutes.", f"{who.zh}在{place.at}等了{NUMBERS[minutes][1]}分钟。")
    doing, place = draw.doing()
    if not doing.lasting[0]:
        return lasted(draw)
    before, after = doing.lasting
    time, time_zh = draw.of(((f"{english} hours", f"{chinese}个小时"), ("half an hour", "半个小时"), ("twenty minutes", "二十分钟")))
    if doing.en == "sleep":
        time, time_zh = f"{english} hours", f"{chinese}个小时"
    return sentence(f"{who.en} {doing.past} {place.inside} for {time}.", f"{who.zh}在{place.at}{before}{time_zh}{after}。", (doing, place))


def ever(draw: Draw) -> Sentence:
    kind = draw.of(("been", "been", "seen", "seen", "eaten"))
    form = draw.of(("asked", "never", "yet"))
    who = draw.person("asked" if form == "asked" else "told")
    if kind == "been":
        city = draw.of(CITIES)
        done, verb, thing, what = "been to", "去", city.en, city.zh
        if form == "yet":
            times, times_zh = draw.of((("twice", "两次"), ("three times", "三次"), ("many times", "很多次"), ("once", "一次")))
            return sentence(f"{who.en} {who.have} been to {thing} {times}.", f"{who.zh}去过{times_zh}{what}。")
    elif kind == "seen":
        noun = draw.noun("seen")
        thing, what = noun.this(draw.chance(0.6))
        done, verb = "seen" if noun.en == "film" else "read", "看"
        if form == "yet":
            return sentence(f"{who.en} {who.have} not {done} {thing} yet.", f"{who.zh}还没看过{what}。")
        if form == "never":
            return sentence(f"{who.en} {who.have} already {done} {thing}.", f"{who.zh}已经看过{what}了。")
    else:
        noun = draw.noun("dish")
        thing, what, done, verb = noun.any, noun.zh, "eaten", "喝" if noun.en == "soup" else "吃"
    if form == "asked":
        before = "" if kind == "seen" else "ever "
        return sentence(f"{who.have} {who.en} {before}{done} {thing}?", f"{who.zh}{verb}过{what}吗？")
    return sentence(f"{who.en} {who.have} never {done} {thing}.", f"{who.zh}从来没{verb}过{what}。")


# --- Weather, reasons, requests ---------------------------------------------------------------------------------------

HEAT = (Word("hot", "热"), Word("cold", "冷"), Word("warm", "暖和"))
FALLS = (Word("rain", "下雨"), Word("snow", "下雪"))


def weather(draw: Draw) -> Sentence:
    city, heat, falls = draw.of(CITIES), draw.of(HEAT), draw.of(FALLS)
    kind = draw.of(("heat", "asked", "fell", "will", "often", "now"))
    season, when = draw.of([row for row in LATER if row.en.startswith("in ")]), draw.of(FUTURE)
    if kind == "heat":
        much, chinese = draw.of((("very", "很"), ("not", "不"), ("really", "真")))
        return sentence(f"It is {much} {heat.en} in {city.en} today.", f"{city.zh}今天{chinese}{heat.zh}。", (heat, city))
    if kind == "asked":
        return sentence(f"Is it {heat.en} in {city.en} {season.en}?", f"{city.zh}{season.zh}{heat.zh}吗？", (heat, city))
    if kind == "fell":
        when = draw.of(PAST)
        return sentence(f"It {falls.en}ed in {city.en} {when.en}.", f"{city.zh}{when.zh}下{falls.zh[1:]}了。", (falls, city))
    if kind == "often":
        likely = ("often", "sometimes") if falls.en == "rain" else ("sometimes", "rarely")
        often = draw.of([row for row in FREQUENCIES if row.en in likely])
        season = season if falls.en == "rain" else draw.of([row for row in LATER if row.en == "in the winter"])
        return sentence(f"It {often.en} {falls.en}s in {city.en} {season.en}.", f"{city.zh}{season.zh}{often.zh}{falls.zh}。", (falls, city))
    if kind == "now":
        return sentence(f"It is {falls.en}ing in {city.en} now.", f"{city.zh}现在正在{falls.zh}。", (falls, city))
    return sentence(f"Will it {falls.en} in {city.en} {when.en}?", f"{city.zh}{when.zh}会{falls.zh}吗？", (falls, city))


FAIR = (("the weather is good", "天气好"), ("it is warm", "天气暖和"), ("it is not cold", "天气不冷"))
OUTSIDE = ("park", "river", "lake", "square", "garden")
INSIDE = ("home", "library", "museum", "café", "restaurant", "kitchen", "hotel", "pool")
FOUL = (("it rains", "下雨"), ("it snows", "下雪"), ("it is very hot", "天气很热"), ("it is very cold", "天气很冷"))


def condition(draw: Draw) -> Sentence:
    who, when = draw.person(), draw.of(FUTURE)
    fair = draw.chance(0.5)
    weather, weather_zh = draw.of(FAIR if fair else FOUL)
    doing, place = draw.doing(when)
    if place.id not in (OUTSIDE if fair else INSIDE) or doing.en == "sleep":
        return condition(draw)
    if draw.chance(0.3) and "street" in place.kinds:
        return sentence(f"If {weather} {when.en}, {who.en} will go to {place.en}.", f"如果{when.zh}{weather_zh}，{who.zh}就去{place.zh}。")
    return sentence(
        f"If {weather} {when.en}, {who.en} will {doing.en} {place.inside}.", f"如果{when.zh}{weather_zh}，{who.zh}就在{place.at}{doing.zh}。", (doing, place)
    )


REASONS = {
    "tired": (
        ("didn't sleep well last night", "昨天晚上没睡好"),
        ("worked all day", "工作了一天"),
        ("ran for two hours", "跑了两个小时步"),
        ("swam for an hour", "游了一个小时泳"),
    ),
    "hungry": (("didn't have breakfast", "没吃早饭"), ("didn't have lunch", "没吃午饭"), ("didn't have dinner", "没吃晚饭")),
    "angry": (("lost", "丢了"),),
    "worried": (("lost", "丢了"), ("can't find", "找不到")),
    "happy": (("found", "找到了"), ("bought a new", "买了一")),
}


def reason(draw: Draw) -> Sentence:
    who, feeling = draw.person(), draw.of([row for row in FEELINGS if row.en in REASONS])
    cause, cause_zh = draw.of(REASONS[feeling.en])
    noun = draw.noun("own" if cause != "bought a new" else "thing")
    he = who.pronoun
    if cause == "bought a new":
        cause, cause_zh = f"{cause} {noun.en}", f"{cause_zh}{noun.measure}新{noun.zh}"
    elif feeling.en in ("angry", "worried", "happy"):
        his_zh = f"{he.zh}的" if feeling.en == "happy" else ""
        cause, cause_zh = f"{cause} {who.my} {noun.en}", f"{cause_zh}{his_zh}{noun.zh}"
    return sentence(f"{who.en} {who.be} {feeling.en} because {he.en} {cause}.", f"{who.zh}很{feeling.zh}，因为{he.zh}{cause_zh}。", (feeling, noun))


OPENED = (
    ("open", "打开", "window:窗户 door:门 box:盒子 suitcase:箱子 bag:包"),
    ("close", "关上", "window:窗户 door:门 box:盒子 suitcase:箱子"),
    ("turn on", "打开", "TV:电视 computer:电脑 lamp:台灯 radio:收音机"),
    ("turn off", "关掉", "TV:电视 computer:电脑 lamp:台灯 radio:收音机"),
)


def request(draw: Draw) -> Sentence:
    kind = draw.of(("open", "open", "wait", "call", "help", "lend", "lend"))
    who = draw.person("told")
    if kind == "open":
        verb, chinese, things = draw.of(OPENED)
        thing, thing_zh = draw.of(things.split()).split(":")
        start, start_zh = draw.of((("Please", "请"), ("Please don't", "请不要"), ("Can you", "你能"), ("May I", "我可以"), ("Don't", "别")))
        ask, end_zh = {"Can you": ("?", "吗？"), "May I": ("?", "吗？")}.get(start, (".", "。"))
        return sentence(f"{start} {verb} the {thing}{ask}", f"{start_zh}{chinese}{thing_zh}{end_zh}", (Word(verb, chinese), Word(thing, thing_zh)))
    if kind == "wait":
        place = draw.place("street shop")
        return sentence(f"Please wait for {who.me} {place.inside}.", f"请在{place.at}等{who.zh}。")
    if kind == "call":
        when = draw.of(FUTURE)
        return sentence(f"Please call {who.me} {when.en}.", f"请{when.zh}给{who.zh}打电话。")
    if kind == "help":
        noun = draw.noun("own")
        return sentence(f"Please help {who.me} find {who.my} {noun.en}.", f"请帮{who.zh}找一下{who.pronoun.zh}的{noun.zh}。")
    noun = draw.noun("lent")
    if draw.chance(0.5):
        return sentence(f"Can you lend {who.me} your {noun.en}?", f"你能把你的{noun.zh}借给{who.zh}吗？")
    return sentence(f"Can you lend {who.me} {article(noun.en)}?", f"你能借给{who.zh}一{noun.measure}{noun.zh}吗？")


PATTERNS: tuple[Callable[[Draw], Sentence], ...] = (
    habit, frequency, habit_asked, now, now_asked, past, past_both, past_not, past_asked, past_what, plan, together,
    gave, lost, going, going_asked, went, direction, rides, want, choice, can, duty, rule, likes, lets, where,
    there_is, put, has, whose, wearing, quality, compared, price, order, feels, people_compared, job, age, hours,
    lasted, ever, weather, condition, reason, request,
)
