"""Print, as shell exports, what pip is told about package indexes in the words that uv understands.

uv does not read pip's configuration: where pip is set up for a mirror, a proxy or a private certificate, uv would go
elsewhere or fail. A setting that the environment already gives uv is left alone.
"""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys

# pip's setting → uv's variable to set, and the variables that say uv is set up already
UV_VARIABLE = {
    "index-url": ("UV_DEFAULT_INDEX", ("UV_DEFAULT_INDEX", "UV_INDEX_URL")),
    "extra-index-url": ("UV_INDEX", ("UV_INDEX", "UV_EXTRA_INDEX_URL")),
    "find-links": ("UV_FIND_LINKS", ("UV_FIND_LINKS",)),
    "no-index": ("UV_NO_INDEX", ("UV_NO_INDEX",)),
    "trusted-host": ("UV_INSECURE_HOST", ("UV_INSECURE_HOST",)),
    "cert": ("SSL_CERT_FILE", ("SSL_CERT_FILE",)),
    "proxy": ("ALL_PROXY", ("ALL_PROXY", "HTTPS_PROXY", "https_proxy", "all_proxy")),
    "timeout": ("UV_HTTP_TIMEOUT", ("UV_HTTP_TIMEOUT",)),
    "default-timeout": ("UV_HTTP_TIMEOUT", ("UV_HTTP_TIMEOUT",)),
}
SECTIONS = ("global", "install", ":env:")  # weakest first


def pip_settings(listing: str) -> dict[str, str]:
    """Setting → value from what ``pip config list`` prints: lines like ``global.index-url='https://…'``."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        key, _, quoted = line.partition("=")
        section, _, name = key.partition(".")
        if section in found and name in UV_VARIABLE:
            found[section][name] = " ".join(str(ast.literal_eval(quoted)).split())
    return {name: value for section in SECTIONS for name, value in found[section].items()}


def uv_settings(pip: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """uv's variables that say the same, without those that the environment sets already.

    pip takes the best match over all indexes; uv stops at the first that knows the name, so it is told to do as pip.
    """
    settings = {}
    for name, value in pip.items():
        variable, set_already = UV_VARIABLE[name]
        if value and not any(environment.get(other) for other in set_already):
            settings[variable] = value.replace(" ", ",") if variable == "UV_FIND_LINKS" else value
    if "UV_INDEX" in settings and not environment.get("UV_INDEX_STRATEGY"):
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return settings


if __name__ == "__main__":
    command = [sys.executable, "-m", "pip", "config", "list"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for variable, value in uv_settings(pip_settings(listing), dict(os.environ)).items():
        print(f"export {variable}={shlex.quote(value)}")
