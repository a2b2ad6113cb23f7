"""What the tutorial says, section by section, how far it holds, and what is true. The tutorial's words are ours, in short.

The evidence is computed by core/article.py and shown by its page; this module computes nothing.
"""

from dataclasses import dataclass

from core.errors import N_

TITLE = "从零开始大模型开发与微调：使用 Hugging Face 获取 BERT 预训练模型"
SECTIONS = {
    "encoder": N_("The encoder"),
    "wordpiece": N_("WordPiece"),
    "attention": N_("Self-attention"),
    "feed-forward": N_("The feed-forward network"),
    "mlm": N_("Pre-training: the masked language model"),
    "strengths": N_("What BERT is good for"),
    "tuning": N_("Fine-tuning"),
    "applications": N_("Applications"),
    "limits": N_("Limits and outlook"),
}  # in the tutorial's order; those without a claim that can be checked are left out
VERDICTS = {"wrong": N_("not so"), "imprecise": N_("not quite"), "right": N_("right")}


@dataclass(frozen=True)
class Claim:
    """What the tutorial says in one of SECTIONS, how far it holds (one of VERDICTS), and what is true."""

    section: str
    verdict: str
    says: str
    truth: str


CLAIMS = {
    "encoder-only": Claim(
        "encoder", "wrong", N_("BERT has an encoder and a decoder."),
        N_("BERT is the encoder half of the Transformer alone: a stack of layers in which every token sees all others. It has no decoder, no mask that hides the future and no attention to a second sequence."),
    ),
    "layer": Claim(
        "encoder", "wrong", N_("A layer is LayerNorm(X + MultiHead(X,X,X) + FFN(MultiHead(X,X,X)))."),
        N_("A layer normalises twice: A = LayerNorm(X + MultiHead(X,X,X)), then LayerNorm(A + FFN(A)). The feed-forward network reads A, not what attention brings alone."),
    ),
    "tokens": Claim(
        "wordpiece", "wrong", N_("“I love eating pizza” becomes I [SEP] love [SEP] eating [SEP] pizza [SEP], with its ids."),
        N_("One [CLS] in front, one [SEP] at the end, nothing between the words; and ids that are rows of the vocabulary."),
    ),
    "qkv": Claim(
        "attention", "wrong", N_("Q, K and V are computed by an MLP."),
        N_("Each is one linear map: a matrix and a constant. There is no layer in between and no activation."),
    ),
    "attention": Claim(
        "attention", "right", N_("The formula of self-attention."),
        N_("Softmax of QKᵀ divided by √d_k, times V: so it stands in the paper, and so the library computes it."),
    ),
    "feed-forward": Claim(
        "feed-forward", "wrong", N_("The feed-forward network has no activation between its layers."),
        N_("It has GELU in between. Without it, two linear maps would be one, and widening the vector to four times its size would be for nothing."),
    ),
    "corpora": Claim(
        "mlm", "wrong", N_("It was pre-trained on BookCorpus and WikiText-2."),
        N_("On BooksCorpus and the English Wikipedia, 3.3 billion words together."),
    ),
    "masking": Claim(
        "mlm", "imprecise", N_("In pre-training 15% of the words are masked."),
        N_("15% of the *tokens* are chosen, which touches more of the words, since many have several tokens. Of the chosen ones 80% become [MASK], 10% another token, and 10% stay as they are, so that the model cannot rely on seeing [MASK]."),
    ),
    "understanding": Claim(
        "strengths", "right", N_("BERT is good at understanding text: one model serves many tasks."),
        N_("The ready models here are one encoder with a few megabytes for each task: opinions, subjects, names and answers. How well each does is measured on texts that it never saw."),
    ),
    "code": Claim(
        "tuning", "wrong", N_("The code that prepares the inputs runs as printed."),
        N_("It uses the tokenizer before it is defined, and makes a tensor of lists that differ in length. Both stop with an error."),
    ),
    "labels": Claim(
        "tuning", "imprecise", N_("The four sentences are an example with four classes."),
        N_("The labels are 0, 1, 2 and 0: label 3 never occurs. The model gets an output for it that nothing teaches."),
    ),
    "unchanged": Claim(
        "tuning", "imprecise", N_("In fine-tuning most parameters stay unchanged."),
        N_("Practically every value of the encoder layers changes, by a little. What stays are the embeddings of words that do not occur, and they are half of this small model, a fifth of BERT-base."),
    ),
    "adam": Claim(
        "tuning", "imprecise", N_("The optimiser is Adam."),
        N_("The authors' code takes the weight decay apart from the gradient, which is called AdamW today. The difference matters as soon as weights decay."),
    ),
    "accuracy": Claim(
        "tuning", "imprecise", N_("The model reaches an accuracy of 75.00%; its losses are 1.4838, 0.8741 and 0.5901."),
        N_("Four sentences, the same ones it was trained on, and only the last batch is counted. Another seed gives another number; none of them says how it does on a new sentence."),
    ),
    "path": Claim(
        "tuning", "right", N_("Load a pre-trained model, add a classifier, fine-tune: a few minutes give a useful model."),
        N_("This is how it is done, and why BERT changed the field: the same three steps serve nearly every task of understanding."),
    ),
    "customers": Claim(
        "applications", "imprecise", N_("BERT answers customers' questions."),
        N_("It finds the answer that somebody wrote before, also when the question is put in other words, and it can say that there is none. It writes no answer of its own."),
    ),
    "generation": Claim(
        "applications", "wrong", N_("BERT excels at generating and translating text."),
        N_("It was made to understand text. It can fill a gap, but by itself it does not write from left to right. To write, a decoder has to be trained, as in BART or T5. One can be begun as BERT, and that is far better than beginning at random; but it takes pairs to learn from, and what it writes is often wrong: where the answers exist, choosing one does better."),
    ),
    "long": Claim(
        "limits", "right", N_("Long texts are difficult for BERT."),
        N_("It has no more positions than its table has rows, mostly 512: what comes later is cut off or read in windows. Its work grows faster than the text as well, but the part that grows with the square is small up to there."),
    ),
    "data": Claim(
        "limits", "imprecise", N_("BERT depends on much data."),
        N_("Its pre-training did: 3.3 billion words without labels. What you bring is little: labels that are only described go some way, and a hundred examples go further."),
    ),
    "compute": Claim(
        "limits", "imprecise", N_("BERT needs much computing power."),
        N_("Pre-training does, and it was done once. Fine-tuning and answering run on the processor of a laptop."),
    ),
}  # fmt: skip
