"""The set-up finds a usable Python among broken ones, or says in one sentence what to install."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = ("bash", "cat", "cksum", "cut", "dirname", "grep", "mkdir", "ps", "rm", "sed", "sleep")  # what scripts/ call


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with what the scripts call, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        if place := shutil.which(name):
            (folder / name).symlink_to(place)
    return folder


@pytest.fixture
def clone(tmp_path: Path, repository_root: Path) -> Path:
    """What the set-up reads, as a fresh clone has it, in a folder whose name has a space."""
    folder = tmp_path / "a clone"
    shutil.copytree(repository_root / "scripts", folder / "scripts")
    for name in ("pyproject.toml", "uv.lock", ".python-version"):
        shutil.copy(repository_root / name, folder / name)
    return folder


def command(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def run(script: Path, *folders: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.pathsep.join(map(str, folders)), "HOME": "/nonexistent", "REVMODEL_PYTHON_PLACES": ""}
    return subprocess.run(
        [script], env=environment | variables, capture_output=True, text=True, timeout=60, check=False
    )


def is_one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith(".\n") and text.count(". ") == 0


def test_without_a_usable_python_the_set_up_says_one_sentence_and_exits_2(tools: Path, clone: Path) -> None:
    result = run(clone / "scripts" / "setup", tools)
    assert result.returncode == 2
    assert result.stdout == ""
    assert is_one_sentence(result.stderr), result.stderr
    assert "Python 3.12 or 3.13" in result.stderr
    assert "install one" in result.stderr
    assert not (clone / ".venv").exists()


def test_asking_again_without_a_usable_python_says_the_same(tools: Path, clone: Path) -> None:
    first, second = (run(clone / "scripts" / "setup", tools) for _ in range(2))
    assert (second.returncode, second.stderr) == (2, first.stderr)


def test_a_named_python_that_does_not_work_is_an_error_though_another_would(
    tools: Path, clone: Path, tmp_path: Path
) -> None:
    command(tmp_path / "good", "python3.12", f'exec "{sys.executable}" "$@"')
    broken = command(tmp_path / "broken", "python3.12", "exit 127")
    result = run(clone / "scripts" / "setup", tools, tmp_path / "good", REVMODEL_PYTHON=str(broken))
    assert result.returncode == 2
    assert is_one_sentence(result.stderr)
    assert str(broken) in result.stderr


def test_shims_that_fail_are_passed_over(tools: Path, clone: Path, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    for name in ("python3.12", "python3.13", "python3"):
        command(shims, name, f"echo '{name}: command not found' >&2; exit 127")
    command(tmp_path / "good", "python3", f'exec "{sys.executable}" "$@"')
    result = run(clone / "scripts" / "find-python", tools, shims, tmp_path / "good")
    assert (result.returncode, result.stderr) == (0, "")
    assert Path(result.stdout.strip()).samefile(sys.executable)


def test_a_newer_python_beside_an_older_default_is_found(tools: Path, clone: Path, tmp_path: Path) -> None:
    older = command(tmp_path / "older", "python3", "exit 1")  # what an older one answers when asked its version
    command(tmp_path / "beside", "python3.13", f'exec "{sys.executable}" "$@"')
    result = run(
        clone / "scripts" / "find-python", tools, older.parent, REVMODEL_PYTHON_PLACES=str(tmp_path / "beside")
    )
    assert result.returncode == 0
    assert Path(result.stdout.strip()).samefile(sys.executable)


def test_a_python_that_cannot_make_environments_is_passed_over(tools: Path, clone: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "lib").mkdir(parents=True)
    hidden = "import sys; sys.modules['ensurepip'] = None; exec(sys.argv[1])"
    command(bare, "python3.12", f'exec "{sys.executable}" -I -c "{hidden}" "$3"')
    result = run(clone / "scripts" / "find-python", tools, bare)
    assert result.returncode == 2
    command(bare, "python3.12", f'exec "{sys.executable}" -I -c "exec(__import__(\'sys\').argv[1])" "$3"')
    assert run(clone / "scripts" / "find-python", tools, bare).returncode == 0


def test_variables_of_another_environment_do_not_disturb(tools: Path, clone: Path, tmp_path: Path) -> None:
    command(tmp_path / "good", "python3", f'exec "{sys.executable}" "$@"')
    stale = dict.fromkeys(("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"), "/nonexistent/elsewhere")
    result = run(clone / "scripts" / "find-python", tools, tmp_path / "good", **stale)
    assert result.returncode == 0
    assert Path(result.stdout.strip()).samefile(sys.executable)


@pytest.fixture(scope="module")
def settings(repository_root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("pip_settings", repository_root / "scripts" / "pip_settings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LISTING = """\
:env:.timeout='60'
global.index-url='https://mirror.example/simple'
global.timeout='15'
global.trusted-host='mirror.example'
install.index-url='https://other.example/simple'
"""


def test_index_of_pip_is_told_to_uv_the_nearest_setting_first(settings: ModuleType) -> None:
    told = settings.uv_settings(settings.pip_settings(LISTING), {})
    assert told == {
        "UV_DEFAULT_INDEX": "https://other.example/simple",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INSECURE_HOST": "mirror.example",
    }


def test_settings_that_uv_has_already_are_left_alone(settings: ModuleType) -> None:
    told = settings.uv_settings(settings.pip_settings(LISTING), {"UV_INDEX_URL": "https://mine.example/simple"})
    assert "UV_DEFAULT_INDEX" not in told


def test_further_indexes_are_taken_as_pip_takes_them(settings: ModuleType) -> None:
    pip = settings.pip_settings(r"global.extra-index-url='\nhttps://a.example/simple\nhttps://b.example/simple'")
    assert settings.uv_settings(pip, {}) == {
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_pip_without_settings_tells_nothing(settings: ModuleType) -> None:
    assert settings.uv_settings(settings.pip_settings(""), {}) == {}


def test_lock_names_a_version_of_uv_and_no_address(repository_root: Path) -> None:
    lock = (repository_root / "uv.lock").read_text(encoding="utf-8")
    assert '\nname = "uv"\nversion = "' in lock  # the set-up reads the version to bring from here
    assert "://" not in lock
