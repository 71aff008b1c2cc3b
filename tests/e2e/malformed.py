"""Files that cannot work, each with what the one line about it must say: (name, files, arguments, pattern on stderr).

The pattern is searched in the single error line; ``@`` stands for ``compose.yaml:LINE`` of the line marked with ``#!``.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    name: str
    text: str
    pattern: str
    verb: tuple[str, ...] = ("up", "-d")


HOST = "image: pycompose/host"

CASES = [
    Case("yaml syntax", "services:\n  web:\n    image: 'a\n", r"compose\.yaml:\d+"),
    Case("tab as indentation", "services:\n\tweb: {}\n", r"compose\.yaml:2"),
    Case(
        "unknown key",
        f"services:\n  web:\n    {HOST}\n    imagee: b #!\n",
        r"@.*services\.web.*imagee",
    ),
    Case(
        "misspelt key gets a suggestion",
        f"services:\n  web:\n    {HOST}\n    enviroment: {{A: b}} #!\n",
        r"@.*enviroment.*environment",
    ),
    Case(
        "unknown top-level key", f"service: {{}} #!\nservices:\n  a:\n    {HOST}\n", r"@.*service"
    ),
    Case(
        "cycle",
        f"services:\n  a:\n    {HOST}\n    depends_on: [b] #!\n  b:\n    {HOST}\n    depends_on: [a]\n",
        r"compose\.yaml:\d+.*cycle.*(a -> b -> a|b -> a -> b)",
    ),
    Case(
        "undefined dependency",
        f"services:\n  a:\n    {HOST}\n    depends_on: [nobody] #!\n",
        r"@.*undefined service.*nobody",
    ),
    Case(
        "undefined network",
        f"services:\n  a:\n    {HOST}\n    networks: [nowhere] #!\n",
        r"@.*undefined network.*nowhere",
    ),
    Case(
        "undefined volume",
        f"services:\n  a:\n    {HOST}\n    volumes:\n      - nothing:/data #!\n",
        r"@.*undefined volume.*nothing",
    ),
    Case(
        "undefined secret",
        f"services:\n  a:\n    {HOST}\n    secrets: [hush] #!\n",
        r"@.*undefined secret.*hush",
    ),
    Case(
        "wrong type",
        f"services:\n  a:\n    {HOST}\n    ports: 8080 #!\n",
        r"@.*services\.a\.ports.*(array|list)",
    ),
    Case(
        "bad port",
        f"services:\n  a:\n    {HOST}\n    ports:\n      - '99999:80' #!\n",
        r"@.*services\.a\.ports\[0\].*99999",
    ),
    Case(
        "bad duration",
        f"services:\n  a:\n    {HOST}\n    stop_grace_period: 10parsecs #!\n",
        r"@.*services\.a\.stop_grace_period",
    ),
    Case(
        "bad size",
        f"services:\n  a:\n    {HOST}\n    mem_limit: lots #!\n",
        r"@.*services\.a\.mem_limit.*lots",
    ),
    Case(
        "bad interpolation",
        f"services:\n  a:\n    {HOST}\n    command: echo ${{A!b}} #!\n",
        r"@.*services\.a\.command",
    ),
    Case(
        "required variable",
        f"services:\n  a:\n    {HOST}\n    command: echo ${{NEEDED:?say what}} #!\n",
        r"@.*NEEDED.*say what",
    ),
    Case("neither image nor build", "services:\n  a: #!\n    command: x\n", r"@.*image nor.*build"),
    Case(
        "network_mode beside networks",
        f"services:\n  a:\n    {HOST}\n    network_mode: host #!\n    networks: [n]\nnetworks:\n  n:\n",
        r"compose\.yaml:\d+.*network_mode.*networks",
    ),
    Case("duplicate key", f"services:\n  a:\n    {HOST}\n    {HOST} #!\n", r"@.*image"),
    Case(
        "missing image",
        "services:\n  a:\n    image: nobody/has-this:1 #!\n",
        r"@.*nobody/has-this:1",
        verb=("up", "-d", "--pull", "never"),
    ),
    Case(
        "bad bind source",
        f"services:\n  a:\n    {HOST}\n    volumes:\n      - type: bind #!\n        source: ./nowhere\n"
        "        target: /x\n",
        r"compose\.yaml:\d+.*services\.a\.volumes\[0\].*nowhere",
    ),
    Case(
        "port in use",
        f"services:\n  a:\n    {HOST}\n    command: sleep 60\n    ports:\n      - '%PORT%:80' #!\n",
        r"@.*services\.a\.ports\[0\].*%PORT%.*already",
    ),
    Case(
        "missing env file",
        f"services:\n  a:\n    {HOST}\n    env_file: gone.env #!\n",
        r"@.*gone\.env",
    ),
    Case(
        "not honoured yet",
        f"services:\n  a:\n    {HOST}\n    use_api_socket: true #!\n",
        r"@.*services\.a\.use_api_socket",
    ),
    Case(
        "a device that is not there",
        f"services:\n  a: #!\n    {HOST}\n    devices: [vendor.com/class=gone]\n",
        r"@.*services\.a: CDI device vendor\.com/class=gone",
    ),
    Case(
        "extends of an unknown service",
        f"services:\n  a:\n    extends: base #!\n    {HOST}\n",
        r"compose\.yaml:\d+.*base",
    ),
]
