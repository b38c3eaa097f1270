"""What stands at a path is complete, or what stood there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from revmodel.aside import file_aside, folder_aside
from revmodel.errors import SourceError


def fail_half_way(aside: Path, text: str) -> None:
    aside.write_text(text)
    raise ValueError("disk")


def test_a_file_that_fails_half_way_leaves_the_old_one_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.npz"
    with file_aside(file) as aside:
        aside.write_text("first")
    with pytest.raises(ValueError, match="disk"), file_aside(file) as aside:
        fail_half_way(aside, "second")
    assert file.read_text() == "first"
    assert [path.name for path in file.parent.iterdir()] == ["a.npz"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "mix"
    for text in ("first", "second"):
        with folder_aside(folder, "mark", "a mix") as aside:
            (aside / "mark").write_text(text)
            (aside / text).touch()
    with pytest.raises(ValueError, match="disk"), folder_aside(folder, "mark", "a mix") as aside:
        fail_half_way(aside / "mark", "third")
    assert sorted(path.name for path in folder.iterdir()) == ["mark", "second"]
    assert [path.name for path in tmp_path.iterdir()] == ["mix"]


def test_a_folder_of_another_kind_stays(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary")
    with pytest.raises(SourceError, match="is not a mix"), folder_aside(tmp_path, "mark", "a mix"):
        pass
    assert (tmp_path / "diary").exists()
