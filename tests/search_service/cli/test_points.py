from typing import Any

import pytest

from search_service.cli.points import front_csv, print_front


def point(name: str, fid: float, searched: float, tied: list[str]) -> dict[str, Any]:
    return {
        "evaluation": name,
        "architecture": {"width": 1},
        "values": {"fid": {"value": fid, "low": fid - 1, "high": fid + 1}, "macs": {"value": 9}},
        "search_values": {"fid": {"value": searched}, "macs": {"value": 9}},
        "tied": {"fid": tied, "macs": []},
    }


@pytest.fixture
def front() -> dict[str, Any]:
    return {
        "objectives": [{"name": "fid"}, {"name": "macs"}],
        "points": [point("evl_a", 4.0, 3.5, ["evl_b"]), point("evl_b", 4.5, 4.25, ["evl_a"])],
        "hypervolume": None,
        "reference_point": {"fid": 20.0, "macs": 10.0},
    }


def test_both_values_and_the_ties_are_shown(
    front: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    print_front(front)
    lines = capsys.readouterr().out.splitlines()
    assert "fid in the search" in lines[0]
    assert "fid tied with" in lines[0]
    assert "macs tied with" not in lines[0]
    first = ["1", "4", "[3,", "5]", "9", "3.5", "2", "width", "1", "evl_a"]
    second = ["2", "4.5", "[3.5,", "5.5]", "9", "4.25", "1", "width", "1", "evl_b"]
    assert [line.split() for line in lines if "evl_" in line] == [first, second]


def test_a_hypervolume_is_said_with_what_it_is_up_to(
    front: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """That of a job and that of its supernet are up to different points, and do not compare."""
    print_front(front | {"hypervolume": 8.5})
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "2 on the front, hypervolume 8.5 up to fid 20, macs 10"
    print_front(front)
    assert capsys.readouterr().out.splitlines()[-1] == "2 on the front"


def test_a_tie_with_a_point_that_was_cut_off_is_not_shown(
    front: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    print_front(front | {"points": front["points"][:1]})
    assert "tied" not in capsys.readouterr().out


def test_csv_has_both_values(front: dict[str, Any]) -> None:
    lines = front_csv(front).splitlines()
    assert "fid_in_search" in lines[0]
    assert "3.5" in lines[1].split(",")
