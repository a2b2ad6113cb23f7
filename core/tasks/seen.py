"""Embeddings and heads of which only those tokens are parameters that training meets: most of a vocabulary is never met.

This module does not know which tokens these are, nor what is learnt.
"""

import torch
from torch import nn
from torch.nn import functional

NEVER = -1e4  # the bias of a token that is never written: its probability is 0


class SeenEmbedding(nn.Module):
    """A word embedding of which only the rows that training texts use are parameters.

    The other rows would get no gradient; leaving them out spares their gradients and optimizer state, which for a large
    vocabulary is most of the model. In evaluation mode every row can be looked up.
    """

    def __init__(self, embedding: nn.Embedding, seen: torch.Tensor) -> None:
        super().__init__()
        self.whole = embedding.requires_grad_(False)
        self.rows = nn.Parameter(embedding.weight.detach()[seen].clone())
        place = torch.full((embedding.num_embeddings,), -1)
        place[seen] = torch.arange(len(seen))
        self.seen = nn.Buffer(seen, persistent=False)
        self.place = nn.Buffer(place, persistent=False)
        self.padding = None if embedding.padding_idx is None else int(place[embedding.padding_idx])

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """ids: integers of any shape; in training mode all of them seen. Adds a last axis, the embedding's size."""
        place = self.place[ids]
        if self.training:
            return functional.embedding(place, self.rows, padding_idx=self.padding)
        found = functional.embedding(place.clamp(min=0), self.rows)
        return torch.where(place.unsqueeze(-1) < 0, self.whole(ids), found)

    def merged(self) -> nn.Embedding:
        """The ordinary embedding with the trained rows put back."""
        with torch.no_grad():
            self.whole.weight[self.seen] = self.rows
        return self.whole.requires_grad_(True)


class SeenHead(nn.Module):
    """A head that chooses among the tokens of an embedding that was thinned out, and is tied to it.

    In training mode its logits are those of these tokens, in their order; in evaluation mode those of the whole vocabulary, where
    every other token is never written. A token that an earlier training never met begins with the mean bias.
    """

    def __init__(self, head: nn.Linear, embedding: SeenEmbedding) -> None:
        super().__init__()
        self.whole = head.requires_grad_(False)
        self.embedding = embedding
        bias = head.bias.detach()
        self.bias = nn.Parameter(torch.where(bias > NEVER, bias, bias[bias > NEVER].mean())[embedding.seen])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """hidden: (…, D) → logits (…, seen) or (…, V)."""
        chosen = functional.linear(hidden, self.embedding.rows, self.bias)
        if self.training:
            return chosen
        logits = chosen.new_full((*chosen.shape[:-1], len(self.embedding.place)), NEVER)
        logits[..., self.embedding.seen] = chosen
        return logits

    def merged(self) -> nn.Linear:
        """The ordinary head with the trained bias; its weights are the embedding's, which puts them back."""
        with torch.no_grad():
            self.whole.bias.fill_(NEVER)
            self.whole.bias[self.embedding.seen] = self.bias
        return self.whole.requires_grad_(True)


def put(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    """Put a module in another's place."""
    parent, name = next(
        (parent, name) for parent in model.modules() for name, child in parent.named_children() if child is old
    )
    setattr(parent, name, new.train(old.training))


def narrow(model: nn.Module, embedding: nn.Embedding, head: nn.Linear, seen: torch.Tensor) -> SeenEmbedding:
    """Have a model write these tokens only, and those that it was allowed to by an earlier training."""
    allowed = head.bias.detach() > NEVER
    if not bool(allowed.all()):
        seen = torch.cat([seen, allowed.nonzero()[:, 0]]).unique()
    thin = SeenEmbedding(embedding, seen)
    put(model, embedding, thin)
    put(model, head, SeenHead(head, thin))
    return thin


def widen(model: nn.Module) -> None:
    """Make an ordinary model of one that was narrowed; its answers stay the same."""
    for head in [part for part in model.modules() if isinstance(part, SeenHead)]:
        put(model, head, head.merged())
        put(model, head.embedding, head.embedding.merged())
