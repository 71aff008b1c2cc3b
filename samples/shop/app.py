"""Counts in redis and says which replica answered."""

import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def redis(*words: str) -> str:
    """One command over the RESP protocol; the first line of the answer."""
    text = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection((os.environ["REDIS"], 6379), timeout=5) as connection:
        connection.sendall(text.encode())
        lines = connection.makefile().readline().rstrip("\r\n")
    return lines[1:]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/healthz":
            body = {"pong": redis("PING")}
        else:
            body = {"visits": int(redis("INCR", "visits")), "replica": socket.gethostname()}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        if self.path != "/healthz":
            print(format % args, flush=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
