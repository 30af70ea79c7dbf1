"""The settings and the page that documents them."""

import re
from pathlib import Path

from search_service.settings.values import PREFIX, Settings

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_every_setting_has_its_row_and_no_other_has_one() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(PREFIX + name.upper() for name in Settings.model_fields)
