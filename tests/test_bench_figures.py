"""Figures of the benchmarks: kept, compared with their floors, and shown without naming the machine."""

import platform
from pathlib import Path

import pytest
from bench import common, postgres
from bench.common import Figure, Machine, Result, figure
from bench.parts import PARTS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{common.BEGIN}\nold\n{common.END}\nafter\n", "utf-8")
    monkeypatch.setattr(common, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(common, "README", readme)
    return tmp_path


def kept(part: str, *figures: Figure, small: bool = False) -> Result:
    result = Result(part, Machine.here(), list(figures), small)
    common.save(result)
    return result


def test_a_figure_is_the_median_of_its_runs_beside_the_median_of_its_limit() -> None:
    one = figure("rate", [10.0, 30.0, 20.0], "rec/s", limits=[40.0, 60.0, 50.0], floor=15.0)
    assert (one.value, one.limit, one.ratio, one.met) == (20.0, 50.0, 0.4, True)


@pytest.mark.parametrize(("value", "at_most", "met"), [(5, True, True), (6, True, False), (4, False, False)])
def test_a_floor_is_kept_from_its_own_side(value: float, at_most: bool, met: bool) -> None:
    assert figure("x", [value], "ms", floor=5, at_most=at_most).met is met


def test_a_quantile_is_one_of_the_times() -> None:
    times = [float(n) for n in range(100)]
    assert (common.quantile(times, 0.5), common.quantile(times, 0.99)) == (50.0, 99.0)
    assert common.quantile([7.0], 0.99) == 7.0


def test_results_survive_being_kept(folder: Path) -> None:
    result = kept("live", figure("p50", [1.5, 2.5], "ms", floor=15, at_most=True))
    assert common.load("live") == result


def test_a_trial_with_small_sizes_never_replaces_a_full_run(folder: Path) -> None:
    full = kept("live", figure("p50", [1.0], "ms"))
    kept("live", figure("p50", [9.0], "ms"), small=True)
    assert common.load("live") == full


def test_the_report_rewrites_the_figures_and_nothing_else(folder: Path) -> None:
    kept("link", figure("catch-up", [50_000.0], "rec/s", limits=[100_000.0], beside="peer", floor=60_000))
    missing = common.report(["link", "live"])
    text = (folder / "README.md").read_text("utf-8")
    assert missing == ["live"]
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "| catch-up | 50,000 rec/s |  | 100,000 peer | 0.50 | ≥ 60,000 | **missed** |" in text
    assert common.report(["link", "live"]) == ["live"], "it can be rewritten again"


def test_the_report_names_neither_the_machine_nor_its_folders(folder: Path) -> None:
    kept("link", figure("catch-up", [1.0], "s"))
    common.report(["link"])
    text = (folder / "README.md").read_text("utf-8")
    assert platform.node() not in text
    assert str(folder) not in text and str(Path.home()) not in text


def test_the_readme_describes_every_part_and_has_its_place_for_figures() -> None:
    text = (Path(common.__file__).parent / "README.md").read_text("utf-8")
    assert all(f"| `{part}` |" in text for part in PARTS)
    assert text.count(common.BEGIN) == text.count(common.END) == 1


def test_a_missing_peer_is_said_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "programs", lambda: None)
    with postgres.replication() as peer:
        assert peer is None
