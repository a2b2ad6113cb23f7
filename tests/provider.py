"""An OpenID Connect provider on this machine, with two people: what tests log in with."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET, COOKIE_SECRET = "studio", "the-secret-of-the-client", "what-signs-the-cookies-of-streamlit"
PEOPLE = {
    "Ana": {"sub": "subject-of-ana", "email": "ana@school.example", "email_verified": True},
    "Ben": {"sub": "subject-of-ben", "email": "ana@school.example", "email_verified": False},  # says that he is Ana
}
REPLAY = "Replay"  # somebody who comes with a code that was used before


@dataclass
class Provider:
    """A running provider. given: every code and token that it has given out; none of them may be seen again."""

    url: str = ""
    given: list[str] = field(default_factory=list)

    def secrets_file(self, folder: Path) -> Path:
        """Streamlit's secrets for a studio that logs in here, on whatever port it runs."""
        file = folder / "secrets.toml"
        file.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"\ncookie_secret = "{COOKIE_SECRET}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\nserver_metadata_url = "{self.url}/.well-known/openid-configuration"\n'
        )
        return file


@contextmanager
def running() -> Iterator[Provider]:
    """A provider on a port of its own. Its page of people is where they choose who they are."""
    provider, key, asked = Provider(), RSAKey.generate_key(2048, parameters={"kid": "1"}, auto_kid=False), {}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *values: object) -> None:
            """It says nothing."""

        def answer(self, content: object, status: int = 200) -> None:
            is_page = isinstance(content, str)
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8" if is_page else "application/json")
            self.end_headers()
            self.wfile.write(content.encode() if isinstance(content, str) else json.dumps(content).encode())

        def send_to(self, address: str, **values: str) -> None:
            self.send_response(302)
            self.send_header("Location", f"{address}?{urlencode(values)}")
            self.end_headers()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path == "/.well-known/openid-configuration":
                self.answer(
                    {
                        "issuer": provider.url,
                        "authorization_endpoint": f"{provider.url}/authorize",
                        "token_endpoint": f"{provider.url}/token",
                        "jwks_uri": f"{provider.url}/keys",
                        "end_session_endpoint": f"{provider.url}/end",
                        "code_challenge_methods_supported": ["S256"],
                        "id_token_signing_alg_values_supported": ["RS256"],
                    }
                )
            elif parts.path == "/keys":
                self.answer({"keys": [key.as_dict(private=False)]})
            elif parts.path == "/authorize" and "person" not in query:
                links = [f'<a href="{escape(self.path)}&person={person}">{person}</a>' for person in (*PEOPLE, REPLAY)]
                self.answer("<!doctype html><title>Provider</title>" + " ".join(links))
            elif parts.path == "/authorize" and query["person"] == REPLAY:
                self.send_to(query["redirect_uri"], code=provider.given[0], state=query["state"])
            elif parts.path == "/authorize":
                code = secrets.token_hex(16)
                asked[code] = query
                provider.given.append(code)
                self.send_to(query["redirect_uri"], code=code, state=query["state"])
            elif parts.path == "/end":
                self.send_to(query["post_logout_redirect_uri"])
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            sent = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            query = asked.pop(sent["code"], None)  # a code counts once
            if query is None:
                self.answer({"error": "invalid_grant"}, 400)
                return
            client = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode()
            assert client == f"{CLIENT}:{SECRET}" and challenge.rstrip("=") == query["code_challenge"]
            now = int(time.time())
            claims = {
                "iss": provider.url,
                "aud": CLIENT,
                "iat": now,
                "exp": now + 3600,
                "nonce": query["nonce"],
                "name": f"{query['person']} of the provider",
                **PEOPLE[query["person"]],
            }
            tokens = {
                "access_token": secrets.token_hex(16),
                "id_token": jwt.encode({"alg": "RS256", "kid": "1"}, claims, key),
            }
            provider.given += tokens.values()
            self.answer({**tokens, "token_type": "Bearer", "expires_in": 3600})

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()
