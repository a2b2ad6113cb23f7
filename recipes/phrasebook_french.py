"""The French phrasebook: fewer patterns over the same English words, with what French must know of each.

Gender and number go through the whole sentence (un vieux vélo, une vieille voiture), prepositions melt with articles (au, du), and
the past has two auxiliaries. This module does not know which sentences are for training.
"""

from collections.abc import Callable
from dataclasses import dataclass

from recipes.phrasebook_grammar import DAILY, Draw, Sentence, sentence, spotted
from recipes.phrasebook_words import (
    ADJECTIVES,
    CITIES,
    COLOURS,
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
    Activity,
    Adjective,
    Noun,
    Person,
    Place,
    Verb,
    Word,
    article,
    rows,
)

VOWELS = tuple("aeiouéèêàâîôûœyh")
COUNT = {
    1: "un", 2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six", 7: "sept", 8: "huit", 9: "neuf", 10: "dix", 11: "onze", 12: "douze",
    15: "quinze", 20: "vingt", 25: "vingt-cinq", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre-vingts",
    100: "cent", 200: "deux cents", 300: "trois cents", 500: "cinq cents",
}  # fmt: skip


def elided(word: str, before: str) -> str:
    """A little word that loses its vowel before another: "d'eau", "l'hôpital", "qu'Anna"."""
    return f"{word[:-1]}'{before}" if before.casefold().startswith(VOWELS) else f"{word} {before}"


@dataclass(frozen=True)
class French:
    """A thing or a place. many: its plural, "" where it is not counted."""

    one: str
    many: str
    feminine: bool

    @property
    def vowel(self) -> bool:
        return self.one.startswith(VOWELS)

    @property
    def the(self) -> str:
        return f"l'{self.one}" if self.vowel else f"{'la' if self.feminine else 'le'} {self.one}"

    @property
    def to(self) -> str:
        """à with the article."""
        return f"à {self.the}" if self.vowel or self.feminine else f"au {self.one}"

    @property
    def of(self) -> str:
        """de with the article."""
        return f"de {self.the}" if self.vowel or self.feminine else f"du {self.one}"

    @property
    def a(self) -> str:
        return f"{'une' if self.feminine else 'un'} {self.one}"


