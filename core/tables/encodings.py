"""guess: which encoding bytes are in that are text but not Unicode.

Bytes of several scripts can be read as one another, so a reading is believed when it gives the characters that its languages
use most: kana and Hangul before Chinese, whose encodings contain them; then charset-normalizer for alphabets that are not
Latin; then, for Latin letters, the language whose letters they all are. This module decodes nothing but a sample.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from charset_normalizer import from_bytes

SAMPLE = 1 << 16  # bytes
LONGEST = 2000  # bytes of a line that are looked at, before the first letter beyond ASCII and from there on
BEYOND = re.compile(rb"[\x80-\xff]")
FEW = 40  # letters of another alphabet, with fewer of which a reading stays doubtful
NEAR = 0.15  # a difference in coherence that decides nothing
FEWEST = 8  # letters in words with accents, likewise
ALPHABETS = (
    "windows-1251",
    "koi8-r",
    "koi8-u",
    "windows-1253",
    "windows-1256",
    "windows-1255",
    "cp874",
    "iso8859-5",
    "iso8859-6",
    "cp866",
)
KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]")
WESTERN, CENTRAL, TURKISH = "windows-1252", "windows-1250", "windows-1254"
# Languages by the letters beyond ASCII that they use, and the signs of their punctuation, in the order in which equals win.
LATIN: Mapping[str, tuple[str, ...]] = {
    WESTERN: (
        "äöüßé",
        "àâæçéèêëîïôœùûüÿ",
        "áéíñóúü",
        "ãáâàçéêíóôõú",
        "åäöé",
        "åæøéèêóòâ",
        "àèéìíîòóù",
        "äëéèïöüóá",
        "äöõüšž",
        "áéíóúýðþæö",
        "àáçèéíïòóúü",
    ),
    CENTRAL: ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "áäčďéíĺľňóôŕšťúýž", "ăâîşţ", "čćđšž", "äöüß"),
    "iso8859-2": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áéíóöőúüű", "áäčďéíĺľňóôŕšťúýž", "ăâîşţ", "čćđšž"),
    TURKISH: ("çğıöşüâîû",),
}
SIGNS = "“”„‘’‚«»‹›–—…•°£€§©®™½¼¾¿¡ºª·\xa0´×²³µ±"
COMMON_SYLLABLES = frozenset(
    "이다는을가에의은고하지한나를도서로어기아사리인자있그시으해대일과정라보수스전만니게주여장부년우원들없것했면안너러제조오"
    "요음와거적화구동무생공비상성세소신연용위유재진치회영배감말마물미던더데드된때려련렸았었좋내네달당람래마모바박밖방번본분사새"
    "생선속습작잘저점중차처초최추출친크타통트파품하학할함합행현형호후"
)
COMMON_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
    "多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日者意无力它与长把机十民第公此已工使情明"
    "性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西月话合回特代内信表化老给世位"
    "次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报才结反受目太量再感"
    "建务做接必场件计管期市直资命山金指许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王完设式色路记"
    "南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运影片剧演员喜欢爱棒差坏赞评价买质快慢推荐服"
    "务环境味菜店客吃饭酒房间床早晚谢谢乐音友朋街城结束尾"
    "這個們來為國說時會對發後裡過還進無與長機業兩間問應戰頭體見產實現動當沒學經麼樣從點開關話給記論認條氣題電數報結變總東聲"
    "員場計親愛覺觀視聽讓該請錢買賣書車馬萬種將並劇評標負優買質貨務環價讚歡樂結束區張導爭運傳確術領權難強達門義處兒幾"
)


@dataclass(frozen=True)
class Guess:
    """A Python codec, and whether the reading stays doubtful."""

    codec: str
    doubtful: bool


def guess(data: bytes) -> Guess:
    """The encoding of bytes that are text, but not in a form of Unicode."""
    sample = _sample(data)
    for codec, good in (
        ("shift_jis", _is_japanese),
        ("cp932", _is_japanese),
        ("euc_jp", _is_japanese),
        ("euc_kr", _is_korean),
        ("cp949", _is_korean),
    ):
        text = beyond_ascii(sample, codec)
        if text and good(text):
            return Guess(codec, len(text) < FEW)
    chinese = {codec: beyond_ascii(sample, codec) for codec in ("gb18030", "big5", "big5hkscs")}
    codec = max(chinese, key=lambda codec: _chinese_share(chinese[codec]))
    share = _chinese_share(chinese[codec])
    if share > 0.35:
        return Guess(codec, share < 0.5 or len(chinese[codec]) < FEWEST)
    words = re.findall(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*", sample)
    letters = b"".join(word for word in words if len(word) > 1)  # a sign such as £ stands alone
    foreign = len(re.findall(rb"[\x80-\xff]", letters))
    if foreign > 0.7 * len(letters) and foreign > 3:
        matches = list(from_bytes(b" ".join(words), cp_isolation=list(ALPHABETS)))
        if matches:
            best, *others = matches
            near = [other for other in others if other.chaos <= best.chaos and other.coherence > best.coherence - NEAR]
            return Guess(best.encoding, foreign < FEW or bool(near))
    return _latin(words)


def beyond_ascii(sample: bytes, codec: str) -> str:
    """The letters beyond ASCII of a sample, "" where more than a tenth of it cannot be read."""
    text = re.sub(r"[\x00-\x7f]", "", sample.decode(codec, "replace"))
    damaged = text.count("\ufffd")
    return "" if damaged * 10 > len(text) - damaged else re.sub(r"[\W_]", "", text)


def _is_japanese(text: str) -> bool:
    return len(KANA.findall(text)) > 0.15 * len(text)


def _is_korean(text: str) -> bool:
    return sum(character in COMMON_SYLLABLES for character in text) > 0.5 * len(text)


def _chinese_share(text: str) -> float:
    """The share of the most common Chinese characters, of either script."""
    return sum(character in COMMON_CHINESE for character in text) / max(len(text), 1)


def _latin(words: list[bytes]) -> Guess:
    """The encoding in which the characters beyond ASCII are letters of one language, or signs."""
    shares = {codec: _language_share(words, codec) for codec in LATIN}
    codec = max(shares, key=shares.__getitem__)  # the first of equals
    joined = b" ".join(words)
    rivals = {joined.decode(other, "replace") for other, share in shares.items() if share > shares[codec] - 0.02}
    doubtful = shares[codec] < 0.9 or len(rivals) > 1 or len(joined) < FEWEST
    plain = codec == WESTERN and not re.search(rb"[\x80-\x9f]", joined)
    return Guess("latin-1" if plain else codec, doubtful)


def _language_share(words: list[bytes], codec: str) -> float:
    """The share of the characters beyond ASCII that are signs at the ends of words, or letters of the language that has most."""
    signs, letters = 0, list[str]()
    for word in words:
        text = word.decode(codec, "replace")
        inside = text.strip(SIGNS)
        signs += len(text) - len(inside)
        letters += [character.lower() for character in inside if character > "\x7f"]
    known = max(sum(letter in language for letter in letters) for language in LATIN[codec])
    return (signs + known) / max(signs + len(letters), 1)


def _sample(data: bytes) -> bytes:
    """The first places that hold anything beyond ASCII, as much of their lines as tells the encoding."""
    pieces: list[bytes] = []
    size = place = 0
    while size < SAMPLE and (found := BEYOND.search(data, place)):
        end = data.find(b"\n", found.end(), found.end() + LONGEST)
        end = end if end >= 0 else found.end() + LONGEST
        pieces.append(data[max(place, found.start() - LONGEST) : end])
        size += len(pieces[-1])
        place = end
    return b"\n".join(pieces)
