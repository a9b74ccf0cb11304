"""An HTTP server that answers as Grafana 11 and 12 do, as far as pushing goes; and that misbehaves when told to.

Grafana itself is in no package registry. Status codes and bodies are those of its API.
"""

import base64
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, str, bytes]

TOKEN = "glsa_canary_token"
USER, PASSWORD = "ops", "canary pässword"


def answer(status: int, body: Any, /) -> Answer:
    return status, "application/json; charset=UTF-8", json.dumps(body).encode()


def refusal(status: int, message: str, /, **more: str) -> Answer:
    return answer(status, {"message": message, **more})


@dataclass
class GrafanaDouble:
    """What is stored, what was asked, and how to misbehave.

    `instead` is asked before each request, with method and path: what it returns is sent instead of the right answer.
    `before` is called after that: to change what is stored just then, as another client would.
    """

    url: str = ""
    folders: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    boards: dict[str, Json] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    instead: Callable[[str, str], Answer | None] = lambda _method, _path: None
    before: Callable[[str, str], None] = lambda _method, _path: None
    hanging: threading.Event = field(default_factory=threading.Event)

    def respond(self, method: str, path: str, authorization: str, content: str, body: bytes) -> Answer:
        self.asked.append(f"{method} {path}")
        if odd := self.instead(method, path):
            return odd
        self.before(method, path)
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if authorization not in (f"Bearer {TOKEN}", basic):
            return refusal(401, "Invalid username or password")
        sent: Json = {}
        if method != "GET":
            if content != "application/json":
                return refusal(400, "bad request data")
            sent = json.loads(body, parse_constant=lambda name: 1 / 0)
        for verb, pattern, reply in (
            ("GET", r"/api/folders/([\w-]+)", self._folder),
            ("POST", r"/api/folders", self._create_folder),
            ("PUT", r"/api/folders/([\w-]+)", self._rename_folder),
            ("GET", r"/api/datasources/uid/([\w-]+)", self._source),
            ("POST", r"/api/datasources", self._create_source),
            ("PUT", r"/api/datasources/uid/([\w-]+)", self._update_source),
            ("GET", r"/api/dashboards/uid/([\w-]+)", self._board),
            ("POST", r"/api/dashboards/db", self._save_board),
        ):
            if verb == method and (match := re.fullmatch(pattern, path)):
                return reply(sent, *match.groups())
        return refusal(404, "Not found")

    def _folder(self, _: Json, uid: str) -> Answer:
        if uid not in self.folders:
            return refusal(404, "folder not found", status="not-found")
        return answer(200, self.folders[uid])

    def _create_folder(self, sent: Json) -> Answer:
        if sent["uid"] in self.folders:
            return refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        self.folders[sent["uid"]] = {"id": 7, "uid": sent["uid"], "title": sent["title"], "version": 1}
        return answer(200, self.folders[sent["uid"]])

    def _rename_folder(self, sent: Json, uid: str) -> Answer:
        folder = self.folders[uid]
        if sent.get("version") != folder["version"] and not sent.get("overwrite"):
            return refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        folder |= {"title": sent["title"], "version": folder["version"] + 1}
        return answer(200, folder)

    def _source(self, _: Json, uid: str) -> Answer:
        if uid not in self.sources:
            return refusal(404, "Data source not found")
        return answer(200, self.sources[uid])

    def _create_source(self, sent: Json) -> Answer:
        if any(source["name"] == sent["name"] for source in self.sources.values()):
            return refusal(409, "data source with the same name already exists")
        given = {"id": 3, "orgId": 1, "basicAuth": False, "isDefault": False, "readOnly": False, "version": 1}
        self.sources[sent["uid"]] = {**given, **sent}
        return answer(200, {"datasource": self.sources[sent["uid"]], "id": 3, "message": "Datasource added"})

    def _update_source(self, sent: Json, uid: str) -> Answer:
        source = self.sources[uid]
        if source["readOnly"]:
            return refusal(403, "Cannot update read-only data source")
        self.sources[uid] = {**source, **sent, "version": source["version"] + 1}
        return answer(200, {"datasource": self.sources[uid], "id": 3, "message": "Datasource updated"})

    def _board(self, _: Json, uid: str) -> Answer:
        if uid not in self.boards:
            return refusal(404, "Dashboard not found")
        return answer(200, self.boards[uid])

    def _save_board(self, sent: Json) -> Answer:
        board, folder = sent["dashboard"], sent["folderUid"]
        uid = board["uid"]
        if uid in self.provisioned:
            return refusal(400, "Cannot save provisioned dashboard")
        if folder not in self.folders:
            return refusal(400, "folder not found")
        stored = self.boards.get(uid)
        version = stored["dashboard"]["version"] if stored else 0
        if not sent["overwrite"] and board.get("version", 0) != version:
            return refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        self.boards[uid] = {
            "meta": {"folderUid": folder, "version": version + 1, "provisioned": False},
            "dashboard": {**board, "id": 11, "version": version + 1},
        }
        return answer(200, {"id": 11, "uid": uid, "status": "success", "version": version + 1})


@contextmanager
def grafana_double() -> Iterator[GrafanaDouble]:
    """Yields a Grafana with nothing in it; a request path may begin with `/monitoring`, as behind a proxy."""
    double = GrafanaDouble()

    class _Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, answered = double.respond(
                self.command,
                self.path.removeprefix("/monitoring"),
                self.headers.get("Authorization", ""),
                self.headers.get("Content-Type", ""),
                body,
            )
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", answered.decode())
            self.send_header("Content-Type", content)
            self.send_header("Content-Length", str(len(answered)))
            self.end_headers()
            self.wfile.write(answered)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: what was asked is in `asked`."""

    class _Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            # A client that gave up is what some tests are about.
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    server = _Server(("127.0.0.1", 0), _Requests)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield double
    finally:
        double.hanging.set()
        server.shutdown()
        server.server_close()
        thread.join()
