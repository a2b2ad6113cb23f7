"""The words of the phrasebook: English, Chinese, and what a sentence must know of each.

This module does not know what a sentence looks like (recipes/phrasebook.py does).
"""

from dataclasses import dataclass

VOWELS = tuple("aeiou")
NUMBERS = {
    1: ("one", "一"), 2: ("two", "两"), 3: ("three", "三"), 4: ("four", "四"), 5: ("five", "五"), 6: ("six", "六"),
    7: ("seven", "七"), 8: ("eight", "八"), 9: ("nine", "九"), 10: ("ten", "十"), 11: ("eleven", "十一"), 12: ("twelve", "十二"),
    15: ("fifteen", "十五"), 18: ("eighteen", "十八"), 20: ("twenty", "二十"), 25: ("twenty-five", "二十五"), 30: ("thirty", "三十"),
    40: ("forty", "四十"), 50: ("fifty", "五十"), 60: ("sixty", "六十"), 80: ("eighty", "八十"), 100: ("a hundred", "一百"),
    200: ("two hundred", "两百"), 300: ("three hundred", "三百"), 500: ("five hundred", "五百"),
}  # fmt: skip


def article(words: str) -> str:
    return f"{'an' if words.startswith(VOWELS) else 'a'} {words}"


@dataclass(frozen=True)
class Word:
    """A word or phrase that has one form. Its id is its last word: "the station" and "my station" are one word."""

    en: str
    zh: str

    @property
    def id(self) -> str:
        return self.en.split()[-1]

    @property
    def forms(self) -> frozenset[str]:
        """How a text can show that it is there, in small letters."""
        return frozenset({self.id.casefold()})


@dataclass(frozen=True)
class Person(Word):
    """Somebody who does something. form: the pronoun whose verbs go with it. of: who may be told of and who asked about."""

    form: str
    of: str

    @property
    def plural(self) -> bool:
        return self.form in ("we", "they")

    @property
    def be(self) -> str:
        return {"I": "am", "you": "are", "we": "are", "they": "are"}.get(self.form, "is")

    @property
    def was(self) -> str:
        return "were" if self.be == "are" else "was"

    @property
    def do(self) -> str:
        return "does" if self.be == "is" else "do"

    @property
    def have(self) -> str:
        return "has" if self.be == "is" else "have"

    def verb(self, base: str) -> str:
        """The present of a verb, or of a phrase that begins with one."""
        verb, _, rest = base.partition(" ")
        if self.be == "is":
            verb = {"have": "has"}.get(verb) or (
                f"{verb}es"
                if verb.endswith(("s", "sh", "ch", "o"))
                else f"{verb[:-1]}ies"
                if verb == "study"
                else f"{verb}s"
            )
        return f"{verb} {rest}".strip()

    @property
    def me(self) -> str:
        return {"I": "me", "he": "him", "she": "her", "we": "us", "they": "them"}.get(self.en, self.en)

    @property
    def my(self) -> str:
        return {"I": "my", "you": "your", "he": "his", "she": "her", "we": "our", "they": "their"}[self.form]

    @property
    def pronoun(self) -> Word:
        """What it is called when it comes a second time."""
        return Word(*{"I": ("I", "我"), "you": ("you", "你"), "he": ("he", "他"), "she": ("she", "她"), "we": ("we", "我们"), "they": ("they", "他们")}[self.form])  # fmt: skip


