"""Laws that hold for every method of SPADE generators."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.augment import PLACEMENTS, Augment
from search_service.recipes.records import Records
from search_service.recipes.spade import (
    SpadeCompressRecipe,
    SpadeFinetuneRecipe,
    SpadeRecipe,
    SpadeScratchRecipe,
    SpadeTeacher,
)
from search_service.recipes.watching import HELD_OUT, TRAIN
from search_service.spaces.gan_compression import GanCompressionSpace
from workers import supernets
from workers.checkpoints import load_weights, read_weights, save_weights
from workers.supernets.gan_compression.pruning import strongest
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade_generator import SpadeGenerator
from workers.training.loop import train
from workers.training.map_data import MapData
from workers.training.running import describe
from workers.training.spade import SpadeTraining
from workers.training.spade_methods import compress, finetune, scratch, spade
from workers.training.spade_networks import new_generator, read_teacher

Begin = Callable[..., SpadeTraining]


@pytest.fixture(params=["spade", "compress", "sandwich", "finetune", "scratch"])
def begin(
    request: pytest.FixtureRequest,
    maps: MapData,
    spade_recipe: SpadeRecipe,
    spade_compress_recipe: SpadeCompressRecipe,
    spade_finetune_recipe: SpadeFinetuneRecipe,
    spade_scratch_recipe: SpadeScratchRecipe,
) -> Begin:
    """Begins a training of the method, with changes to its recipe."""

    def new(**changes: Any) -> SpadeTraining:
        match request.param:
            case "spade":
                return spade(replace(spade_recipe, **changes), maps)
            case "compress":
                return compress(replace(spade_compress_recipe, **changes), maps)
            case "sandwich":
                recipe = replace(spade_compress_recipe, subnets=3, sandwich=True, **changes)
                return compress(recipe, maps)
            case "finetune":
                return finetune(replace(spade_finetune_recipe, **changes), maps)
            case _:
                return scratch(replace(spade_scratch_recipe, **changes), maps)

    return new


def test_a_stopped_run_ends_with_the_weights_of_an_undisturbed_one(
    begin: Begin, tmp_path: Path
) -> None:
    straight, first, resumed = begin(), begin(), begin()
    train(straight, tmp_path / "straight")
    asked = iter([False, True])
    assert not train(first, tmp_path / "stopped", asked=lambda: next(asked))
    assert train(resumed, tmp_path / "stopped")
    for name in straight.kept():
        paths = (tmp_path / run / f"{name}.safetensors" for run in ("straight", "stopped"))
        left, right = map(read_weights, paths)
        assert left.keys() == right.keys()
        assert all(torch.equal(left[key], right[key]) for key in left), name


def test_equal_recipes_give_equal_losses_and_other_seeds_others(begin: Begin) -> None:
    first, again, other = begin(), begin(), begin(seed=4)
    losses = [first.step(i) for i in range(2)]
    assert losses == [again.step(i) for i in range(2)]
    assert losses != [other.step(i) for i in range(2)]


def test_a_grid_changes_nothing_and_shows_the_held_out_maps(begin: Begin, tmp_path: Path) -> None:
    training, undisturbed = begin(), begin()
    picture = training.grid()
    (tmp_path / "grid.png").write_bytes(picture)
    with Image.open(tmp_path / "grid.png") as image:
        assert image.width == 2 * 64
        assert image.height % 32 == 0
    assert training.grid() == picture
    training.kept()
    for index in range(2):
        assert training.step(index) == undisturbed.step(index)
    assert training.grid() != picture


def test_what_is_kept_is_plain_and_its_statistics_are_its_own(
    begin: Begin, maps: MapData, tmp_path: Path
) -> None:
    training = begin()
    training.step(0)
    kept = training.kept()[training.painter.name]
    assert not [name for name in kept.state_dict() if name.endswith(("_orig", "_u", "_v"))]
    image = training.painter.shown()[0](maps.calibration()[0], ())[0]
    if isinstance(kept, SpadeSupernet):
        subnet = kept.extract(kept.space.parse("_".join(["4"] * 8)))
    else:
        assert isinstance(kept, SpadeGenerator)
        subnet = kept
    assert not subnet.training
    assert torch.equal(subnet(maps.calibration()[0]), image)


def test_a_students_statistics_are_measured_on_the_training_maps(
    spade_scratch_recipe: SpadeScratchRecipe, maps: MapData
) -> None:
    kept = scratch(spade_scratch_recipe, maps).kept()["generator"]
    assert isinstance(kept, SpadeGenerator)
    inputs: list[torch.Tensor] = []
    norm = kept.get_submodule("head_0.norm_0.param_free_norm")
    norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0].detach()))
    with torch.no_grad():
        for batch in maps.calibration():
            kept(batch)
    seen = torch.cat(inputs)
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    width = seen.shape[1]
    torch.testing.assert_close(mean[:width], seen.mean((0, 2, 3)))
    torch.testing.assert_close(variance[:width], seen.var((0, 2, 3)))
    assert (mean[width:] == 0).all()
    assert len(mean) == 16 * 4


def test_a_trained_teacher_is_one_to_compress(
    spade_recipe: SpadeRecipe,
    spade_compress_recipe: SpadeCompressRecipe,
    maps: MapData,
    tmp_path: Path,
) -> None:
    training = spade(spade_recipe, maps)
    training.step(0)
    save_weights(training.kept()["generator"], tmp_path / "teacher.safetensors")
    teacher = replace(spade_compress_recipe.teacher, weights=str(tmp_path / "teacher.safetensors"))
    parameters = maps.parameters(teacher.base_channels, "normal")
    batch = maps.calibration()[0]
    painted = training.painter.network.eval()(batch)
    torch.testing.assert_close(read_teacher(teacher, parameters)(batch), painted)
    compress(replace(spade_compress_recipe, teacher=teacher), maps).step(0)


def test_a_subnet_is_tuned_from_its_weights_in_the_supernet(
    spade_finetune_recipe: SpadeFinetuneRecipe, maps: MapData
) -> None:
    parameters = maps.parameters(spade_finetune_recipe.supernet.base_channels, "normal")
    supernet = SpadeSupernet(GanCompressionSpace(parameters))
    load_weights(supernet, Path(spade_finetune_recipe.initial))
    subnet = finetune(spade_finetune_recipe, maps).painter.network
    batch = maps.calibration()[0]
    architecture = supernet.space.parse(spade_finetune_recipe.architecture)
    assert torch.equal(subnet.eval()(batch), supernet.eval()(batch, architecture))


def test_a_mapped_layer_that_does_not_exist_is_refused_before_any_step(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData
) -> None:
    with pytest.raises(InvalidInput, match="no layer 'up_9' to tap; known: fc, head_0"):
        compress(replace(spade_compress_recipe, layers=("head_0", "up_9")), maps)


def test_projections_begin_as_published(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData
) -> None:
    tutor = compress(spade_compress_recipe, maps).tutor
    assert tutor is not None
    weight = tutor.projections.layers[0].get_parameter("weight")
    xavier = 0.02 * (2 / sum(weight.shape[:2])) ** 0.5
    assert weight.std().item() == pytest.approx(xavier, rel=0.1)


@pytest.mark.parametrize("changes", [{"base_channels": 3}, {"kind": "mobile"}])
def test_a_teacher_of_another_size_is_refused(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData, changes: dict[str, Any]
) -> None:
    other = replace(spade_compress_recipe.teacher, **changes)
    with pytest.raises(InvalidFile):
        compress(replace(spade_compress_recipe, teacher=other), maps)


@pytest.mark.parametrize("method", ["compress", "scratch"])
def test_a_student_may_begin_as_its_teachers_strongest_filters(
    spade_compress_recipe: SpadeCompressRecipe,
    spade_scratch_recipe: SpadeScratchRecipe,
    maps: MapData,
    tmp_path: Path,
    method: str,
) -> None:
    size = SpadeTeacher(kind="mobile", base_channels=5)
    wide = new_generator(size, maps.parameters(5, "normal"), spectral=False)
    save_weights(wide, tmp_path / "wide.safetensors")
    teacher = replace(size, weights=str(tmp_path / "wide.safetensors"))
    changes: dict[str, Any] = {"teacher": teacher, "pruned_from_teacher": True}
    if method == "compress":
        student = compress(replace(spade_compress_recipe, **changes), maps).painter.network
    else:
        student = scratch(replace(spade_scratch_recipe, **changes), maps).painter.network
    filters, own = wide.get_parameter("fc.weight"), student.get_parameter("fc.weight")
    assert torch.equal(own, filters[strongest(filters, len(own))])


def test_a_trained_supernet_is_registered_as_what_it_is(
    spade_compress_recipe: SpadeCompressRecipe, maps: MapData
) -> None:
    kept = compress(spade_compress_recipe, maps).kept()["supernet"]
    about = describe(kept)
    again = supernets.build(about["family"], about["parameters"])
    assert isinstance(again, SpadeSupernet)
    again.load_state_dict(kept.state_dict())
    assert again.sides == maps.sides


def test_the_discriminators_accuracies_come_with_every_line_and_change_nothing(
    begin: Begin,
) -> None:
    often, seldom = begin(records=Records(log_every=1)), begin(records=Records(log_every=99))
    for index in range(2):
        told, untold = often.step(index), seldom.step(index)
        assert {name: told[name] for name in untold} == untold
        assert told.keys() - untold.keys() == {TRAIN, HELD_OUT}
        assert all(0 <= told[name] <= 1 for name in (TRAIN, HELD_OUT))


def test_what_the_discriminator_sees_is_augmented_where_the_recipe_says(begin: Begin) -> None:
    """The paths without it are those of before; each further place changes the step."""
    policy = "color,translation,cutout"
    plain = begin().step(0)
    found = {
        placement: begin(augment=Augment(policy=policy, placement=placement)).step(0)
        for placement in PLACEMENTS
    }
    assert found["none"] == plain
    for placement in ("reals", "discriminator"):  # the painter's step comes first
        assert found[placement]["generator"] == plain["generator"]
    assert found["reals"]["real"] != plain["real"]
    assert found["discriminator"]["fake"] != plain["fake"]
    for term in ("adversarial", "feature_matching"):
        assert found["all"][term] != plain[term]