NOUN = {
    en: French(one, many, gender == "f")
    for en, one, many, gender in rows("""
apple|pomme|pommes|f
banana|banane|bananes|f
orange|orange|oranges|f
egg|œuf|œufs|m
tomato|tomate|tomates|f
noodles|nouilles|nouilles|f
rice|riz||m
soup|soupe||f
bread|pain||m
cake|gâteau||m
chocolate|chocolat||m
fish|poisson||m
beef|bœuf||m
tea|thé||m
coffee|café||m
milk|lait||m
juice|jus||m
water|eau||f
cola|cola||m
book|livre|livres|m
newspaper|journal|journaux|m
magazine|magazine|magazines|m
letter|lettre|lettres|f
novel|roman|romans|m
report|rapport|rapports|m
story|histoire|histoires|f
film|film|films|m
TV|télévision||f
match|match|matchs|m
news|journal télévisé||m
music|musique||f
radio|radio||f
song|chanson|chansons|f
Chinese|chinois||m
English|anglais||m
French|français||m
Japanese|japonais||m
maths|mathématiques||f
history|histoire||f
football|football||m
basketball|basket||m
tennis|tennis||m
badminton|badminton||m
cards|cartes||f
chess|échecs||m
piano|piano||m
guitar|guitare||f
coat|manteau|manteaux|m
shirt|chemise|chemises|f
sweater|pull|pulls|m
jacket|veste|vestes|f
trousers|pantalon|pantalons|m
shoes|chaussures|chaussures|f
hat|chapeau|chapeaux|m
scarf|écharpe|écharpes|f
gloves|gants|gants|m
glasses|lunettes|lunettes|f
umbrella|parapluie|parapluies|m
key|clé|clés|f
phone|téléphone|téléphones|m
camera|appareil photo|appareils photo|m
computer|ordinateur|ordinateurs|m
bicycle|vélo|vélos|m
car|voiture|voitures|f
chair|chaise|chaises|f
table|table|tables|f
bed|lit|lits|m
sofa|canapé|canapés|m
lamp|lampe|lampes|f
bag|sac|sacs|m
suitcase|valise|valises|f
ticket|billet|billets|m
map|carte|cartes|f
picture|tableau|tableaux|m
cup|tasse|tasses|f
plate|assiette|assiettes|f
pen|stylo|stylos|m
photo|photo|photos|f
present|cadeau|cadeaux|m
cat|chat|chats|m
dog|chien|chiens|m
""")
}
PLACE = {
    en: French(one, "", gender == "f")
    for en, one, gender in rows("""
park|parc|m
school|école|f
library|bibliothèque|f
office|bureau|m
hospital|hôpital|m
restaurant|restaurant|m
café|café|m
garden|jardin|m
kitchen|cuisine|f
hotel|hôtel|m
museum|musée|m
supermarket|supermarché|m
market|marché|m
station|gare|f
bank|banque|f
cinema|cinéma|m
airport|aéroport|m
pool|piscine|f
square|place|f
""")
}
IN = {
    "park": "dans le parc",
    "garden": "dans le jardin",
    "kitchen": "dans la cuisine",
    "square": "sur la place",
    "home": "à la maison",
}
CITY = {"Beijing": "Pékin", "London": "Londres"}
SPOT = dict(
    rows("""
in the kitchen|dans la cuisine
in the bedroom|dans la chambre
in the living room|dans le salon
on the table|sur la table
under the table|sous la table
on the chair|sur la chaise
under the bed|sous le lit
in the bag|dans le sac
in the suitcase|dans la valise
in the box|dans la boîte
on the wall|sur le mur
in the garden|dans le jardin
in the car|dans la voiture
behind the door|derrière la porte
""")
)  # fmt: skip
UNIT = {
    "cup": ("tasse", "f"),
    "glass": ("verre", "m"),
    "bottle": ("bouteille", "f"),
    "bowl": ("bol", "m"),
    "piece": ("morceau", "m"),
    "pair": ("paire", "f"),
}
WHEN = dict(
    rows("""
every day|tous les jours
every morning|tous les matins
every afternoon|tous les après-midi
every evening|tous les soirs
at the weekend|le week-end
after work|après le travail
after dinner|après le dîner
after lunch|après le déjeuner
on Mondays|le lundi
on Thursdays|le jeudi
on Sundays|le dimanche
yesterday|hier
last night|hier soir
yesterday morning|hier matin
yesterday afternoon|hier après-midi
last week|la semaine dernière
last weekend|le week-end dernier
on Monday|lundi
on Thursday|jeudi
two days ago|il y a deux jours
this morning|ce matin
tomorrow|demain
tomorrow morning|demain matin
tomorrow evening|demain soir
tonight|ce soir
this afternoon|cet après-midi
this weekend|ce week-end
next week|la semaine prochaine
on Saturday|samedi
on Sunday|dimanche
next month|le mois prochain
next year|l'année prochaine
in May|en mai
in July|en juillet
in October|en octobre
in the summer|en été
in the winter|en hiver
by bus|en bus
by taxi|en taxi
by underground|en métro
by bicycle|à vélo
by car|en voiture
on foot|à pied
often|souvent
always|toujours
sometimes|parfois
rarely|rarement
never|jamais
""")
)  # fmt: skip
PERSON = {
    en: (fr, gender)
    for en, fr, gender in rows("""
I|je|
you|tu|
he|il|m
she|elle|f
we|nous|
they|ils|m
Anna|Anna|f
Tom|Tom|m
Li Ming|Li Ming|m
Maria|Maria|f
David|David|m
my mother|ma mère|f
my father|mon père|m
my little brother|mon petit frère|m
my older sister|ma grande sœur|f
my grandmother|ma grand-mère|f
my friend|mon ami|m
my neighbour|ma voisine|f
your mother|ta mère|f
your father|ton père|m
your little brother|ton petit frère|m
your older sister|ta grande sœur|f
your grandmother|ta grand-mère|f
your friend|ton ami|m
the teacher|la professeure|f
the doctor|le médecin|m
the children|les enfants|m
the students|les étudiants|m
""")
}
PRESENT = {
    en: forms
    for en, *forms in rows("""
eat|mange|manges|mange|mangeons|mangent|manger|mangé
drink|bois|bois|boit|buvons|boivent|boire|bu
buy|achète|achètes|achète|achetons|achètent|acheter|acheté
read|lis|lis|lit|lisons|lisent|lire|lu
write|écris|écris|écrit|écrivons|écrivent|écrire|écrit
watch|regarde|regardes|regarde|regardons|regardent|regarder|regardé
listen to|écoute|écoutes|écoute|écoutons|écoutent|écouter|écouté
learn|apprends|apprends|apprend|apprenons|apprennent|apprendre|appris
play|joue|joues|joue|jouons|jouent|jouer|joué
work|travaille|travailles|travaille|travaillons|travaillent|travailler|travaillé
sleep|dors|dors|dort|dormons|dorment|dormir|dormi
swim|nage|nages|nage|nageons|nagent|nager|nagé
run|cours|cours|court|courons|courent|courir|couru
dance|danse|danses|danse|dansons|dansent|danser|dansé
sing|chante|chantes|chante|chantons|chantent|chanter|chanté
cook|cuisine|cuisines|cuisine|cuisinons|cuisinent|cuisiner|cuisiné
study|étudie|étudies|étudie|étudions|étudient|étudier|étudié
have lunch|déjeune|déjeunes|déjeune|déjeunons|déjeunent|déjeuner|déjeuné
have dinner|dîne|dînes|dîne|dînons|dînent|dîner|dîné
have|ai|as|a|avons|ont|avoir|eu
be|suis|es|est|sommes|sont|être|été
go|vais|vas|va|allons|vont|aller|allé
want|veux|veux|veut|voulons|veulent|vouloir|voulu
know|sais|sais|sait|savons|savent|savoir|su
have to|dois|dois|doit|devons|doivent|devoir|dû
like|aime|aimes|aime|aimons|aiment|aimer|aimé
live|habite|habites|habite|habitons|habitent|habiter|habité
look for|cherche|cherches|cherche|cherchons|cherchent|chercher|cherché
""")
}
INFINITIVE, PARTICIPLE = 5, 6
ADJECTIVE = {
    en: (masculine, feminine, place == "before")
    for en, masculine, feminine, place in rows("""
new|nouveau|nouvelle|before
old|vieux|vieille|before
big|grand|grande|before
small|petit|petite|before
beautiful|beau|belle|before
expensive|cher|chère|
warm|chaud|chaude|
long|long|longue|
short|court|courte|
heavy|lourd|lourde|
interesting|intéressant|intéressante|
boring|ennuyeux|ennuyeuse|
clean|propre|propre|
dirty|sale|sale|
red|rouge|rouge|
blue|bleu|bleue|
black|noir|noire|
white|blanc|blanche|
green|vert|verte|
yellow|jaune|jaune|
tired|fatigué|fatiguée|
happy|content|contente|
angry|fâché|fâchée|
worried|inquiet|inquiète|
busy|occupé|occupée|
tall|grand|grande|
clever|intelligent|intelligente|
friendly|gentil|gentille|
""")
}
BEFORE_VOWEL = {"nouveau": "nouvel", "vieux": "vieil", "beau": "bel"}
JOB = {
    en: (masculine, feminine)
    for en, masculine, feminine in rows("""
doctor|médecin|médecin
teacher|professeur|professeure
nurse|infirmier|infirmière
engineer|ingénieur|ingénieure
cook|cuisinier|cuisinière
writer|écrivain|écrivaine
farmer|agriculteur|agricultrice
singer|chanteur|chanteuse
""")
}
DEFINITE = frozenset("TV news radio Chinese English French Japanese maths history piano guitar".split())


