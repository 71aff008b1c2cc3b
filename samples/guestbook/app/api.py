"""The API: entries in SQLite on a volume, over plain HTTP."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = os.environ["DATA"]


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(DATA, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT, text TEXT, words INTEGER)"
    )
    return connection


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self.answer(200, {"ok": True})
        if self.path.startswith("/entries"):
            where = " WHERE words IS NULL" if self.path.endswith("?uncounted") else ""
            with database() as connection:
                rows = connection.execute(
                    f"SELECT id, name, text, words FROM entry{where} ORDER BY id DESC LIMIT 50"
                ).fetchall()
            keys = ("id", "name", "text", "words")
            return self.answer(200, [dict(zip(keys, row, strict=True)) for row in rows])
        return self.answer(404, {"error": "no such page"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        with database() as connection:
            if self.path == "/entries":
                name, text = str(body.get("name", ""))[:80], str(body.get("text", ""))[:500]
                connection.execute("INSERT INTO entry (name, text) VALUES (?, ?)", (name, text))
            elif self.path == "/counted":
                connection.execute(
                    "UPDATE entry SET words = ? WHERE id = ?", (int(body["words"]), int(body["id"]))
                )
            else:
                return self.answer(404, {"error": "no such page"})
        return self.answer(200, {"ok": True})

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        if self.path != "/healthz":
            print("api:", format % args, flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
database().close()
print("api: listening on 8000", flush=True)
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
