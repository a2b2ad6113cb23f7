"""LAYOUTS: which kinds of rows there are, one row each.

A row says which columns a source must bring, how they are usually called, and how they become a TextDataset. This module
does not know which task learns from such rows.
"""

from core.data import documents, entities, label_sets, labelled, pairs, questions, scored, tagged, targets
from core.data.dataset import Layout, Role
from core.errors import N_
from core.tables import files

TEXT = Role("text", N_("Column of texts"), "text", name=N_("Text"))
PAIR = Role("pair", N_("Column of second texts"), "text", name=N_("Second text"))
LABEL = Role("label", N_("Column of labels"), "label")
SCORE = Role("score", N_("Column of scores"), "score")
LABELS = Role(
    "labels",
    N_("Column or columns of labels"),
    "labels",
    N_("One column of lists or of labels with | or ; between them, or one column of 0 and 1 for each label."),
)
WORDS = Role("words", N_("Column of words or texts"), "words")
TAGS = Role("tags", N_("Column of tags or spans"), "tags")
QUESTION = Role(
    "text",
    N_("Column of questions"),
    "text",
    name=N_("Question"),
    empty=N_("the question is empty; ask something first"),
)
PASSAGE = Role(
    "pair",
    N_("Column of passages"),
    "text",
    name=N_("Passage"),
    empty=N_("the passage is empty; give the text in which the answer is to be found"),
)
ANSWERS = Role("answers", N_("Column of answers"), "answers")
SOURCE = Role(
    "text", N_("Column of sources"), "text", name=N_("Source"), empty=N_("the source is empty; write something first")
)
TARGET = Role("target", N_("Column of targets"), "text", N_("What is to be written for each source."))

TEXT_NAMES = tuple(
    "text sentence review content comment tweet message post body document passage utterance query question description "
    "input sentence1 text1 文本 句子 评论 内容 正文 评价 评论内容 文本内容 语句 消息 微博 弹幕 问题 headline title 标题".split()
)
PAIR_NAMES = tuple(
    "sentence1+sentence2 text1+text2 texta+textb sentencea+sentenceb premise+hypothesis question1+question2 q1+q2 "
    "question+sentence query+passage query+document question+answer s1+s2 text+textpair text+pair "
    "句子1+句子2 文本1+文本2 问题1+问题2 前提+假设 问题+答案 问题+回答".split()
)
LABEL_NAMES = tuple(
    "label labels sentiment class category target goldlabel labeltext topic intent emotion polarity tag stars rating "
    "score isduplicate y 标签 类别 情感 分类 情感倾向 情感极性 情绪 极性 意图 主题 类型 标注 评分".split()
)
SCORE_NAMES = tuple(
    "score similarity similarityscore relatedness relatednessscore rating stars grade points mark label labels target y value "
    "分数 得分 相似度 评分 星级 打分 成绩 标签".split()
)
SET_NAMES = tuple(
    "labels tags categories topics genres aspects emotions classes themes keywords label tag category topic genre aspect emotion "
    "标签 类别 分类 主题 情绪 标注 方面".split()
)
TAG_NAMES = tuple(
    "words+tags tokens+nertags tokens+tags tokens+ner tokens+labels words+nertags words+ner words+labels text+annotations "
    "text+entities text+spans text+nertags text+tags text+label text+labels text+ner data+label data+labels sentence+tags "
    "sentence+entities sentence+nertags content+entities content+label 文本+实体 文本+标签 文本+标注".split()
)
QUESTION_NAMES = tuple(
    "question+context question+passage question+paragraph question+document question+text question+article query+context "
    "query+passage query+document query+text text+pair 问题+文本 问题+文章 问题+段落 问题+上下文 问题+篇章".split()
)
ANSWER_NAMES = tuple("answers answer answertext goldanswer goldanswers answerspan 答案 回答 参考答案".split())
SOURCE_NAMES = tuple(
    dict.fromkeys(
        "source src sourcetext original input article document english 源文 原文 源语言 输入 中文".split()
        + list(TEXT_NAMES)
    )
)
PAIRED_NAMES = tuple(
    "source+target src+tgt source+translation sourcetext+targettext input+output input+target text+target text+translation text+headline "
    "article+headline document+summary article+summary text+summary article+highlights instruction+output prompt+response "
    "prompt+completion context+response question+answer english+chinese english+french en+zh en+fr english+german en+de chinese+english "
    "zh+en french+english fr+en original+translation 源文+译文 原文+译文 英文+中文 中文+英文 正文+标题 输入+输出 问题+回答 问题+答案".split()
)

