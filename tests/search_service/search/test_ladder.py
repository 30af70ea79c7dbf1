from search_service.domain.evaluation import Value
from search_service.search.ladder import contends

OBJECTIVES = ["fid", "macs"]


def scores(fid: float, macs: float, replicates: tuple[float, ...]) -> dict[str, Value]:
    shown = Value(value=fid, low=fid - 2, high=fid + 2, protocol_digest="p", replicates=replicates)
    return {"fid": shown, "macs": Value(value=macs)}


WOBBLE = (0.5, -0.5, 0.25, -0.25)  # the noise of the common latents, by block


def common(fid: float) -> tuple[float, ...]:
    return tuple(fid + w for w in WOBBLE)


def test_a_rival_with_the_same_noise_beats_by_a_little() -> None:
    mine, rival = scores(10.0, 5, common(10.0)), scores(9.9, 5, common(9.9))
    assert not contends(mine, [rival], OBJECTIVES)


def test_a_rival_whose_noise_is_its_own_does_not() -> None:
    mine, rival = scores(10.0, 5, common(10.0)), scores(9.9, 5, tuple(reversed(common(9.9))))
    assert contends(mine, [rival], OBJECTIVES)


def test_a_dearer_rival_never_beats() -> None:
    mine, rival = scores(10.0, 5, common(10.0)), scores(1.0, 6, common(1.0))
    assert contends(mine, [rival], OBJECTIVES)


def test_equal_images_at_less_cost_beat_and_at_equal_cost_do_not() -> None:
    mine = scores(10.0, 5, common(10.0))
    assert not contends(mine, [scores(10.0, 4, common(10.0))], OBJECTIVES)
    assert contends(mine, [scores(10.0, 5, common(10.0))], OBJECTIVES)


def test_without_rivals_everything_contends() -> None:
    assert contends(scores(10.0, 5, common(10.0)), [], OBJECTIVES)


def test_a_rung_too_low_for_an_objective_puts_nobody_out() -> None:
    mine, rival = scores(10.0, 5, common(10.0)), scores(1.0, 4, common(1.0))
    del mine["fid"], rival["fid"]
    assert contends(mine, [rival], OBJECTIVES)
    assert not contends(mine, [rival], ["macs"])
