"""The worker: counts the words of new entries."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request

API = os.environ["API"]


def call(path: str, body: object | None = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(API + path, data=data), timeout=5) as answer:
        return json.load(answer)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("worker: counting words every", os.environ["EVERY"], "seconds", flush=True)
while True:
    try:
        rows = call("/entries?uncounted")
        assert isinstance(rows, list)
        for row in rows:
            words = len(str(row["text"]).split())
            call("/counted", {"id": row["id"], "words": words})
            print(f"worker: entry {row['id']} has {words} words", flush=True)
    except (urllib.error.URLError, OSError) as problem:
        print("worker: waiting for the api:", problem, flush=True)
    time.sleep(float(os.environ["EVERY"]))
