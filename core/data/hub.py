"""Tables of hub datasets, with the splits they have; pure data, no code of their own.

This module does not know which columns hold what.
"""

import re

import datasets
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from core import hub, settings
from core.data.bundled import DATASETS
from core.data.dataset import RowSplits
from core.data.splits import split_of
from core.errors import N_, UserError
from core.tables.limits import check_size
from core.tables.table import Table, make_table, sampled, spread


def read_hub(name: str) -> tuple[Table, RowSplits]:
    """A hub dataset with the splits it has; pure data, no code of its own. Raises UserError when it cannot be had."""
    if not hub.hub_reachable():
        raise UserError(
            "'{name}' is not on this machine and the hub cannot be reached; use one of {datasets} or a file of your own",
            name=name,
            datasets=", ".join(DATASETS),
        )
    datasets.disable_progress_bars()
    try:
        _check_hub_size(name)
        found = datasets.load_dataset(name)
    except (RepositoryNotFoundError, datasets.exceptions.DatasetNotFoundError) as error:
        raise UserError(
            "the hub has no dataset '{name}' that can be read without a token; check the spelling", name=name
        ) from error
    except (HfHubHTTPError, OSError, ValueError, RuntimeError, ImportError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            "the hub's dataset '{name}' cannot be read ({reason}); use another one or a file of your own",
            name=name,
            reason=" ".join(str(error).split())[:300],
        ) from error
    return _hub_table(found)


def _check_hub_size(name: str) -> None:
    """Raise UserError when a hub dataset is larger than a file may be: it would be fetched as a whole."""
    files = HfApi().dataset_info(name, files_metadata=True).siblings or []
    check_size(name, sum(file.size or 0 for file in files))


def _hub_table(found: datasets.DatasetDict) -> tuple[Table, RowSplits]:
    """The rows of one split each for training, validation and test; of all splits when none is called training."""
    roles: dict[str, str] = {}
    for name in found:
        role = split_of(re.split(r"\W|_", name)[0])  # validation_matched → validation
        if role and role not in roles.values():
            roles[name] = role
    if "train" not in roles.values():
        roles = dict.fromkeys(found, "")
    limit = settings.MAX_ROWS.value()
    parts = [found[name].select(spread(len(found[name]), limit)) for name in roles]
    rows = sum(map(len, parts))
    features = {
        column: feature
        for column, feature in parts[0].features.items()
        if isinstance(_item(feature), datasets.Value | datasets.ClassLabel | dict)
        and all(column in part.features for part in parts)
    }
    total = sum(len(found[name]) for name in roles)
    ignored = [name for name in found if name not in roles]
    message = N_("these splits are not used: {splits}")
    unused = ((message, {"splits": ", ".join(ignored)}),) if ignored else ()
    table = make_table(
        list(features),
        [[_named(feature, cell) for part in parts for cell in part[column][:]] for column, feature in features.items()],
        rows,
        categories={c: tuple(f.names) for c, f in features.items() if isinstance(f, datasets.ClassLabel)},
        notes=(*unused, *sampled(rows, total)),
        not_read=total - rows,
    )
    row_splits = tuple(role for role, part in zip(roles.values(), parts, strict=True) for _ in range(len(part)))
    return table, row_splits if "train" in row_splits else None


def _item(feature: object) -> object:
    """What a list holds, or the feature itself."""
    return feature.feature if isinstance(feature, datasets.List | datasets.LargeList) else feature


def _named(feature: object, cell: object) -> object:
    """A cell in which the class numbers of a list are replaced by their names; a number that stands for nothing by ""."""
    item = _item(feature)
    if item is feature or not isinstance(item, datasets.ClassLabel) or not isinstance(cell, list):
        return cell
    return [item.names[number] if 0 <= number < len(item.names) else "" for number in cell]
