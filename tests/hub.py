"""A tiny stand-in for the hub on loopback: serves folders as repositories, as huggingface_hub asks for them."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONVERTED = "fedcba9876543210fedcba9876543210fedcba98"


@contextmanager
def serve(repositories: dict[str, Path], converted: dict[str, Path] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve repositories (name → folder); yields the address and the list of paths asked for.

    converted: name → folder that the converter's pull request (refs/pr/1) of that repository offers.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

        def answer(self, status: int, body: bytes, head: bool, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not head:
                self.wfile.write(body)

        def handle_any(self, head: bool) -> None:
            path = self.path.split("?")[0].replace("%2F", "/")
            asked.append(path)
            found = re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)(/.*)?", path)
            name, rest = (found[1], found[2] or "") if found else ("", "")
            if name not in repositories:
                self.answer(404, b"{}", head, X_Error_Code="RepoNotFound")
                return
            pull = "refs/pr/1" in rest or CONVERTED in rest
            folder = (converted or {})[name] if pull else repositories[name]
            commit = CONVERTED if pull else COMMIT
            files = sorted(file.name for file in folder.iterdir())
            if path.startswith("/api/") and rest.startswith("/tree"):
                listing = [
                    {
                        "type": "file",
                        "path": f,
                        "size": (folder / f).stat().st_size,
                        "oid": sha1(f.encode()).hexdigest(),
                    }
                    for f in files
                ]
                self.answer(200, json.dumps(listing).encode(), head, Content_Type="application/json")
            elif path.startswith("/api/") and rest.startswith("/discussions"):
                pulls = [
                    {
                        "num": 1,
                        "title": "Adding safetensors",
                        "status": "open",
                        "author": {"name": "SFconvertbot"},
                        "isPullRequest": True,
                        "createdAt": "2023-01-01T00:00:00.000Z",
                        "repo": {"name": name, "type": "model"},
                    }
                ]
                offered = pulls if name in (converted or {}) else []
                body = {"discussions": offered, "count": len(offered), "start": 0}
                self.answer(200, json.dumps(body).encode(), head, Content_Type="application/json")
            elif path.startswith("/api/"):
                info = {
                    "id": name,
                    "sha": commit,
                    "siblings": [{"rfilename": f} for f in files],
                    "private": False,
                    "tags": [],
                }
                self.answer(200, json.dumps(info).encode(), head, Content_Type="application/json")
            else:
                file = folder / Path(rest).name
                if not file.is_file():
                    self.answer(404, b"", head, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
                    return
                content = file.read_bytes()
                self.answer(200, content, head, ETag=f'"{sha1(content).hexdigest()}"', X_Repo_Commit=commit)

        def do_GET(self) -> None:
            self.handle_any(head=False)

        def do_HEAD(self) -> None:
            self.handle_any(head=True)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