ASKED_NAMES = tuple(
    dict.fromkeys(
        "anchor+positive query+positive question+positive sentence1+positive question+answer query+answer query+passage query+document "
        "source+target input+output title+body 问题+答案 问题+回答 问题+段落 查询+文档".split()
        + list(QUESTION_NAMES)
    )
)

LAYOUTS: dict[str, Layout] = {
    row.id: row
    for row in (
        Layout(
            "text-label",
            (TEXT, LABEL),
            (TEXT,),
            {("text",): TEXT_NAMES, ("label",): LABEL_NAMES},
            labelled.build,
            labelled.whole,
            labelled.labels,
        ),
        Layout(
            "pair-label",
            (TEXT, PAIR, LABEL),
            (TEXT, PAIR),
            {("text", "pair"): PAIR_NAMES, ("label",): LABEL_NAMES},
            labelled.build,
            labelled.whole,
            labelled.labels,
        ),
        Layout(
            "text-score",
            (TEXT, SCORE),
            (TEXT,),
            {("text",): TEXT_NAMES, ("score",): SCORE_NAMES},
            scored.build,
            scored.whole,
        ),
        Layout(
            "pair-score",
            (TEXT, PAIR, SCORE),
            (TEXT, PAIR),
            {("text", "pair"): PAIR_NAMES, ("score",): SCORE_NAMES},
            scored.build,
            scored.whole,
        ),
        Layout(
            "text-labels",
            (TEXT, LABELS),
            (TEXT,),
            {("text",): TEXT_NAMES, ("labels",): SET_NAMES},
            label_sets.build,
            label_sets.whole,
            label_sets.labels,
            finders={"labels": label_sets.find},
        ),
        Layout(
            "documents",
            (TEXT,),
            (TEXT,),
            {("text",): TEXT_NAMES},
            documents.build,
            read=documents.read,
            suffixes=files.DOCUMENT_SUFFIXES,
        ),
        Layout(
            "sentence-pairs",
            (TEXT,),
            (TEXT, PAIR),
            {("text", "pair"): PAIR_NAMES, ("text",): TEXT_NAMES},
            documents.sentence_pairs,
            read=documents.read,
            suffixes=files.DOCUMENT_SUFFIXES,
        ),
        Layout(
            "words-tags",
            (WORDS, TAGS),
            (TEXT,),
            {("words", "tags"): TAG_NAMES, ("text",): TEXT_NAMES},
            tagged.build,
            tagged.whole,
            tagged.labels,
            entities.read,
            entities.SUFFIXES,
        ),
        Layout(
            "question-answers",
            (QUESTION, PASSAGE, ANSWERS),
            (QUESTION, PASSAGE),
            {("text", "pair"): QUESTION_NAMES, ("answers",): ANSWER_NAMES},
            questions.build,
            questions.whole,
            read=questions.read,
        ),
        Layout(
            "source-target",
            (SOURCE, TARGET),
            (SOURCE,),
            {("text", "target"): PAIRED_NAMES, ("text",): SOURCE_NAMES},
            targets.build,
            targets.whole,
        ),
        Layout(
            "question-passage",
            (QUESTION, PASSAGE),
            (QUESTION, PASSAGE),
            {("text", "pair"): ASKED_NAMES},
            pairs.build,
            pairs.whole,
            apart=True,
        ),
    )
}
