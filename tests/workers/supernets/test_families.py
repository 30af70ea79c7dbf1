from search_service import spaces
from workers import supernets


def test_every_supernet_has_a_search_space() -> None:
    assert set(supernets.SUPERNETS) <= set(spaces.SPACES)
