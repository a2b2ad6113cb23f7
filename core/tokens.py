"""From text to tokens: what the model reads, and where each token came from.

Works with any fast tokenizer. This module does not know the model's weights; the number that a family's positions
start at is given to it.
"""

import re
from dataclasses import replace

from transformers import PreTrainedTokenizerBase

from core.errors import UserError
from core.results import Token, TokenKind, Tokens

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
CHARS_PER_TOKEN = 16  # texts with more than this for each token they may have are shortened before anything else
SPARE_TOKENS = 100


def clean(text: str) -> str:
    """The text with half characters (lone surrogates, which no tokenizer takes) replaced one for one."""
    return LONE_SURROGATE.sub("\ufffd", text)


def shorten(tokenizer: PreTrainedTokenizerBase, text: str, max_length: int) -> str:
    """A very long text without most of what the model will never see; its first max_length tokens stay what they are.

    A tokenizer builds what it cuts off a pair in every combination, which for two texts of 100,000 characters is more
    than any memory holds. The text ends more than 100 tokens late, because a cut inside a word changes its tokens. The
    tokenizer is asked with the settings of every other call: its settings are shared by all threads.
    """
    if len(text) <= CHARS_PER_TOKEN * max_length:
        return text
    encoding = tokenizer(text, truncation=True, max_length=max_length)[0]
    late = -(-SPARE_TOKENS // len(encoding))
    return (
        text if len(encoding.overflowing) <= late else text[: max(end for _, end in encoding.overflowing[late].offsets)]
    )


def check_text(text: str) -> None:
    """Raise UserError for a text with nothing in it, or one that is not valid Unicode."""
    if not text.strip():
        raise UserError("there is no text to work on; type a sentence, for example: I love eating pizza")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            "the text holds half a character at position {position}; type it again", position=error.start
        ) from error


def tokenize(
    tokenizer: PreTrainedTokenizerBase,
    text: str,
    pair: str = "",
    *,
    model: str = "",
    max_length: int = 0,
    pad_to: int = 0,
    first_position: int = 0,
) -> Tokens:
    """The tokens of a text, or of a text and a pair, special tokens included.

    max_length: most tokens, 0 for what the model takes; the longer of two texts is cut first. pad_to: fill up with
    padding to this many tokens. first_position: the position id of the first token (Family.position_offset; padding
    then sits at first_position − 1). `model` is only carried along.
    Raises UserError for an empty text or a max_length without room for the special tokens.
    """
    check_text(text)
    second = pair if pair.strip() else None
    limit = min(max_length or tokenizer.model_max_length, tokenizer.model_max_length)
    special = tokenizer.num_special_tokens_to_add(pair=second is not None)
    if limit <= special:
        raise UserError(
            "{limit} tokens leave no room for text: {special} of them are special tokens", limit=limit, special=special
        )
    encoding = tokenizer(
        shorten(tokenizer, text, limit),
        second and shorten(tokenizer, second, limit),
        truncation=True,
        max_length=limit,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    sources, words, offsets = encoding.sequence_ids(), encoding.word_ids(), encoding["offset_mapping"]
    tokens = []
    for i, (token_id, name) in enumerate(zip(encoding["input_ids"], encoding.tokens(), strict=True)):
        inside = sources[i] is not None
        continues = i > 0 and sources[i - 1] == sources[i] and words[i - 1] == words[i]
        tokens.append(
            Token(
                text=name,
                id=token_id,
                kind=_kind(tokenizer, token_id, inside, continues),
                start=offsets[i][0] if inside else None,
                end=offsets[i][1] if inside else None,
                source=sources[i],
                word=words[i] if inside else None,
                segment=encoding["token_type_ids"][i],
                position=first_position + i,
                attended=True,
            )
        )
    cut, cut_pair = "", ""
    if len(tokens) == limit:
        cut, cut_pair = _rest(tokens, 0, text), _rest(tokens, 1, pair)
    padding = Token(
        text=str(tokenizer.pad_token),
        id=int(tokenizer.pad_token_id),
        kind="padding",
        start=None,
        end=None,
        source=None,
        word=None,
        segment=int(tokenizer.pad_token_type_id),
        position=0,
        attended=False,
    )
    for i in range(len(tokens), pad_to):
        tokens.append(replace(padding, position=first_position - 1 if first_position else i))
    return Tokens(
        model=model,
        text=text,
        pair=pair if second else "",
        tokens=tuple(tokens),
        max_length=limit,
        cut=cut,
        cut_pair=cut_pair,
        words=len(text.split()) + len(pair.split()),
    )


def _kind(tokenizer: PreTrainedTokenizerBase, token_id: int, inside: bool, continues: bool) -> TokenKind:
    if inside and token_id == tokenizer.unk_token_id:
        return "unknown"
    if not inside or token_id in tokenizer.all_special_ids:
        return "special"
    return "continuation" if continues else "word"


def _rest(tokens: list[Token], source: int, text: str) -> str:
    """What follows the last token of a source: white space when nothing was cut."""
    rest = text[max((token.end or 0 for token in tokens if token.source == source), default=0) :]
    return rest if rest.strip() else ""
