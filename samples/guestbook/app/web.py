"""The front: one page with a form; it speaks to the API by its service name."""

from __future__ import annotations

import html
import json
import os
import signal
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

API = os.environ["API"]

PAGE = """<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Guestbook</title>
<style>
  body {{ font: 17px/1.5 system-ui, sans-serif; max-width: 38rem; margin: 3rem auto; padding: 0 1rem; color: #222 }}
  form {{ display: flex; gap: .5rem; margin: 1.5rem 0 }} input {{ font: inherit; padding: .4rem .6rem; flex: 1 }}
  button {{ font: inherit; padding: .4rem 1rem }} li {{ margin: .5rem 0 }} small {{ color: #777 }}
</style>
<h1>Guestbook</h1>
<p>Three containers and no daemon: this page, an API with its data on a volume, and a worker that counts words.</p>
<form method="post"><input name="name" placeholder="name" required><input name="text" placeholder="message" required>
<button>Sign</button></form>
<ul>{entries}</ul>
"""


def call(path: str, body: object | None = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data=data)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def entry(row: dict[str, object]) -> str:
    words = "counting…" if row["words"] is None else f"{row['words']} words"
    return (
        f"<li><b>{html.escape(str(row['name']))}</b>: {html.escape(str(row['text']))} "
        f"<small>{words}</small></li>"
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/healthz":
            return self.answer(200, "ok")
        if self.path == "/entries":  # the API's own JSON, for scripts
            return self.answer(200, json.dumps(call("/entries")), "application/json")
        rows = call("/entries")
        assert isinstance(rows, list)
        return self.answer(200, PAGE.format(entries="".join(map(entry, rows))))

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        call("/entries", {key: values[0] for key, values in form.items()})
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status: int, text: str, kind: str = "text/html; charset=utf-8") -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        if self.path != "/healthz":
            print("web:", format % args, flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("web: listening on 8080", flush=True)
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