@dataclass(frozen=True)
class Noun(Word):
    """A thing. many: its plural, "" where it is not counted. unit: what it is counted in, "cup cups". measure: its Chinese measure word.
    kinds: what can be done with it."""

    many: str
    measure: str
    kinds: frozenset[str]
    unit: str

    @property
    def id(self) -> str:
        return self.en

    @property
    def forms(self) -> frozenset[str]:
        return frozenset({(self.many or self.en).split()[-1].casefold(), self.en.split()[-1].casefold()})

    @property
    def countable(self) -> bool:
        return bool(self.measure)

    @property
    def plural(self) -> bool:
        """Whether it is always in the plural, as shoes are."""
        return bool(self.unit) and self.en.endswith("s")

    @property
    def be(self) -> str:
        return "are" if self.plural else "is"

    @property
    def any(self) -> str:
        """The thing in general: "apples", "tea", "the piano"."""
        return self.many or ("the " if "the" in self.kinds else "") + self.en

    @property
    def one(self) -> str:
        """What a question or a denial is about: "an umbrella", "any apples", "any tea"."""
        return article(self.en) if self.many and "food" not in self.kinds else f"any {self.any}"

    def counted(self, number: int, adjective: "Adjective | None" = None) -> tuple[str, str]:
        """So many of it, in both languages."""
        english, chinese = (adjective.en + " ", adjective.before) if adjective else ("", "")
        if self.unit:
            one, several = self.unit.split()
            words = article(one) if number == 1 else f"{NUMBERS[number][0]} {several}"
            words = f"{words} of {english}{self.en}"
        else:
            words = article(english + self.en) if number == 1 else f"{NUMBERS[number][0]} {english}{self.many}"
        return words, f"{NUMBERS[number][1]}{self.measure}{chinese}{self.zh}"

    def this(self, near: bool) -> tuple[str, str]:
        words = ("these" if near else "those") if self.plural else ("this" if near else "that")
        return f"{words} {self.en}", f"{'这' if near else '那'}{self.measure}{self.zh}"


@dataclass(frozen=True)
class Verb(Word):
    """What somebody does with things of a kind: one row for each Chinese verb, because "play" is three of them."""

    past: str
    ing: str
    kinds: frozenset[str]
    where: frozenset[str]

    @property
    def id(self) -> str:
        return self.en

    @property
    def forms(self) -> frozenset[str]:
        return inflected(self)


@dataclass(frozen=True)
class Activity(Word):
    """What somebody does without a thing. lasting: the Chinese before and after how long it took."""

    past: str
    ing: str
    lasting: tuple[str, str]

    @property
    def forms(self) -> frozenset[str]:
        return super().forms if " " in self.en else inflected(self)


def inflected(verb: Verb | Activity) -> frozenset[str]:
    he = Person("he", "他", "he", "")
    return frozenset(form.split()[0] for form in (verb.en, he.verb(verb.en), verb.past, verb.ing))


@dataclass(frozen=True)
class Place(Word):
    """preposition: "in", "at"; at: its Chinese after 在. kinds: what is done there, and whether a street has it."""

    preposition: str
    at: str
    kinds: frozenset[str]

    @property
    def inside(self) -> str:
        return f"{self.preposition} {self.en}".strip()


@dataclass(frozen=True)
class Spot(Word):
    """Where a thing can lie or stand. kinds: of things."""

    kinds: frozenset[str]


@dataclass(frozen=True)
class Adjective(Word):
    """before: its Chinese before a noun. more: its comparative. kinds: of things or persons."""

    before: str
    more: str
    kinds: frozenset[str]


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def kinds(cell: str) -> frozenset[str]:
    return frozenset(cell.split())


PEOPLE = tuple(
    Person(en, zh, form, of)
    for en, zh, form, of in rows("""
I|我|I|told
you|你|you|asked
he|他|he|told asked
she|她|she|told asked
we|我们|we|told
they|他们|they|told asked
Anna|安娜|she|told asked named peer
Tom|汤姆|he|told asked named peer
Li Ming|李明|he|told asked named peer
Maria|玛丽亚|she|told asked named peer
David|大卫|he|told asked named peer
my mother|我妈妈|she|told named
my father|我爸爸|he|told named
my little brother|我弟弟|he|told named young
my older sister|我姐姐|she|told named young
my grandmother|我奶奶|she|told named
my friend|我朋友|he|told named young peer
my neighbour|我的邻居|she|told named
your mother|你妈妈|she|asked named
your father|你爸爸|he|asked named
your little brother|你弟弟|he|asked named young
your older sister|你姐姐|she|asked named young
your grandmother|你奶奶|she|asked named
your friend|你朋友|he|asked named young
the teacher|老师|she|told asked named
the doctor|医生|he|told asked named
the children|孩子们|they|told asked
the students|学生们|they|told asked
""")
)

