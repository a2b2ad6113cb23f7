"""Scripts of the tutorial's page."""

from core.data.bundled import ARTICLE
from pages.shared.snippets._parts import beginning


def article_inputs(name: str) -> str:
    """`inputs`: the tutorial's four sentences as one padded batch."""
    return (
        beginning(name, "from transformers import AutoTokenizer")
        + f"""texts = {list(ARTICLE)!r}

tokenizer = AutoTokenizer.from_pretrained(folder)
inputs = tokenizer(texts, padding=True, return_tensors="pt")
print(inputs["input_ids"].shape)
"""
    )


def article_experiment(name: str) -> str:
    """`losses`: the mean training loss of each epoch of the tutorial's experiment with seed 0."""
    labels = [int(label.removeprefix("label ")) for label in ARTICLE.values()]
    return (
        beginning(name, "import torch", "from transformers import AutoModelForSequenceClassification, AutoTokenizer")
        + f"""texts = {list(ARTICLE)!r}
labels = torch.tensor({labels!r})
inputs = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")

model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4, dtype=torch.float32)
torch.manual_seed(0)
torch.nn.init.normal_(model.classifier.weight, std=model.config.initializer_range)
torch.nn.init.zeros_(model.classifier.bias)

torch.manual_seed(0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
model.train()
losses = []
for epoch in range(3):
    batches = torch.randperm(len(texts)).split(2)
    total = 0.0
    for chosen in batches:
        loss = model(**{{key: values[chosen] for key, values in inputs.items()}}, labels=labels[chosen]).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    losses.append(total / len(batches))
    print(f"epoch {{epoch + 1}}: loss {{losses[-1]:.4f}}")
"""
    )
