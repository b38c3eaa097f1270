"""The house stays a house: data flows one way, heavy things stay behind their doors, the map fits the ground."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "revmodel"

# Part → the parts that it may import. Data flows one way: from left to right in DESIGN, from top to bottom here.
FOUNDATION = {"aside", "config", "dims", "errors"}
TO_FEATURES = FOUNDATION | {"sources", "journeys", "features"}
TO_FORECAST = TO_FEATURES | {"media", "models", "forecast"}
TO_DECIDE = TO_FORECAST | {"attribution", "mix", "decide"}
TO_REPORT = TO_DECIDE | {"metrics", "evaluate", "planning", "report"}
MAY_IMPORT = {
    "errors": set(),
    "dims": set(),
    "source_config": set(),
    "channel_config": {"errors", "media", "source_config"},
    "allocation_config": {"channel_config", "source_config"},
    "aside": {"errors"},
    "media": {"errors"},
    "config": {"errors", "dims", "source_config", "allocation_config", "channel_config"},
    "synthetic": FOUNDATION,
    "sources": FOUNDATION,
    "journeys": FOUNDATION | {"sources"},
    "features": FOUNDATION | {"sources", "journeys"},
    "mix": TO_FEATURES | {"media", "models", "source_config", "channel_config"},
    "metrics": TO_FEATURES,
    "models": TO_FEATURES | {"media"},
    "forecast": TO_FEATURES | {"models"},
    "attribution": TO_FORECAST,
    "decide": TO_FORECAST | {"attribution", "mix"},
    "planning": TO_DECIDE | {"source_config"},
    "evaluate": TO_FORECAST,
    "report": TO_DECIDE | {"metrics", "evaluate", "planning"},
    "tracking": TO_REPORT,
    "workflows": TO_REPORT | {"synthetic", "tracking", "mix"},
    "console": TO_REPORT | {"workflows", "mix"},
    "demo": FOUNDATION,
    "options": {"errors"},
    "cli": TO_REPORT | {"synthetic", "tracking", "workflows", "console", "demo", "mix", "options"},
}

# fmt: off
HEAVY = [
    "arviz", "arviz_base", "arviz_stats", "blackjax", "duckdb", "ibis", "jax", "matplotlib", "mlflow", "numba", "numpy",
    "nutpie", "pandas", "pandera", "pyarrow", "pymc", "pytensor", "scipy", "scoringrules", "sklearn", "statsforecast",
    "xarray",
]
# fmt: on
SAMPLING = PACKAGE / "models" / "sampling.py"
ACCELERATOR = PACKAGE / "models" / "accelerator.py"
SAMPLER_LIBRARIES = {"blackjax", "nutpie", "numpyro"}
# What PyMC could sample or search with: models are written in PyMC, and sampled in one place.
SAMPLER_NAMES = {
    *("sample", "sample_smc", "fit", "find_MAP", "init_nuts", "sampling", "step_methods", "variational"),
    *("NUTS", "HamiltonianMC", "Metropolis", "DEMetropolisZ", "Slice", "ADVI"),
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """``revmodel/models/priors.py`` → models; ``revmodel/config.py`` → config."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted names that a module imports, relative ones made absolute, anywhere in it, with the line."""
    here = ("revmodel", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level] if node.level else ()
            start = ".".join((*above, *([node.module] if node.module else [])))
            yield from ((f"{start}.{alias.name}", node.lineno) for alias in node.names)


def own_imports(path: Path) -> Iterator[tuple[str, int]]:
    """The parts of revmodel that a module imports."""
    for name, line in imported(path):
        top, _, rest = name.partition(".")
        if top == "revmodel" and rest not in ("", "__version__"):
            yield rest.partition(".")[0], line


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def local_names(path: Path, library: str) -> set[str]:
    """What a module calls a library: ``import pymc as pm`` → pm."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == library:
                    names.add(alias.asname or library)
    return names


def first_name(node: ast.expr) -> str:
    """``pm.step_methods.NUTS`` → pm."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def uses(path: Path, library: str, attributes: set[str]) -> list[str]:
    """Where a module takes one of the attributes from a library, through any name for it."""
    names = local_names(path, library)
    found = [
        place(path, node.lineno)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in attributes and first_name(node.value) in names
    ]
    taken = {f"{library}.{attribute}" for attribute in attributes}
    return found + [place(path, line) for name, line in imported(path) if name in taken]


def test_every_part_is_in_the_table_of_imports() -> None:
    parts = {part_of(path) for path in modules()} - {"__init__"}
    assert parts <= set(MAY_IMPORT), "say in MAY_IMPORT what the new part may import"


def test_table_of_imports_has_no_circle() -> None:
    seen: set[str] = set()
    while ready := {part for part, others in MAY_IMPORT.items() if part not in seen and others <= seen}:
        seen |= ready
    assert seen == set(MAY_IMPORT)