NOUNS = tuple(
    Noun(en, zh, many, measure, kinds(of), unit)
    for en, zh, many, measure, of, unit in rows("""
apple|苹果|apples|个|food light small cheap|
banana|香蕉|bananas|根|food light small cheap|
orange|橙子|oranges|个|food light small cheap|
egg|鸡蛋|eggs|个|food small cheap|
tomato|西红柿|tomatoes|个|food small cheap|
dumplings|饺子||盘|food dumplings dish|plate plates
noodles|面条||碗|food noodles dish|bowl bowls
rice|米饭||碗|food rice dish|bowl bowls
soup|汤||碗|soup dish|bowl bowls
bread|面包||块|food light cheap|piece pieces
cake|蛋糕||块|food cake cheap dish|piece pieces
chocolate|巧克力||块|food cheap dish|piece pieces
fish|鱼|||food dish|
beef|牛肉|||food dish|
tea|茶||杯|drink tea cup|cup cups
coffee|咖啡||杯|drink coffee cup|cup cups
milk|牛奶||杯|drink|glass glasses
juice|果汁||杯|drink|glass glasses
water|水||瓶|drink cheap|bottle bottles
cola|可乐||瓶|drink|bottle bottles
book|书|books|本|read thing lie this seen given|
newspaper|报纸|newspapers|份|read lie cheap|
magazine|杂志|magazines|本|read thing lie this given|
letter|信|letters|封|read write lie sent|
novel|小说|novels|本|read thing seen this given|
report|报告|reports|份|write read lie sent|
email|邮件|emails|封|write read sent|
story|故事|stories|个|write|
film|电影|films|部|watch seen this|
TV|电视|||watch|
match|比赛|matches|场|watch|
news|新闻|||watch the|
music|音乐|||hear|
radio|广播|||hear the|
song|歌|songs|首|hear|
Chinese|中文|||language learn|
English|英语|||language learn|
French|法语|||language learn|
Japanese|日语|||language learn|
maths|数学|||learn|
history|历史|||learn|
football|足球|||kick|
basketball|篮球|||hit|
tennis|网球|||hit|
table tennis|乒乓球|||hit|
badminton|羽毛球|||hit|
cards|牌|||hit|
chess|棋|||chess|
piano|钢琴|||instrument learn the|
guitar|吉他|||instrument learn the|
coat|大衣|coats|件|clothes this warm colour length packed|
shirt|衬衫|shirts|件|clothes this colour packed given|
sweater|毛衣|sweaters|件|clothes this warm colour packed given|
jacket|外套|jackets|件|clothes this warm colour length packed|
trousers|裤子||条|clothes this colour length packed|pair pairs
shoes|鞋||双|clothes this colour lie|pair pairs
hat|帽子|hats|顶|worn this colour lie packed given|
scarf|围巾|scarves|条|worn this warm colour length packed given|
gloves|手套||双|worn this warm colour packed given|pair pairs
glasses|眼镜||副|worn this lie own|pair pairs
umbrella|雨伞|umbrellas|把|thing lie own this colour lent|
key|钥匙|keys|把|lie own|
phone|手机|phones|部|thing lie own this colour|
camera|相机|cameras|台|thing lie own this lent|
computer|电脑|computers|台|thing this stand own lent|
bicycle|自行车|bicycles|辆|thing this colour lent|
car|汽车|cars|辆|thing this colour lent|
chair|椅子|chairs|把|thing stand out this|
table|桌子|tables|张|thing stand out this|
bed|床|beds|张|thing soft this|
sofa|沙发|sofas|张|thing soft this colour|
lamp|台灯|lamps|盏|thing stand this lie|
bag|包|bags|个|thing lie own this colour lent|
suitcase|箱子|suitcases|个|thing this colour lent own big|
ticket|票|tickets|张|lie own given|
map|地图|maps|张|thing lie this given hang lent|
picture|画|pictures|幅|hang this|
cup|杯子|cups|个|thing lie this colour|
plate|盘子|plates|个|lie thing this colour|
pen|笔|pens|支|lie this thing lent given|
photo|照片|photos|张|lie hang|
present|礼物|presents|件|lie|
cat|猫|cats|只|pet|
dog|狗|dogs|只|pet|
""")
)

