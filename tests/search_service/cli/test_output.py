import pytest

from search_service.cli.output import print_table


def test_a_narrow_terminal_cuts_nothing_and_leaves_no_column_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")  # for rich, then, it is a terminal
    row = ["evl_01M8PE9N5PX0000000000000", "resolution 32, channels 1 1 1 1 1 1", "2.855"]
    print_table(["evaluation", "architecture", "fid>"], [row])
    shown = capsys.readouterr().out
    assert all(cell in shown for cell in row)