# --- Forms ------------------------------------------------------------------------------------------------------------


def forms(who: Person, verb: str) -> str:
    return PRESENT[verb][("I", "you", "he", "we", "they").index("he" if who.form == "she" else who.form)]


def does(who: Person, verb: str, no: str = "") -> str:
    """Somebody and what it does, or does not: "j'achète", "Anna ne mange pas"."""
    subject, form = PERSON[who.en][0], forms(who, verb)
    if no:
        return f"{subject} {elided('ne', form)} {no}"
    return elided(subject, form) if subject == "je" else f"{subject} {form}"


def asked(clause: str) -> str:
    return f"{elided('est-ce que', clause)} ?"


def plural(word: str) -> str:
    return word if word.endswith(("s", "x")) else f"{word}x" if word.endswith("eau") else f"{word}s"


def agreeing(adjective: Adjective, feminine: bool, several: bool) -> str:
    masculine, other, _before = ADJECTIVE[adjective.en]
    word = other if feminine else masculine
    return plural(word) if several else word


def only_plural(noun: Noun) -> bool:
    return NOUN[noun.en].one == NOUN[noun.en].many or noun.en in ("maths", "cards", "chess")


def described(noun: Noun, adjective: Adjective | None, several: bool) -> str:
    """The noun with its adjective, without an article."""
    french = NOUN[noun.en]
    word = french.many if several else french.one
    if adjective is None:
        return word
    form = agreeing(adjective, french.feminine, several or only_plural(noun))
    if not ADJECTIVE[adjective.en][2]:
        return f"{word} {form}"
    return f"{BEFORE_VOWEL.get(form, form) if french.vowel and not several else form} {word}"


def counted(noun: Noun, number: int, adjective: Adjective | None = None) -> str:
    several = number > 1
    if noun.unit and noun.en != "trousers":
        unit, gender = UNIT[noun.unit.split()[0]]
        what = elided("de", described(noun, adjective, only_plural(noun)))
        return f"{'une' if number == 1 and gender == 'f' else COUNT[number]} {plural(unit) if several else unit} {what}"
    one = "une" if NOUN[noun.en].feminine and number == 1 else COUNT[number]
    return f"{one} {described(noun, adjective, several)}"