VERBS = tuple(
    Verb(en, zh, past, ing, kinds(of), kinds(where))
    for en, zh, past, ing, of, where in rows("""
eat|吃|ate|eating|food|home restaurant school garden
eat|喝|ate|eating|soup|home restaurant
drink|喝|drank|drinking|drink|home restaurant cafe garden office hotel
buy|买|bought|buying|food drink clothes worn thing|shop
read|看|read|reading|read|home library park cafe garden
write|写|wrote|writing|write|home library office cafe
watch|看|watched|watching|watch|home
listen to|听|listened to|listening to|hear|home park garden
learn|学|learnt|learning|learn|home school library
play|踢|played|playing|kick|park school
play|打|played|playing|hit|park school
play|下|played|playing|chess|home park cafe
play|弹|played|playing|instrument|home school
make|做|made|making|cake|home
make|包|made|making|dumplings|home
make|泡|made|making|tea|home office
make|煮|made|making|coffee|home office
""")
)

ACTIVITIES = tuple(
    Activity(en, zh, past, ing, (before, after))
    for en, zh, past, ing, before, after in rows("""
work|工作|worked|working|工作了|
sleep|睡觉|slept|sleeping|睡了|
swim|游泳|swam|swimming|游了|泳
run|跑步|ran|running|跑了|步
rest|休息|rested|resting|休息了|
dance|跳舞|danced|dancing|跳了|舞
sing|唱歌|sang|singing|唱了|歌
cook|做饭|cooked|cooking|做了|饭
study|学习|studied|studying|学习了|
have breakfast|吃早饭|had breakfast|having breakfast||
have lunch|吃午饭|had lunch|having lunch||
have dinner|吃晚饭|had dinner|having dinner||
take a walk|散步|took a walk|taking a walk||
take photos|拍照|took photos|taking photos||
""")
)

PLACES = tuple(
    Place(en, zh, preposition, at, kinds(of))
    for en, zh, preposition, at, of in rows("""
home|家|at|家里|home work rest cook study breakfast lunch dinner sleep
the park|公园|in|公园里|park street run rest dance sing walk photos
the school|学校|at|学校|school street study lunch work
the library|图书馆|in|图书馆|library street study work
the office|办公室|in|办公室|office work lunch rest
the hospital|医院|at|医院|street work
the restaurant|饭馆|at|饭馆|restaurant street lunch dinner work
the café|咖啡馆|in|咖啡馆|cafe street work breakfast
the garden|花园|in|花园里|garden rest dance sing breakfast walk photos work
the kitchen|厨房|in|厨房里|cook breakfast dinner
the river|河边|by|河边|walk run rest photos
the lake|湖|in|湖里|swim
the pool|游泳池|in|游泳池里|swim
the square|广场|on|广场上|street dance sing walk photos
the hotel|酒店|at|酒店|hotel street rest breakfast dinner work
the museum|博物馆|in|博物馆|street photos work
the supermarket|超市|in|超市|shop street work
the market|市场|at|市场|shop street work
the station|车站|at|车站|street work
the bank|银行|at|银行|street work
the post office|邮局|at|邮局|street work
the cinema|电影院|at|电影院|street work
the airport|机场|at|机场|street work lunch
""")
)
CITIES = tuple(
    Place(en, zh, "in", zh, kinds("city"))
    for en, zh in rows("""
Beijing|北京
Shanghai|上海
London|伦敦
Paris|巴黎
Tokyo|东京
Berlin|柏林
Rome|罗马
""")
)

SPOTS = tuple(
    Spot(en, zh, kinds(of))
    for en, zh, of in rows("""
in the kitchen|厨房里|stand lie small
in the bedroom|卧室里|stand soft lie packed
in the living room|客厅里|stand soft lie pet
on the table|桌子上|lie small packed
under the table|桌子下面|lie pet
on the chair|椅子上|lie packed pet
under the bed|床下面|lie pet big
in the bag|包里|lie small
in the suitcase|箱子里|packed lie
in the box|盒子里|lie small
on the wall|墙上|hang
in the garden|花园里|pet out
in the car|车里|lie packed big
behind the door|门后面|lie big pet
""")
)

