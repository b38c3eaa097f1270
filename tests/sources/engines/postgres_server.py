"""A Postgres server of the tests' own: in a folder of its own, on a socket, gone afterwards."""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER = "owner"
READER = "reader"  # may select and make temporary tables, and nothing else
BINARIES = "/usr/lib/postgresql/*/bin"


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl, the newest where there are several; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += [Path(folder) for folder in sorted(glob.glob(BINARIES), reverse=True)]
    return next((folder for folder in folders if (folder / "pg_ctl").exists() and (folder / "initdb").exists()), None)


def address_of_reader(owners: str) -> str:
    """The address for the user who may write nothing that lasts."""
    return owners.replace(f"{OWNER}@", f"{READER}@")


@contextmanager
def running_server(folder_of_programs: Path) -> Iterator[str]:
    """The address of a database on a fresh server, for its superuser; there is a user READER as well."""
    home = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket may have 107 characters
    user = _server_user()
    if user:
        shutil.chown(home, user)
    try:
        _make(folder_of_programs, home, user)
        options = f"-k {home} -c listen_addresses='' -c fsync=off -c autovacuum=off"
        control = [folder_of_programs / "pg_ctl", "-D", home / "data"]
        _run([*control, "-w", "-o", options, "-l", home / "log", "start"], home, user)
        try:
            yield f"postgresql://{OWNER}@/postgres?host={home}"
        finally:
            _run([*control, "-m", "immediate", "stop"], home, user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _make(programs: Path, home: Path, user: str | None) -> None:
    """Text sorts as in English where the server can do so: the features must not depend on it."""
    command = [programs / "initdb", "-D", home / "data", "-A", "trust", "-U", OWNER, "-E", "UTF8", "--no-sync"]
    try:
        _run([*command, "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"], home, user)
    except subprocess.CalledProcessError:  # an older server, or one built without ICU
        shutil.rmtree(home / "data", ignore_errors=True)
        _run([*command, "--locale=C"], home, user)


def _server_user() -> str | None:
    """Postgres refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[Path | str], home: Path, user: str | None) -> None:
    with (home.parent / f"{home.name}.out").open("w") as out:
        subprocess.run(command, check=True, user=user, group=None, cwd="/", stdout=out, stderr=out, timeout=60)
    (home.parent / f"{home.name}.out").unlink()
