"""Texts that must stay text: what would run, break out of its place or confuse a reader if a page or a figure let it."""

# What a user types into a page, by kind.
TYPED = {
    "empty": "",
    "spaces": "   ",
    "hundred thousand characters": "word " * 20_000,
    "emoji": "🙂👩‍👩‍👧‍👦 🇫🇷",
    "right to left": "שלום עולם، مرحبا \u202eabc",
    "control characters": "a\x00b\x07c\x1b[31m",
    "html": "<b>bold</b><img src=x onerror=alert(1)></script><script>alert(2)</script>",
    "markdown": "[link](javascript:alert(1)) ![x](http://127.0.0.1/x.png) $x$ :red[y] **z**",
    "template": "{0} {text} %s {{",
}

# The same for a classifier, whose answer is wanted: nothing empty, and words it knows.
CLASSIFIED = {
    kind: f"{text} good" for kind, text in TYPED.items() if text.strip() and kind != "hundred thousand characters"
} | {"hundred thousand characters": "good film " * 10_000}

# Tokens for documents with a script of their own: `window.hacked` tells whether one ran.
TOKENS = (
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "<img src=x onerror=window.hacked=1>",
    "\"'`${window.hacked=1}\\",
    "a\u2028b\u2029c",
    "<b>&amp;</b>",
    "我",
    "DATA {title} {0}",
)

# Texts for a tokenizer: scripts, combining marks, controls, one endless word.
TOKENIZED = [
    "</script><img src=x onerror=alert(1)>",
    "emoji 🙂👩‍👩‍👧 and flags 🇫🇷",
    "שלום עולם مرحبا بالعالم",
    "tabs\tnewlines\nnull\x00bell\x07",
    "我爱吃披萨，你呢？",
    "ﬁ naïve café Å",
    "a" * 300,
    "￼\u202eright to left",
]

IMAGE = "</script><img src=x onerror=alert(1)>"  # a name in a figure: Plotly reads HTML in the texts it draws
NAME = "<b>x</b></script><script>alert(1)</script>"  # a name of a run, a label or a column
MARKDOWN_NAME = "</script><b>x</b> *a* [l](http://x)"
IN_BROWSER = '</script><img src=x onerror="window.broken=1">'  # in a real page: `window.broken` tells whether it ran
