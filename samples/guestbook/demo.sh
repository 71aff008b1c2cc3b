#!/bin/sh
# Bring the guestbook up, sign it once, and say what to try next. Usage: demo.sh PYCOMPOSE
set -eu
cd "$(dirname "$0")"
pycompose=$1
"$pycompose" up -d --wait
address=$("$pycompose" port web 8080)
url="http://127.0.0.1:${address##*:}/"
python3 - "$url" <<'PYTHON'
import sys
import urllib.parse
import urllib.request

form = urllib.parse.urlencode({"name": "make demo", "text": "hello from three containers"}).encode()
urllib.request.urlopen(sys.argv[1], data=form, timeout=10).close()
PYTHON
cat <<TEXT

The guestbook answers at $url
Try next (in $(pwd)):

  $pycompose ps
  $pycompose logs -f
  $pycompose exec web sh
  $pycompose down && $pycompose up -d     # the entries are still there
  $pycompose down -v                      # take everything away, the volume too
TEXT
