"""core.tables.encodings: which encoding a text is in, language by language, and when the answer is no more than a guess."""

import pytest

from core.tables.encodings import guess
from core.tables.text import decode

# Own texts; each is tried whole and cut to about 200 bytes, as a file of English labels would hold them.
TEXTS = {
    "Russian": "Завтрак был вкусный, но кофе подали холодным. Номер чистый и тихий, окна выходят во двор, а до метро всего пять минут "
    "пешком. Персонал вежливый, хотя ждать лифта приходилось долго. В следующий раз мы бы выбрали этаж повыше.",
    "Ukrainian": "Сніданок був смачний, але каву подали холодною. Кімната чиста й тиха, вікна виходять у двір, а до метро лише п'ять "
    "хвилин пішки. Працівники ввічливі, хоча на ліфт доводилося чекати довго. Наступного разу ми обрали б вищий поверх.",
    "Polish": "Śniadanie było smaczne, ale kawę podano zimną. Pokój czysty i cichy, okna wychodzą na podwórze, a do metra jest pięć minut "
    "pieszo. Obsługa uprzejma, choć na windę trzeba było długo czekać. Następnym razem wybralibyśmy wyższe piętro.",
    "Czech": "Snídaně byla chutná, ale kávu přinesli studenou. Pokoj čistý a tichý, okna vedou do dvora a k metru je to pět minut pěšky. "
    "Obsluha zdvořilá, i když na výtah jsme čekali dlouho. Příště bychom si vybrali vyšší patro.",
    "Hungarian": "A reggeli finom volt, de a kávét hidegen hozták. A szoba tiszta és csendes, az ablakok az udvarra néznek, a metró öt perc "
    "gyalog. A személyzet udvarias, bár a liftre sokat kellett várni. Legközelebb magasabb emeletet kérnénk, ahol több a fény és a levegő; "
    "a fürdőszoba felújítása is ráférne már erre a különben gyönyörű, régi épületre.",
    "Greek": "Το πρωινό ήταν νόστιμο, αλλά ο καφές ήρθε κρύος. Το δωμάτιο καθαρό και ήσυχο, τα παράθυρα βλέπουν στην αυλή και το μετρό είναι "
    "πέντε λεπτά με τα πόδια. Το προσωπικό ευγενικό, αν και περιμέναμε πολύ το ασανσέρ.",
    "Arabic": "كان الإفطار لذيذا لكن القهوة وصلت باردة. الغرفة نظيفة وهادئة، والنوافذ تطل على الفناء، والمترو على بعد خمس دقائق سيرا. "
    "الموظفون مهذبون مع أننا انتظرنا المصعد طويلا. في المرة القادمة سنختار طابقا أعلى.",
    "Hebrew": "ארוחת הבוקר הייתה טעימה, אבל הקפה הוגש קר. החדר נקי ושקט, החלונות פונים לחצר, והרכבת במרחק חמש דקות הליכה. "
    "הצוות אדיב, אף שחיכינו זמן רב למעלית. בפעם הבאה נבחר קומה גבוהה יותר.",
    "Turkish": "Kahvaltı lezzetliydi ama kahve soğuk geldi. Oda temiz ve sessiz, pencereler avluya bakıyor, metro yürüyerek beş dakika. "
    "Çalışanlar kibar, yalnız asansörü çok bekledik. Bir dahaki sefere daha yüksek bir kat seçeriz; ışığı ve havası güzel olur.",
    "German": "Das Frühstück war köstlich, aber der Kaffee kam kalt. Das Zimmer ist sauber und ruhig, die Fenster gehen zum Hof, und bis zur "
    "U-Bahn sind es fünf Minuten zu Fuß. Das Personal ist höflich, nur auf den Aufzug mussten wir lange warten.",
    "French": "Le petit déjeuner était délicieux, mais le café est arrivé froid. La chambre est propre et calme, les fenêtres donnent sur la "
    "cour, et le métro est à cinq minutes à pied. Le personnel est poli, même si l'on a longtemps attendu l'ascenseur, hélas très âgé.",
    "Spanish": "El desayuno estaba rico, pero el café llegó frío. La habitación es limpia y tranquila, las ventanas dan al patio y el metro "
    "está a cinco minutos a pie. El personal es atento, aunque esperamos mucho el ascensor. ¿Volveríamos? ¡Sí, el próximo año!",
    "Portuguese": "O pequeno-almoço estava delicioso, mas o café chegou frio. O quarto é limpo e sossegado, as janelas dão para o pátio e o "
    "metrô fica a cinco minutos a pé. Os funcionários são educados, embora a espera pelo elevador não tenha sido curta.",
    "Swedish": "Frukosten var god, men kaffet kom kallt. Rummet är rent och tyst, fönstren vetter mot gården och det är fem minuter till "
    "tunnelbanan. Personalen är artig, även om vi fick vänta länge på hissen. Nästa gång väljer vi en högre våning.",
    "Chinese": "早餐很好吃，但是咖啡端上来已经凉了。房间干净安静，窗户朝着院子，走路五分钟就到地铁站。工作人员很有礼貌，不过等电梯要等很久。"
    "下次我们会选高一点的楼层。",
    "Traditional Chinese": "早餐很好吃，但是咖啡端上來已經涼了。房間乾淨安靜，窗戶朝著院子，走路五分鐘就到捷運站。工作人員很有禮貌，不過等電梯要等很久。"
    "下次我們會選高一點的樓層。",
    "Japanese": "朝食はおいしかったが、コーヒーは冷めていた。部屋は清潔で静か、窓は中庭に面していて、地下鉄まで歩いて五分だった。スタッフは親切だが、"
    "エレベーターはかなり待った。次はもっと高い階を選びたい。",
    "Korean": "아침 식사는 맛있었지만 커피는 식어서 나왔다. 방은 깨끗하고 조용하며 창문은 안뜰을 향해 있고 지하철까지 걸어서 오 분이다. 직원은 친절했지만 "
    "승강기를 오래 기다려야 했다. 다음에는 더 높은 층을 고를 것이다.",
    "Thai": "อาหารเช้าอร่อยแต่กาแฟมาเย็นแล้ว ห้องสะอาดและเงียบ หน้าต่างหันไปทางลานบ้าน เดินไปสถานีรถไฟฟ้าห้านาที "
    "พนักงานสุภาพแม้ต้องรอลิฟต์นาน",
}
CODECS = {
    "Russian": ("cp1251", "koi8-r", "iso8859-5", "cp866"),
    "Ukrainian": ("cp1251", "koi8-u"),
    "Polish": ("cp1250", "iso8859-2"),
    "Czech": ("cp1250", "iso8859-2"),
    "Hungarian": ("cp1250", "iso8859-2"),
    "Greek": ("cp1253",),
    "Arabic": ("cp1256",),
    "Hebrew": ("cp1255",),
    "Turkish": ("cp1254",),
    "German": ("cp1252", "latin-1"),
    "French": ("cp1252",),
    "Spanish": ("cp1252", "latin-1"),
    "Portuguese": ("cp1252",),
    "Swedish": ("cp1252", "latin-1"),
    "Chinese": ("gb2312", "gbk", "gb18030"),
    "Traditional Chinese": ("big5", "gbk"),
    "Japanese": ("shift_jis", "cp932", "euc_jp", "iso2022_jp"),
    "Korean": ("euc_kr", "cp949"),
    "Thai": ("cp874",),
}
SHORT, WHOLE = 200, 10_000
CASES = [(language, codec, size) for language in TEXTS for codec in CODECS[language] for size in (SHORT, WHOLE)]


def as_file(language: str, codec: str, size: int) -> bytes:
    text = TEXTS[language]
    while len(text.encode(codec)) > size:
        text = text[:-1]
    return f"text,label\n{text},good\nplain,bad\n".encode(codec)


@pytest.mark.parametrize(("language", "codec", "size"), CASES)
def test_the_letters_are_those_that_were_written_and_the_guess_is_told(language: str, codec: str, size: int) -> None:
    content = as_file(language, codec, size)
    text, _, notes = decode(content)
    assert text == content.decode(codec)
    assert any(template.startswith("the letters were read as {encoding}") for template, _ in notes)


@pytest.mark.parametrize(("language", "codec", "size"), [case for case in CASES if "iso2022" not in case[1]])
def test_a_handful_of_letters_is_read_right_or_said_to_be_a_guess(language: str, codec: str, size: int) -> None:
    content = as_file(language, codec, 60 if size == SHORT else 25)
    found = guess(content)
    assert found.doubtful or content.decode(found.codec, "replace") == content.decode(codec)


def test_the_beginning_of_a_large_file_need_not_tell_the_encoding() -> None:
    content = b"plain english text,good\n" * 100_000 + as_file("Korean", "euc_kr", WHOLE)
    assert guess(content).codec == "euc_kr"
