import pytest

from search_service.cli.output import print_record, print_table


def test_a_narrow_terminal_cuts_nothing_and_leaves_no_column_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, then, it is a terminal
    row = ["evl_01M8PE9N5PX0000000000000", "resolution 32, channels 1 1 1 1 1 1", "2.855"]
    print_table(["evaluation", "architecture", "fid>"], [row])
    shown = capsys.readouterr().out
    assert all(cell in shown for cell in row)


def test_a_record_is_a_line_a_fact_and_what_it_is_made_of_comes_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    protocol = {"extractor": "small", "others": {"kid": {"splits": 10, "levels": [0, 1]}}}
    print_record(
        {"name": "net", "protocol": protocol, "reason": "", "digest": None, "status": "ready"}
    )
    assert capsys.readouterr().out.splitlines() == [
        "name: net",
        "status: ready",
        "protocol:",
        "  extractor: small",
        "  others:",
        "    kid:",
        "      splits: 10",
        "      levels: [0, 1]",
    ]