def test_parts_import_only_from_those_before_them() -> None:
    wrong = [
        f"{place(path, line)} {part_of(path)} imports {other}"
        for path in modules()
        if part_of(path) != "__init__"
        for other, line in own_imports(path)
        if other != part_of(path) and other not in MAY_IMPORT.get(part_of(path), set())
    ]
    assert not wrong, "\n".join(wrong)


def test_only_tracking_names_mlflow() -> None:
    wrong = [
        place(path, line)
        for path in modules()
        for name, line in imported(path)
        if name.partition(".")[0] == "mlflow" and part_of(path) != "tracking"
    ]
    assert not wrong, wrong


def test_nothing_but_models_sampling_names_a_sampler() -> None:
    wrong = []
    for path in modules():
        if path == SAMPLING:
            continue
        wrong += [place(path, line) for name, line in imported(path) if name.partition(".")[0] in SAMPLER_LIBRARIES]
        wrong += uses(path, "pymc", SAMPLER_NAMES)
    assert not wrong, wrong


def test_models_sampling_does_name_its_sampler() -> None:
    """Else the test above would watch a door that nobody uses."""
    assert {name.partition(".")[0] for name, _ in imported(SAMPLING)} & SAMPLER_LIBRARIES


def test_nothing_but_models_and_the_mix_asks_for_draws() -> None:
    wrong = [
        f"{place(path, line)} {name}"
        for path in modules()
        for name, line in imported(path)
        if name.startswith("revmodel.models.sampling") and part_of(path) not in ("models", "mix")
    ]
    assert not wrong, wrong


def test_jax_is_imported_through_the_accelerator_only() -> None:
    """It is set up there (double precision, devices, the cache of compiled code) before anything is computed."""
    importing = {
        path for path in modules() for name, _ in imported(path) if name.partition(".")[0] in {"jax", "jaxlib"}
    }
    assert importing == {ACCELERATOR}


def test_accelerator_is_set_up_before_anything_is_computed() -> None:
    """Also where sampling is the first module imported: BlackJAX computes while it is imported."""
    program = "from revmodel.models.sampling import DEVICES, jax; print(len(jax.devices()) == DEVICES)"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.stdout.split() == ["True"], result.stderr


def test_nothing_but_sources_opens_a_connection() -> None:
    wrong = [
        where
        for path in modules()
        if part_of(path) != "sources"
        for library in ("duckdb", "ibis", "sqlite3")
        for where in uses(path, library, {"connect"})
    ]
    assert not wrong, wrong


@pytest.mark.parametrize(
    "module", ["revmodel", "revmodel.cli", "revmodel.config", "revmodel.console", "revmodel.workflows"]
)
def test_start_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def written_files() -> list[Path]:
    """What people write and read here: code, scripts, configs and documents, whether committed yet or not."""
    folders = ("revmodel", "tests", "experiments", "benchmarks", "configs", "scripts", ".ci", "reports/example")
    inside = [path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    at_root = [path for path in ROOT.iterdir() if path.name not in {"mlflow.db"}]
    kinds = {"", ".py", ".md", ".toml", ".yaml", ".yml", ".lock", ".html", ".j2", ".sh"}
    return sorted(path for path in inside + at_root if path.is_file() and path.suffix in kinds)


def test_no_file_of_code_is_two_ideas_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in written_files()
        if path.suffix == ".py" and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long, f"over 400 lines: {long}"


def test_no_file_names_a_machine_or_a_registry() -> None:
    homes = "|".join(("work", "root", "tmp", "home", "Users"))
    hosts = "|".join(re.escape(".".join(parts)) for parts in (("pypi", "org"), ("files", "pythonhosted", "org")))
    forbidden = re.compile(rf"(?<![\w.}}])/(?:{homes})/\w|{hosts}")
    wrong = [
        f"{place(path, number)} {found.group()}"
        for path in written_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := forbidden.search(line))
    ]
    assert not wrong, "\n".join(wrong)


def test_architecture_maps_what_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    purposes = dict(re.findall(r"^\| `(revmodel/[\w/.]+)` +\| +(.*?) +\|$", text, flags=re.M))
    folders = {f"revmodel/{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    files = {f"revmodel/{path.name}" for path in PACKAGE.glob("*.py")}
    assert set(purposes) == folders | files
    assert all(purposes.values())


def test_layout_given_at_the_top_is_there() -> None:
    wanted = ("pyproject.toml", "revmodel", "experiments", "configs", "data", "tests", "reports")
    assert [name for name in wanted if not (ROOT / name).exists()] == []


def test_tests_mirror_the_package() -> None:
    """A folder of tests is named after a part of the package; test files have names of their own."""
    parts = set(MAY_IMPORT)
    strangers = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and list(path.glob("test_*.py"))}
    assert strangers <= parts
    names = sorted(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [one for one, other in pairwise(names) if one == other] == []