def some(verb: Verb, noun: Noun, no: bool = False) -> str:
    """What a verb takes: "des pommes", "du thé", "au football"; after "ne … pas" "de pommes"."""
    french = NOUN[noun.en]
    the = f"les {french.one}" if only_plural(noun) else french.the
    if verb.en == "play":
        if noun.en in ("piano", "guitar"):
            return french.of
        return f"aux {french.one}" if only_plural(noun) else french.to
    if noun.en in DEFINITE:
        return the
    if no:
        return elided("de", french.many or french.one)
    if french.many:
        return f"des {french.many}"
    return french.of


def at(place: Place) -> str:
    return IN[place.id] if place.id in IN else PLACE[place.id].to


def to(place: Place) -> str:
    if place in CITIES:
        return f"à {CITY.get(place.en, place.en)}"
    return IN[place.id] if place.id == "square" else PLACE[place.id].to


def own(who: Person, noun: Noun) -> str:
    """The noun with the word for whose it is."""
    french = NOUN[noun.en]
    several = only_plural(noun)
    if who.form in ("we", "they"):
        word = {"we": ("notre", "nos"), "they": ("leur", "leurs")}[who.form][several]
    else:
        start = {"I": "m", "you": "t"}.get(who.form, "s")
        word = start + ("es" if several else "a" if french.feminine and not french.vowel else "on")
    return f"{word} {french.one}"


def this(noun: Noun) -> str:
    french = NOUN[noun.en]
    word = "ces" if only_plural(noun) else "cette" if french.feminine else "cet" if french.vowel else "ce"
    return f"{word} {french.one}"


# --- Words drawn that French knows here ---------------------------------------------------------------------------------


def action(draw: Draw, verbs: str, counted: bool = False, bought: str = "") -> tuple[Verb, Noun]:
    verb, noun = draw.action(verbs, counted, bought)
    return (verb, noun) if noun.en in NOUN and verb.en in PRESENT else action(draw, verbs, counted, bought)


def thing(draw: Draw, kinds: str, counted: bool = False) -> Noun:
    noun = draw.noun(kinds, counted)
    return noun if noun.en in NOUN else thing(draw, kinds, counted)


def look_of(draw: Draw, noun: Noun) -> Adjective | None:
    fitting = [
        row for row in (*ADJECTIVES, *COLOURS) if row.kinds & noun.kinds and row.en in ADJECTIVE and row.en != "dirty"
    ]
    return draw.of(fitting) if fitting else None


def place_of(draw: Draw, kinds: str = "street shop") -> Place:
    place = draw.place(kinds)
    return place if place.id in PLACE and place.en != "the post office" else place_of(draw, kinds)


def doing_of(draw: Draw, when: Word | None = None) -> tuple[Activity, Place]:
    doing, place = draw.doing(when)
    known = doing.en in PRESENT and (place.id in PLACE or place.id in IN) and place.en != "the post office"
    return (doing, place) if known else doing_of(draw, when)


def gendered(draw: Draw, of: str = "told") -> Person:
    who = draw.person(of)
    return who if PERSON[who.en][1] else gendered(draw, of)


HABITS = "eat drink read write watch listen learn play"


# --- Patterns -----------------------------------------------------------------------------------------------------------


