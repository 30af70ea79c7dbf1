import numpy as np
import pytest
import torch
from torch.testing import assert_close

from search_service.domain.space import largest, sample, smallest
from search_service.errors import InvalidInput
from workers import supernets
from workers.supernets.anycost import AnycostSupernet
from workers.supernets.anycost_styles import Truncation

PARAMETERS = {
    "resolution": 32,
    "channel_multiplier": 1 / 64,
    "channel_max": 32,
    "style_dim": 16,
    "mapping_layers": 2,
    "image_channels": 1,
}


@pytest.fixture(params=[0, 3], ids=["unconditional", "3 classes"])
def supernet(request: pytest.FixtureRequest) -> AnycostSupernet:
    return built_with(request.param)


@pytest.fixture
def conditional() -> AnycostSupernet:
    return built_with(3)


def built_with(classes: int) -> AnycostSupernet:
    torch.manual_seed(0)
    built = supernets.build("anycost", {**PARAMETERS, "classes": classes})
    assert isinstance(built, AnycostSupernet)
    for name, parameter in built.named_parameters():
        if name.endswith("noise.weight"):
            torch.nn.init.normal_(parameter)  # 0 at first, which would hide a forgotten noise
    return built


@pytest.mark.parametrize("seed", range(6))
@torch.no_grad()
def test_an_extracted_subnet_runs_alike(supernet: AnycostSupernet, seed: int) -> None:
    architecture = sample(supernet.space, np.random.default_rng(seed))
    z = torch.randn(3, 16)
    subnet = supernet.extract(architecture)
    assert_close(subnet(z), supernet(z, architecture), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_an_extracted_subnet_shares_no_memory(supernet: AnycostSupernet) -> None:
    architecture, z = smallest(supernet.space), torch.randn(2, 16)
    subnet, before = supernet.extract(architecture), supernet(z, architecture)
    for parameter in supernet.parameters():
        parameter.zero_()
    assert_close(subnet(z), before, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_an_extracted_subnet_has_as_many_parameters_as_the_space_says(
    supernet: AnycostSupernet, seed: int
) -> None:
    architecture = sample(supernet.space, np.random.default_rng(seed))
    parameters = supernet.extract(architecture).parameters()
    assert sum(p.numel() for p in parameters) == supernet.space.params(architecture)


@torch.no_grad()
def test_the_architecture_leaves_no_trace_on_the_supernet(supernet: AnycostSupernet) -> None:
    z, full = torch.randn(2, 16), largest(supernet.space)
    before = supernet(z, full)
    supernet(z, smallest(supernet.space))
    assert torch.equal(supernet(z, full), before)


@torch.no_grad()
def test_images_of_a_batch_do_not_depend_on_one_another(supernet: AnycostSupernet) -> None:
    z, full = torch.randn(5, 16), largest(supernet.space)
    alone = torch.cat([supernet(row, full) for row in z.split(1)])  # type: ignore[no-untyped-call]  # torch
    assert_close(supernet(z, full), alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("side", [8, 16, 32])
def test_an_image_has_the_side_and_channels_asked_for(supernet: AnycostSupernet, side: int) -> None:
    image = supernet(torch.randn(2, 16), supernet.space.uniform(0.5, side))
    assert image.shape == (2, 1, side, side)


@torch.no_grad()
def test_truncation_to_zero_gives_the_centre_whatever_the_latent(supernet: AnycostSupernet) -> None:
    centre = supernet.mean_style(torch.Generator().manual_seed(0), count=100)
    truncation = Truncation(psi=0.0, centre=centre)
    image = supernet(torch.randn(2, 16), largest(supernet.space), truncation=truncation)
    assert_close(image[0], image[1])


@torch.no_grad()
def test_the_class_decides_the_image_and_a_subnet_agrees(conditional: AnycostSupernet) -> None:
    architecture = sample(conditional.space, np.random.default_rng(0))
    z, labels = torch.randn(1, 16).expand(3, -1), torch.arange(3)
    images = conditional(z, architecture, labels=labels)
    assert all((images[a] - images[b]).abs().max() > 1e-3 for a, b in ((0, 1), (0, 2), (1, 2)))
    subnet = conditional.extract(architecture)
    assert_close(subnet(z, labels=labels), images, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_class_weights_behind_the_latents_say_the_same_as_labels(
    conditional: AnycostSupernet,
) -> None:
    z, labels, full = torch.randn(4, 16), torch.tensor([2, 0, 1, 2]), largest(conditional.space)
    joined = torch.cat([z, torch.eye(3)[labels]], 1)
    assert torch.equal(conditional(joined, full), conditional(z, full, labels=labels))


@torch.no_grad()
def test_both_latents_of_a_mixed_style_have_the_image_s_class(conditional: AnycostSupernet) -> None:
    z, labels = torch.randn(2, 2, 16), torch.tensor([2, 1])
    mixed = conditional.styles(z, labels=labels, crossover=3)
    first, second = (conditional.styles(z[:, i], labels=labels) for i in (0, 1))
    assert_close(mixed, torch.cat([first[:, :3], second[:, 3:]], 1))


@torch.no_grad()
def test_neither_the_latent_nor_the_label_goes_in_by_its_length(
    conditional: AnycostSupernet,
) -> None:
    z = torch.cat([torch.randn(2, 16), torch.eye(3)[:2]], 1)
    before = conditional.styles(z)
    for parameter in conditional.embed.parameters():
        parameter.mul_(5)
    scaled = torch.cat([3 * z[:, :16], z[:, 16:]], 1)
    assert_close(conditional.styles(scaled), before)


def test_an_unconditional_generator_has_no_keys_of_a_label() -> None:
    plain, labelled = built_with(0).state_dict(), built_with(3).state_dict()
    assert labelled.keys() - plain.keys() == {"embed.weight", "embed.bias"}
    widened = [name for name in plain if plain[name].shape != labelled[name].shape]
    assert widened == ["style.1.weight"]


def test_labels_for_an_unconditional_generator_are_refused() -> None:
    with pytest.raises(InvalidInput, match="has no classes"):
        built_with(0).styles(torch.randn(1, 16), labels=torch.tensor([0]))


def test_labels_given_twice_are_refused(conditional: AnycostSupernet) -> None:
    with pytest.raises(InvalidInput, match="labels are given twice"):
        conditional.styles(torch.randn(1, 19), labels=torch.tensor([0]))


def test_latents_of_another_size_are_refused_with_both_that_fit(
    conditional: AnycostSupernet,
) -> None:
    with pytest.raises(InvalidInput, match=r"\(n, 16 or 19\) or .*, got \(2, 17\)"):
        conditional.styles(torch.randn(2, 17))


@pytest.fixture
def unconditional() -> AnycostSupernet:
    return built_with(0)


@pytest.mark.parametrize("side", [8, 32])
@pytest.mark.parametrize("count", [1, 2, 8])
@torch.no_grad()
def test_a_subnet_shares_styles_out_as_its_supernet_does(
    unconditional: AnycostSupernet, side: int, count: int
) -> None:
    architecture = unconditional.space.uniform(0.5, side)
    w, centre = torch.randn(3, count, 16), torch.randn(1, 16)
    truncation = Truncation(psi=0.6, centre=centre)
    subnet = unconditional.extract(architecture)
    expected = unconditional.from_styles(w, architecture, truncation=truncation)
    assert_close(subnet.from_styles(w, truncation=truncation), expected, atol=1e-5, rtol=1e-5)
    if count == 2:
        z = torch.randn(3, 2, 16)
        assert_close(subnet(z), unconditional(z, architecture), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_a_latent_s_style_gives_the_latent_s_image(unconditional: AnycostSupernet) -> None:
    z, full = torch.randn(3, 16), largest(unconditional.space)
    w = unconditional.style(z)
    image = unconditional(z, full)
    assert_close(unconditional.from_styles(w, full), image)
    assert_close(unconditional.from_styles(w[:, None].expand(-1, 8, -1), full), image)


@torch.no_grad()
def test_latents_and_styles_are_truncated_alike(unconditional: AnycostSupernet) -> None:
    z, full = torch.randn(3, 16), largest(unconditional.space)
    centre = unconditional.mean_style(torch.Generator().manual_seed(1), count=50)
    truncation = Truncation(psi=0.3, centre=centre)
    w = unconditional.style(z)
    image = unconditional(z, full, truncation=truncation)
    assert_close(unconditional.from_styles(0.3 * w + 0.7 * centre, full), image)
    assert_close(unconditional.from_styles(w, full, truncation=truncation), image)


@torch.no_grad()
def test_noise_of_a_sample_is_its_own_and_common_noise_is_everyone_s(
    unconditional: AnycostSupernet,
) -> None:
    z, full = torch.randn(2, 16), largest(unconditional.space)
    rng = torch.Generator().manual_seed(0)
    first, second = unconditional.random_noise(rng), unconditional.random_noise(rng)
    both = [torch.cat(pair) for pair in zip(first, second, strict=True)]
    image = unconditional(z, full, noise=both)
    assert_close(image[:1], unconditional(z[:1], full, noise=first), atol=1e-5, rtol=1e-5)
    assert_close(image[1:], unconditional(z[1:], full, noise=second), atol=1e-5, rtol=1e-5)
    assert_close(unconditional(z, full), unconditional(z, full, noise=unconditional.stored_noise()))


@pytest.mark.parametrize("multiplier", [0.013, 1 / 64, 0.1])
@pytest.mark.parametrize("resolution", [8, 16, 128])
@torch.no_grad()
def test_any_size_runs_at_any_width_and_its_subnet_alike(
    resolution: int, multiplier: float
) -> None:
    torch.manual_seed(0)
    size = {"resolution": resolution, "channel_multiplier": multiplier, "channel_max": 24}
    built = supernets.build("anycost", {**size, "style_dim": 8, "mapping_layers": 1})
    assert isinstance(built, AnycostSupernet)
    z = torch.randn(2, 8)
    for seed in range(2):
        architecture = sample(built.space, np.random.default_rng(seed))
        side = int(architecture.options[0])
        image = built(z, architecture)
        assert image.shape == (2, 3, side, side)
        assert_close(built.extract(architecture)(z), image, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ([32, 32, 32], "two for each resolution, at most 8, got 3"),
        ([32] * 10, "at most 8, got 10"),
        ([], "at most 8, got 0"),
        ([32, 33], "channels 1 must be from 1 to 32, got 33"),
        ([32, 0], "channels 1 must be from 1 to 32, got 0"),
    ],
)
def test_channels_that_the_supernet_has_not_are_refused(
    unconditional: AnycostSupernet, channels: list[int], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        unconditional.synthesize(torch.randn(2, 8, 16), channels)


def test_missing_and_misshapen_noise_is_refused(unconditional: AnycostSupernet) -> None:
    z, full, noise = torch.randn(2, 16), largest(unconditional.space), unconditional.stored_noise()
    with pytest.raises(InvalidInput, match="noise must have 7 maps, got 6"):
        unconditional(z, full, noise=noise[:-1])
    noise[2] = noise[2].expand(3, -1, -1, -1)
    with pytest.raises(InvalidInput, match=r"noise 2 must be \(1 or 2, 1, 8, 8\), got \(3, 1, 8"):
        unconditional(z, full, noise=noise)
