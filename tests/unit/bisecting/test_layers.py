"""Layers: made whole or not at all, sharing one torch, found again, within a size."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from qdiag.bisecting.installers import Installer, Said
from qdiag.bisecting.layers import CARD, CannotInstall, Interpreter, Layers, all_layers, cache_folder, clean, look_at, size_of
from qdiag.bridges.releases.table import Needs
from qdiag.errors import OutputError, UsageError

NEEDS = ("pennylane==0.40.0",)


class World:
    """Makes environments and installs into them without doing either; ``fails`` is what an install says."""

    def __init__(self, fails: str = "", writes: int = 1000) -> None:
        self.fails, self.writes = fails, writes
        self.installed: list[tuple[str, ...]] = []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)
            (Path(command[-1]) / "lib/python3.11/site-packages").mkdir(parents=True)
            return Said(0, "")
        self.installed.append(tuple(command[command.index("--target") + 2 :]))
        target = Path(command[command.index("--target") + 1])
        (target / "half.py").write_text("x" * self.writes, encoding="utf-8")
        return Said(1, f"ERROR: {self.fails}") if self.fails else Said(0, "")

    @property
    def installer(self) -> Installer:
        return Installer("pip", ("pip",), {}, self)


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    torch = tmp_path / "elsewhere" / "torch"
    torch.mkdir(parents=True)
    (torch / "__init__.py").write_text("", encoding="utf-8")
    return Interpreter("python", "3.11.7", "2.13.0", (("torch", str(torch)),))


def layers(tmp_path: Path, interpreter: Interpreter, world: World) -> Layers:
    return Layers(tmp_path / "cache", interpreter, world)


def test_a_layer_is_made_once_and_found_again(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    here = layers(tmp_path, interpreter, world)
    assert here.find("pennylane-0.40.0", NEEDS) is None
    made = here.make("pennylane-0.40.0", NEEDS, world.installer)
    assert made.path.name.startswith("pennylane-0.40.0-")
    assert made.python == str(made.path / "bin" / "python")
    assert here.find("pennylane-0.40.0", NEEDS) is not None
    assert here.find("pennylane-0.40.0", ("pennylane==0.40.0", "numpy==1.26.4")) is None
    assert world.installed == [NEEDS]


def test_one_requirement_may_be_put_in_the_place_of_what_the_others_bring(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    here = layers(tmp_path, interpreter, world)
    both = (*NEEDS, "pennylane-lightning==0.38.0")
    here.make("pennylane-lightning-0.38.0", both, world.installer, alone=both[1])
    assert [words[-1] for words in world.installed] == list(both)
    assert here.find("pennylane-lightning-0.38.0", both) is not None


def test_the_layer_of_a_release_is_made_as_its_needs_say_whoever_asks(tmp_path: Path, interpreter: Interpreter) -> None:
    """A release of lightning beside a PennyLane that wants a newer one is installed last, and by itself."""
    world = World()
    here = layers(tmp_path, interpreter, world)
    needs = Needs((*NEEDS, "pennylane-lightning==0.38.0"), alone="pennylane-lightning==0.38.0")
    made = here.make_release("pennylane-lightning", "0.38.0", needs, world.installer)
    assert [words[-1] for words in world.installed] == list(needs.requires)
    found = here.find_release("pennylane-lightning", "0.38.0", needs)
    assert found is not None
    assert found.path == made.path


def test_it_leads_to_one_base_with_links_to_torch(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    here = layers(tmp_path, interpreter, world)
    bases = set()
    for release in ("0.40.0", "0.41.0"):
        made = here.make(f"pennylane-{release}", (f"pennylane=={release}",), world.installer)
        bases.add((made.path / interpreter.packages / "qdiag-base.pth").read_text(encoding="utf-8").strip())
    (base,) = map(Path, bases)
    assert (base / "torch").is_symlink()
    assert (base / "torch" / "__init__.py").exists()
    alone = here.make("torch-2.12.0", ("torch==2.12.0",), world.installer, shares_torch=False)
    assert not (alone.path / interpreter.packages / "qdiag-base.pth").exists()


def test_what_cannot_be_installed_leaves_nothing(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World(fails="No matching distribution")
    here = layers(tmp_path, interpreter, world)
    with pytest.raises(CannotInstall, match=r"^No matching distribution$"):
        here.make("pennylane-0.40.0", NEEDS, world.installer)
    assert here.find("pennylane-0.40.0", NEEDS) is None
    assert list((tmp_path / "cache" / "layers").iterdir()) == []


def test_an_interrupted_install_leaves_nothing(tmp_path: Path, interpreter: Interpreter) -> None:
    def interrupted(command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Said:
        raise KeyboardInterrupt

    here = layers(tmp_path, interpreter, World())
    with pytest.raises(KeyboardInterrupt):
        here.make("pennylane-0.40.0", NEEDS, Installer("pip", ("pip",), {}, interrupted))
    assert list((tmp_path / "cache" / "layers").iterdir()) == []


def test_a_half_made_layer_is_not_taken_for_a_whole_one(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    here = layers(tmp_path, interpreter, world)
    made = here.make("pennylane-0.40.0", NEEDS, world.installer)
    (made.path / CARD).unlink()
    assert here.find("pennylane-0.40.0", NEEDS) is None
    (made.path / CARD).write_text("{", encoding="utf-8")
    assert here.find("pennylane-0.40.0", NEEDS) is None


def test_a_layer_that_another_bisection_made_meanwhile_serves(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    here = layers(tmp_path, interpreter, world)
    first = here.make("pennylane-0.40.0", NEEDS, world.installer)
    assert here.make("pennylane-0.40.0", NEEDS, world.installer).path == first.path
    assert len(all_layers(tmp_path / "cache")) == 1


def test_where_no_environment_can_be_made_the_words_are_told(tmp_path: Path, interpreter: Interpreter) -> None:
    here = Layers(tmp_path, interpreter, lambda command, environment, seconds: Said(1, "venv is not available\n"))
    with pytest.raises(CannotInstall, match="venv is not available"):
        here.make("pennylane-0.40.0", NEEDS, World().installer)


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, interpreter: Interpreter) -> None:
    (tmp_path / "cache").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot write to"):
        layers(tmp_path, interpreter, World()).make("pennylane-0.40.0", NEEDS, World().installer)


def test_layers_beyond_the_size_go_the_longest_unused_first_and_none_that_was_just_used(
    tmp_path: Path, interpreter: Interpreter
) -> None:
    world = World(writes=1_000_000)
    earlier = layers(tmp_path, interpreter, world)
    for number, age in enumerate((9000, 8000, 7000, 10)):
        made = earlier.make(f"pennylane-0.4{number}.0", (f"pennylane==0.4{number}.0",), world.installer)
        card = json.loads((made.path / CARD).read_text(encoding="utf-8"))
        assert card["bytes"] >= 1_000_000
        os.utime(made.path / CARD, (made.used - age, made.used - age))
    here = layers(tmp_path, interpreter, world)
    assert here.find("pennylane-0.40.0", ("pennylane==0.40.0",)) is not None
    here.shrink(0.0025)
    assert {layer.path.name[:14] for layer in all_layers(tmp_path / "cache")} == {"pennylane-0.40", "pennylane-0.43"}
    here.shrink(1.0)
    assert len(all_layers(tmp_path / "cache")) == 2


def test_cleaning_deletes_links_and_not_what_they_lead_to(tmp_path: Path, interpreter: Interpreter) -> None:
    world = World()
    layers(tmp_path, interpreter, world).make("pennylane-0.40.0", NEEDS, world.installer)
    assert clean(tmp_path / "cache") >= 1000
    assert list((tmp_path / "cache").iterdir()) == []
    assert Path(interpreter.links[0][1], "__init__.py").exists()
    assert clean(tmp_path / "cache") == 0


def test_bytes_are_counted_once_for_a_file_and_not_for_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 100, encoding="utf-8")
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").symlink_to(tmp_path / "a")
    assert size_of(tmp_path) == 100


def test_the_cache_is_where_the_system_says(tmp_path: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/cache"}) == Path("/cache/qdiag")
    assert cache_folder({}) == Path.home() / ".cache" / "qdiag"


def test_this_interpreter_has_a_torch_that_can_be_linked() -> None:
    import sys

    found = look_at(sys.executable)
    assert found.python == sys.version.split()[0]
    assert ("torch" in dict(found.links)) is bool(found.torch)
    assert "pennylane" not in dict(found.links)


def test_what_is_no_interpreter_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no Python that runs"):
        look_at(str(tmp_path / "python"))