def habit(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person(), action(draw, HABITS), draw.of(OFTEN)
    where = draw.place(" ".join(verb.where)) if draw.chance(0.4) else None
    if where is None or (where.id not in PLACE and where.id not in IN):
        return sentence(
            f"{who.en} {who.verb(verb.en)} {noun.any} {when.en}.",
            f"{does(who, verb.en)} {some(verb, noun)} {WHEN[when.en]}.",
            (verb, noun),
        )
    return sentence(
        f"{who.en} {who.verb(verb.en)} {noun.any} {where.inside} {when.en}.", f"{does(who, verb.en)} {some(verb, noun)} {at(where)} {WHEN[when.en]}.",
        (verb, noun), (verb, where),
    )  # fmt: skip


def habit_not(draw: Draw) -> Sentence:
    who, (verb, noun) = draw.person(), action(draw, HABITS)
    never = draw.chance(0.4)
    english = f"never {who.verb(verb.en)}" if never else f"{who.do}n't {verb.en}"
    return sentence(
        f"{who.en} {english} {noun.any}.",
        f"{does(who, verb.en, 'jamais' if never else 'pas')} {some(verb, noun, no=True)}.",
        (verb, noun),
    )


def habit_asked(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person("asked"), action(draw, HABITS), draw.of(OFTEN)
    return sentence(
        f"{who.do} {who.en} {verb.en} {noun.any} {when.en}?",
        asked(f"{does(who, verb.en)} {some(verb, noun)} {WHEN[when.en]}"),
        (verb, noun),
    )


def frequency(draw: Draw) -> Sentence:
    who, (doing, place), often = (
        draw.person(),
        doing_of(draw),
        draw.of([row for row in FREQUENCIES if row.en in WHEN and row.en != "never"]),
    )
    return sentence(
        f"{who.en} {often.en} {who.verb(doing.en)} {place.inside}.",
        f"{does(who, doing.en)} {WHEN[often.en]} {at(place)}.",
        (doing, place),
    )


def where_asked(draw: Draw) -> Sentence:
    who, when = draw.person("asked"), draw.of(OFTEN)
    doing, place = doing_of(draw, when)
    if draw.chance(0.3):
        return sentence(f"Where {who.do} {who.en} {doing.en}?", f"où {asked(does(who, doing.en))}")
    return sentence(
        f"{who.do} {who.en} {doing.en} {place.inside} {when.en}?",
        asked(f"{does(who, doing.en)} {at(place)} {WHEN[when.en]}"),
        (doing, place),
    )


def past(draw: Draw) -> Sentence:
    who, (verb, noun), when = (
        draw.person(),
        action(draw, "eat drink buy read write watch listen", counted=True),
        draw.of(PAST),
    )
    number, look = draw.number(noun), look_of(draw, noun) if verb.en == "buy" and draw.chance(0.6) else None
    links: list[tuple[Word, Word]] = [(verb, noun), *([(look, noun)] if look else [])]
    return sentence(
        f"{who.en} {verb.past} {noun.counted(number, look)[0]} {when.en}.",
        f"{does(who, 'have')} {PRESENT[verb.en][PARTICIPLE]} {counted(noun, number, look)} {WHEN[when.en]}.", *links,
    )  # fmt: skip


def past_not(draw: Draw) -> Sentence:
    who, (verb, noun), when = draw.person(), action(draw, "eat drink buy read write watch listen play"), draw.of(PAST)
    one = noun.one if noun.countable else noun.any
    what = some(verb, noun, no=True)
    if one.startswith(("a ", "an ")):
        what = elided("de", NOUN[noun.en].one)
    return sentence(
        f"{who.en} didn't {verb.en} {one} {when.en}.",
        f"{does(who, 'have', 'pas')} {PRESENT[verb.en][PARTICIPLE]} {what} {WHEN[when.en]}.",
        (verb, noun),
    )


def went(draw: Draw) -> Sentence:
    """With être: the participle agrees."""
    who, place, when = gendered(draw), draw.of((place_of(draw), draw.of(CITIES))), draw.of(PAST)
    gone = "allé" + ("e" if PERSON[who.en][1] == "f" else "") + ("s" if who.plural else "")
    if draw.chance(0.3):
        return sentence(
            f"{who.en} didn't go to {place.en} {when.en}.",
            f"{does(who, 'be', 'pas')} {gone} {to(place)} {WHEN[when.en]}.",
        )
    return sentence(f"{who.en} went to {place.en} {when.en}.", f"{does(who, 'be')} {gone} {to(place)} {WHEN[when.en]}.")


def going(draw: Draw) -> Sentence:
    who, place, ride, when = draw.person(), place_of(draw), draw.of(NEAR_RIDES), draw.of(FUTURE)
    if draw.chance(0.4):
        place, when = draw.of(CITIES), draw.of(LATER)
        return sentence(
            f"{who.en} {who.be} not going to {place.en} {when.en}.",
            f"{does(who, 'go', 'pas')} {to(place)} {WHEN[when.en]}.",
            (place, when),
        )
    return sentence(
        f"{who.en} {who.be} going to {place.en} {ride.en} {when.en}.",
        f"{does(who, 'go')} {to(place)} {WHEN[ride.en]} {WHEN[when.en]}.",
        (place, ride),
    )


def plan(draw: Draw) -> Sentence:
    who, when = draw.person(), draw.of(FUTURE)
    doing, place = doing_of(draw, when)
    if draw.chance(0.5):
        start, french = draw.of(
            ((f"{who.be} going to", "go"), (who.verb("want to"), "want"), (who.verb("have to"), "have to"))
        )
        return sentence(
            f"{who.en} {start} {doing.en} {place.inside} {when.en}.", f"{does(who, french)} {PRESENT[doing.en][INFINITIVE]} {at(place)} {WHEN[when.en]}.",
            (doing, place),
        )  # fmt: skip
    verb, noun = action(draw, "buy write watch read", counted=True)
    return sentence(
        f"{who.en} {who.be} going to {verb.en} {noun.counted(1)[0]} {when.en}.",
        f"{does(who, 'go')} {PRESENT[verb.en][INFINITIVE]} {counted(noun, 1)} {WHEN[when.en]}.", (verb, noun),
    )  # fmt: skip


def want(draw: Draw) -> Sentence:
    verb, noun = action(draw, "eat drink buy read learn play", bought=DAILY)
    kind = draw.of(("yes", "no", "asked", "who"))
    infinitive = PRESENT[verb.en][INFINITIVE]
    if kind == "who":
        return sentence(
            f"Who wants to {verb.en} {noun.any}?", f"qui veut {infinitive} {some(verb, noun)} ?", (verb, noun)
        )
    who = draw.person("asked" if kind == "asked" else "told")
    if kind == "asked":
        return sentence(
            f"{who.do} {who.en} want to {verb.en} {noun.any}?",
            asked(f"{does(who, 'want')} {infinitive} {some(verb, noun)}"),
            (verb, noun),
        )
    if kind == "no":
        return sentence(
            f"{who.en} {who.do}n't want to {verb.en} {noun.any}.",
            f"{does(who, 'want', 'pas')} {infinitive} {some(verb, noun, no=True)}.",
            (verb, noun),
        )
    return sentence(
        f"{who.en} {who.verb('want')} to {verb.en} {noun.any}.",
        f"{does(who, 'want')} {infinitive} {some(verb, noun)}.",
        (verb, noun),
    )


def can(draw: Draw) -> Sentence:
    verb, noun = action(draw, "play")
    what, french = f"{verb.en} {noun.any}", f"jouer {some(verb, noun)}"
    links: list[tuple[Word, Word]] = [(verb, noun)]
    if draw.chance(0.5):
        noun = thing(draw, "language")
        what, french, links = f"speak {noun.any}", f"parler {NOUN[noun.en].one}", []
    kind = draw.of(("yes", "no", "asked"))
    who = draw.person("asked" if kind == "asked" else "told")
    if kind == "asked":
        return sentence(f"Can {who.en} {what}?", asked(f"{does(who, 'know')} {french}"), *links)
    if kind == "no":
        return sentence(f"{who.en} can't {what}.", f"{does(who, 'know', 'pas')} {french}.", *links)
    return sentence(f"{who.en} can {what}.", f"{does(who, 'know')} {french}.", *links)


def likes(draw: Draw) -> Sentence:
    (doing, place), kind = doing_of(draw), draw.of(("yes", "no", "asked"))
    who = draw.person("asked" if kind == "asked" else "told")
    french = f"{PRESENT[doing.en][INFINITIVE]} {at(place)}"
    if kind == "asked":
        return sentence(
            f"{who.do} {who.en} like {doing.ing} {place.inside}?",
            asked(f"{does(who, 'like')} {french}"),
            (doing, place),
        )
    if kind == "no":
        return sentence(
            f"{who.en} {who.do}n't like {doing.ing} {place.inside}.",
            f"{does(who, 'like', 'pas')} {french}.",
            (doing, place),
        )
    return sentence(
        f"{who.en} {who.verb('like')} {doing.ing} {place.inside}.", f"{does(who, 'like')} {french}.", (doing, place)
    )


def has(draw: Draw) -> Sentence:
    noun, kind = thing(draw, "thing clothes worn own", counted=True), draw.of(("yes", "yes", "no"))
    who = draw.person()
    if kind == "no":
        return sentence(
            f"{who.en} {who.do}n't have {noun.one}.", f"{does(who, 'have', 'pas')} {elided('de', NOUN[noun.en].one)}."
        )
    look = look_of(draw, noun)
    links: list[tuple[Word, Word]] = [(look, noun)] if look else []
    return sentence(
        f"{who.en} {who.have} {noun.counted(1, look)[0]}.", f"{does(who, 'have')} {counted(noun, 1, look)}.", *links
    )


def lost(draw: Draw) -> Sentence:
    who, noun = draw.person(), thing(draw, "own")
    if draw.chance(0.5):
        return sentence(
            f"{who.en} {who.be} looking for {who.my} {noun.en}.", f"{does(who, 'look for')} {own(who, noun)}."
        )
    when = draw.of(PAST)
    return sentence(
        f"{who.en} lost {who.my} {noun.en} {when.en}.", f"{does(who, 'have')} perdu {own(who, noun)} {WHEN[when.en]}."
    )


def whose(draw: Draw) -> Sentence:
    noun, who = (
        thing(draw, "own"),
        draw.of([row for row in PEOPLE if row.en in ("I", "you", "he", "she", "we", "they")]),
    )
    one = "these" if noun.plural else "this"
    french = "ce sont" if only_plural(noun) else "c'est"
    if draw.chance(0.4):
        return sentence(f"{noun.be} {one} {who.my} {noun.en}?", asked(f"{french} {own(who, noun)}"))
    return sentence(f"{one} {noun.be} {who.my} {noun.en}.", f"{french} {own(who, noun)}.")


def there_is(draw: Draw) -> Sentence:
    noun, spot = spotted(draw)
    if noun.en not in NOUN or not noun.many:
        return there_is(draw)
    kind = draw.of(("yes", "yes", "no", "many"))
    french, where = NOUN[noun.en], SPOT[spot.en]
    if kind == "no":
        return sentence(
            f"There are no {noun.many} {spot.en}.", f"il n'y a pas {elided('de', french.many)} {where}.", (noun, spot)
        )
    if kind == "many":
        return sentence(
            f"How many {noun.many} are there {spot.en}?",
            f"combien {elided('de', french.many)} y a-t-il {where} ?",
            (noun, spot),
        )
    number = draw.of((1, 2, 3, 4, 5))
    return sentence(
        f"There {'is' if number == 1 else 'are'} {noun.counted(number)[0]} {spot.en}.",
        f"il y a {counted(noun, number)} {where}.",
        (noun, spot),
    )


def where(draw: Draw) -> Sentence:
    noun, spot = spotted(draw, "stand soft lie packed pet big")
    if noun.en not in NOUN or noun.en == "trousers":
        return where(draw)
    mine, kind = draw.of(PEOPLE[:2]), draw.of(("where", "asked", "yes", "no"))
    french, be = own(mine, noun), "sont" if only_plural(noun) else "est"
    if kind == "where":
        return sentence(f"Where {noun.be} {mine.my} {noun.en}?", f"où {be} {french} ?")
    if kind == "asked":
        return sentence(
            f"{noun.be} {mine.my} {noun.en} {spot.en}?", asked(f"{french} {be} {SPOT[spot.en]}"), (noun, spot)
        )
    no, pas = ("not ", f"{elided('ne', be)} pas") if kind == "no" else ("", be)
    return sentence(f"{mine.my} {noun.en} {noun.be} {no}{spot.en}.", f"{french} {pas} {SPOT[spot.en]}.", (noun, spot))


def quality(draw: Draw) -> Sentence:
    adjective = draw.of([row for row in (*ADJECTIVES, *COLOURS) if row.en in ADJECTIVE])
    noun = draw.of([row for row in NOUNS if row.kinds & adjective.kinds and "this" in row.kinds and row.en in NOUN])
    several, feminine = only_plural(noun), NOUN[noun.en].feminine
    form, be = agreeing(adjective, feminine, several), "sont" if several else "est"
    english = noun.this(True)[0]
    kind = (
        draw.of(("is", "not", "asked", "more", "less")) if adjective not in COLOURS else draw.of(("is", "not", "asked"))
    )
    very, tres = ("", "") if adjective in COLOURS else ("very ", "très ")
    if kind == "asked":
        return sentence(f"{noun.be} {english} {adjective.en}?", asked(f"{this(noun)} {be} {form}"), (adjective, noun))
    if kind == "not":
        return sentence(
            f"{english} {noun.be} not {adjective.en}.",
            f"{this(noun)} {elided('ne', be)} pas {form}.",
            (adjective, noun),
        )
    if kind == "is":
        return sentence(
            f"{english} {noun.be} {very}{adjective.en}.", f"{this(noun)} {be} {tres}{form}.", (adjective, noun)
        )
    that = ("celles" if feminine else "ceux") if several else ("celle" if feminine else "celui")
    one = "those" if noun.plural else "that one"
    if kind == "more":
        return sentence(
            f"{english} {noun.be} {adjective.more} than {one}.",
            f"{this(noun)} {be} plus {form} que {that}-là.",
            (adjective, noun),
        )
    return sentence(
        f"{english} {noun.be} not as {adjective.en} as {one}.",
        f"{this(noun)} {be} moins {form} que {that}-là.",
        (adjective, noun),
    )


def price(draw: Draw) -> Sentence:
    noun = thing(draw, "clothes worn this", counted=True)
    if {"pet", "soft", "stand"} & noun.kinds or noun.en in ("car", "film", "computer", "camera"):
        return price(draw)
    several = only_plural(noun)
    if draw.chance(0.3):
        return sentence(
            f"How much {noun.be} {noun.this(True)[0]}?", f"combien {'coûtent' if several else 'coûte'} {this(noun)} ?"
        )
    euros = draw.of((10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100))
    return sentence(
        f"{noun.this(True)[0]} {'cost' if noun.plural else 'costs'} {NUMBERS[euros][0]} euros.",
        f"{this(noun)} {'coûtent' if several else 'coûte'} {COUNT[euros]} euros.",
    )


def feels(draw: Draw) -> Sentence:
    adjective = draw.of(FEELINGS)
    kind = draw.of(("very", "not", "asked", "more"))
    who = gendered(draw, "asked" if kind == "asked" else "told")
    if adjective.en in ("hungry", "thirsty"):
        need = "faim" if adjective.en == "hungry" else "soif"
        if kind == "asked":
            return sentence(
                f"{who.be} {who.en} {adjective.en}?", asked(f"{does(who, 'have')} {need}"), (who, adjective)
            )
        if kind == "not":
            return sentence(
                f"{who.en} {who.be} not {adjective.en}.", f"{does(who, 'have', 'pas')} {need}.", (who, adjective)
            )
        return sentence(
            f"{who.en} {who.be} very {adjective.en}.", f"{does(who, 'have')} très {need}.", (who, adjective)
        )
    form = agreeing(adjective, PERSON[who.en][1] == "f", who.plural)
    if kind == "asked":
        return sentence(f"{who.be} {who.en} {adjective.en}?", asked(f"{does(who, 'be')} {form}"), (who, adjective))
    if kind == "not":
        return sentence(f"{who.en} {who.be} not {adjective.en}.", f"{does(who, 'be', 'pas')} {form}.", (who, adjective))
    if kind == "more" and "much" in adjective.kinds:
        other = draw.person("told named", but=who)
        return sentence(
            f"{who.en} {who.be} {adjective.more} than {other.en}.",
            f"{does(who, 'be')} plus {form} {elided('que', PERSON[other.en][0])}.",
            (who, other),
        )
    return sentence(f"{who.en} {who.be} very {adjective.en}.", f"{does(who, 'be')} très {form}.", (who, adjective))


def job(draw: Draw) -> Sentence:
    kind, work = draw.of(("is", "not", "asked", "become")), draw.of([row for row in JOBS if row.en in JOB])
    who = gendered(draw, "asked" if kind == "asked" else "told")
    if who.id in ("doctor", "teacher", "students", "children"):
        return job(draw)
    name = f"{work.en}s" if who.plural else article(work.en)
    word = JOB[work.en][PERSON[who.en][1] == "f"]
    word = plural(word) if who.plural else word
    if kind == "asked":
        return sentence(f"{who.be} {who.en} {name}?", asked(f"{does(who, 'be')} {word}"), (who, work))
    if kind == "become":
        return sentence(
            f"{who.en} {who.verb('want')} to become {name}.", f"{does(who, 'want')} devenir {word}.", (who, work)
        )
    if kind == "not":
        return sentence(f"{who.en} {who.be} not {name}.", f"{does(who, 'be', 'pas')} {word}.", (who, work))
    return sentence(f"{who.en} {who.be} {name}.", f"{does(who, 'be')} {word}.", (who, work))


def direction(draw: Draw) -> Sentence:
    place, other = place_of(draw), place_of(draw)
    if place == other:
        return direction(draw)
    here, there = PLACE[place.id], PLACE[other.id]
    kind = draw.of(("way", "turn", "side", "side", "near", "far"))
    if kind == "way":
        return sentence(f"Excuse me, how do I get to {place.en}?", f"excusez-moi, comment va-t-on {to(place)} ?")
    if kind == "turn":
        left, gauche = draw.of((("left", "gauche"), ("right", "droite")))
        return sentence(f"Turn {left} at {place.en}.", f"tournez à {gauche} {to(place)}.")
    if kind == "near":
        return sentence(
            f"Is there {article(place.en.removeprefix('the '))} near {other.en}?",
            f"y a-t-il {here.a} près {there.of} ?",
            (place, other),
        )
    side, cote = {
        "far": ("far from", "loin"),
        "side": draw.of((("next to", "à côté"), ("opposite", "en face"), ("near", "près"))),
    }[kind]
    return sentence(f"{place.en} is {side} {other.en}.", f"{here.the} est {cote} {there.of}.", (place, other))


def lives(draw: Draw) -> Sentence:
    who, city, years = draw.person(), draw.of(CITIES), draw.of((2, 3, 4, 5, 6, 8, 10))
    if draw.chance(0.5):
        return sentence(f"{who.en} {who.verb('live')} in {city.en}.", f"{does(who, 'live')} {to(city)}.")
    return sentence(
        f"{who.en} {who.have} lived in {city.en} for {NUMBERS[years][0]} years.",
        f"{does(who, 'live')} {to(city)} depuis {COUNT[years]} ans.",
    )


PATTERNS: tuple[Callable[[Draw], Sentence], ...] = (
    habit, habit_not, habit_asked, frequency, where_asked, past, past_not, went, going, plan, want, can, likes, has, lost, whose, there_is,
    where, quality, price, feels, job, direction, lives,
)  # fmt: skip
