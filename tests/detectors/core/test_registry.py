"""The folder is the registry."""

import sys
from pathlib import Path

import pytest

import detectors
from detectors.core.detector import Detector
from detectors.core.registry import catalogue

FOLDER = Path(detectors.__file__).parent
ONE = "from detectors.core.detector import Detector\n\nclass {name}(Detector):\n    family = 'silence'\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Another folder whose files are detectors, too, for the length of a test."""
    monkeypatch.setattr(detectors, "__path__", [*detectors.__path__, str(tmp_path)])
    catalogue.cache_clear()
    yield tmp_path
    catalogue.cache_clear()
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"detectors.{file.stem}", None)


def test_every_file_is_a_detector_of_its_name_in_order():
    files = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
    assert list(catalogue()) == files
    assert [kind.name() for kind in catalogue().values()] == files
    assert all(issubclass(kind, Detector) for kind in catalogue().values())


def test_every_detector_has_a_test_of_its_name():
    tests = {file.stem.removeprefix("test_") for file in Path(__file__).parent.parent.glob("test_*.py")}
    assert set(catalogue()) <= tests


def test_a_new_file_is_a_new_detector_and_no_other_edit(folder):
    (folder / "zodiac.py").write_text(ONE.format(name="Zodiac"))
    assert list(catalogue())[-1] == "zodiac"
    assert catalogue()["zodiac"].name() == "zodiac"


@pytest.mark.parametrize(
    ("text", "count"), [("x = 1\n", 0), (ONE.format(name="One") + ONE.format(name="Two"), 2)], ids=["none", "two"]
)
def test_a_file_with_no_detector_or_two_is_an_error_that_says_so(folder, text, count):
    (folder / "zodiac.py").write_text(text)
    with pytest.raises(TypeError, match=rf"detectors/zodiac\.py must define exactly one detector, it defines {count}"):
        catalogue()