ADJECTIVES = tuple(
    Adjective(en, zh, before, more, kinds(of))
    for en, zh, before, more, of in rows("""
new|新|新|newer|thing clothes worn
old|旧|旧|older|thing clothes worn
big|大|大|bigger|stand soft big pet
small|小|小|smaller|stand soft big pet
cheap|便宜|便宜的|cheaper|thing clothes worn
expensive|贵|很贵的|more expensive|thing clothes worn
beautiful|漂亮|漂亮的|more beautiful|clothes worn hang
warm|暖和|暖和的|warmer|warm
long|长|长|longer|length
short|短|短|shorter|length
heavy|重|很重的|heavier|big
interesting|有意思|有意思的|more interesting|seen
boring|无聊|无聊的|more boring|seen
clean|干净|干净的|cleaner|clothes
dirty|脏|脏|dirtier|clothes
""")
)
COLOURS = tuple(
    Adjective(en, zh, f"{zh}的", "", kinds("colour"))
    for en, zh in rows("""
red|红色
blue|蓝色
black|黑色
white|白色
green|绿色
yellow|黄色
""")
)
TASTES = (
    Adjective("good", "好吃", "", "better", kinds("food")),
    Adjective("good", "好喝", "", "better", kinds("drink soup")),
    Adjective("hot", "烫", "", "hotter", kinds("cup soup")),
    Adjective("sweet", "甜", "", "sweeter", kinds("cake light")),
    Adjective("fresh", "新鲜", "", "fresher", kinds("light")),
)
FEELINGS = tuple(
    Adjective(en, zh, "", more, kinds(of))
    for en, zh, more, of in rows("""
tired|累|more tired|now
busy|忙|busier|now much
hungry|饿|hungrier|now
thirsty|渴|thirstier|now
happy|高兴|happier|now
angry|生气|angrier|now
worried|担心|more worried|now
tall|高|taller|always much
clever|聪明|cleverer|always much
friendly|热情|friendlier|always much
""")
)
JOBS = tuple(
    Word(en, zh)
    for en, zh in rows("""
doctor|医生
teacher|老师
nurse|护士
engineer|工程师
driver|司机
cook|厨师
writer|作家
farmer|农民
singer|歌手
police officer|警察
""")
)


def words(table: str) -> tuple[Word, ...]:
    return tuple(Word(en, zh) for en, zh in rows(table))


OFTEN = words("""
every day|每天
every morning|每天早上
every afternoon|每天下午
every evening|每天晚上
at the weekend|周末
after work|下班后
after dinner|晚饭后
after lunch|午饭后
on Mondays|每个星期一
on Thursdays|每个星期四
on Sundays|每个星期天
""")
FREQUENCIES = words("""
often|经常
always|总是
sometimes|有时候
usually|一般
rarely|很少
never|从来不
""")
PAST = words("""
yesterday|昨天
last night|昨天晚上
yesterday morning|昨天上午
yesterday afternoon|昨天下午
last week|上个星期
last weekend|上个周末
on Monday|星期一
on Thursday|星期四
two days ago|两天前
this morning|今天早上
""")
FUTURE = words("""
tomorrow|明天
tomorrow morning|明天早上
tomorrow evening|明天晚上
tonight|今天晚上
this afternoon|今天下午
this weekend|这个周末
next week|下个星期
on Saturday|星期六
on Thursday|星期四
on Sunday|星期天
""")
LATER = words("""
next week|下个星期
next month|下个月
next year|明年
in May|五月
in July|七月
in October|十月
in the summer|夏天
in the winter|冬天
on Saturday|星期六
""")
NEAR_RIDES = words("""
by bus|坐公共汽车
by taxi|坐出租车
by underground|坐地铁
by bicycle|骑自行车
by car|开车
on foot|走路
""")
FAR_RIDES = words("""
by train|坐火车
by plane|坐飞机
by car|开车
""")
SIDES = words("""
next to|旁边
opposite|对面
behind|后面
in front of|前面
near|附近
""")
