"""From the hub to a folder on this machine: the configuration is checked before anything large is fetched, and only safetensors are.

This module does not know which models the studio offers, nor what is made of a folder.
"""

from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from core import hub
from core.errors import UserError
from core.safety import check_config

WANTED_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]


def from_hub(repo: str) -> Path:
    """Fetch configuration, check it, then fetch tokenizer and safetensors weights; use the cache where it has them."""
    reachable = hub.hub_reachable()
    try:
        config = Path(hf_hub_download(repo, "config.json", local_files_only=not reachable))
        check_config(config)
        revision = config.parent.name
        if reachable and not any(
            name.endswith(".safetensors") for name in HfApi().list_repo_files(repo, revision=revision)
        ):
            revision = _converted(repo)
        return Path(
            snapshot_download(repo, revision=revision, allow_patterns=WANTED_FILES, local_files_only=not reachable)
        )
    except RepositoryNotFoundError as error:
        raise UserError(
            "the hub has no model '{name}' that can be read without a token; check the spelling", name=repo
        ) from error
    except LocalEntryNotFoundError as error:
        raise UserError(
            "'{name}' is not on this machine and the hub cannot be reached; choose minilm or one of your runs",
            name=repo,
        ) from error
    except EntryNotFoundError as error:
        raise UserError("'{name}' has no config.json, so it is not a transformers model", name=repo) from error
    except (HfHubHTTPError, OSError) as error:
        raise UserError(
            "'{name}' could not be fetched from the hub: {reason}", name=repo, reason=str(error).splitlines()[0][:200]
        ) from error


def _converted(repo: str) -> str:
    """The revision in which the hub's own converter offers a repository's weights as safetensors."""
    for discussion in HfApi().get_repo_discussions(repo, author="SFconvertbot", discussion_type="pull_request"):
        if discussion.git_reference and discussion.status in ("open", "merged"):
            return discussion.git_reference
    raise UserError(
        "'{name}' offers its weights only in a pickle format, which can run code when it is opened; the studio loads "
        "safetensors only",
        name=repo,
    )
