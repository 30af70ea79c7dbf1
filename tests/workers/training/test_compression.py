from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from search_service.errors import InvalidFile, InvalidInput
from search_service.recipes.compression import (
    CompressRecipe,
    FinetuneRecipe,
    ScratchRecipe,
    Weights,
)
from search_service.recipes.perceptual import Perceptual
from search_service.recipes.translation import CriticSize, Teacher
from workers.checkpoints import save_weights
from workers.supernets.gan_compression.pruning import strongest
from workers.supernets.gan_compression.resnet import ResnetSupernet
from workers.supernets.gan_compression.resnet_generator import ResnetGenerator
from workers.training.compression_methods import compress, finetune, scratch
from workers.training.translation_data import TranslationData
from workers.training.translation_networks import new_generator

UNEVEN = Weights(adversarial=2.0, reconstruction=3.0, distillation=5.0)


@pytest.mark.parametrize("subnets", [1, 3])
def test_the_terms_add_up(
    compress_recipe: CompressRecipe, pairs: TranslationData, subnets: int
) -> None:
    recipe = replace(compress_recipe, weights=UNEVEN, subnets=subnets, sandwich=subnets > 1)
    losses = compress(recipe, pairs).step(0)
    total = 2 * losses["adversarial"] + 3 * losses["reconstruction"] + 5 * losses["distillation"]
    assert losses["generator"] == pytest.approx(total, rel=1e-5)


def test_a_perceptual_term_is_added_and_needs_a_right_image(
    compress_recipe: CompressRecipe,
    pairs: TranslationData,
    unpaired: TranslationData,
    feature_network: Path,
) -> None:
    seen = Perceptual(network=str(feature_network), levels=(1.0, 2.0), weight=7.0)
    recipe = replace(compress_recipe, weights=UNEVEN, perceptual=seen)
    for data in (pairs, unpaired):
        losses = compress(recipe, data).step(0)
        total = 2 * losses["adversarial"] + 3 * losses["reconstruction"]
        total += 5 * losses["distillation"] + 7 * losses["perceptual"]
        assert losses["perceptual"] > 0
        assert losses["generator"] == pytest.approx(total, rel=1e-5)
    alone = replace(recipe, teacher=Teacher(), weights=Weights(reconstruction=0, distillation=0))
    assert compress(alone, pairs).step(0)["perceptual"] > 0
    with pytest.raises(InvalidInput, match=r"teacher\.weights must name a file"):
        compress(alone, unpaired)


def test_pairs_are_compared_with_the_true_image_and_others_with_the_teachers(
    compress_recipe: CompressRecipe, pairs: TranslationData, unpaired: TranslationData
) -> None:
    recipe = replace(compress_recipe, weights=Weights(adversarial=0, distillation=0))
    x, real = torch.randn(2, 1, 16, 16), torch.randn(2, 1, 16, 16)
    with_pairs, without = compress(recipe, pairs), compress(recipe, unpaired)
    assert with_pairs._lesson(x, real).right is real
    assert without.teacher is not None
    right = without._lesson(x, real).right
    assert right is not None
    assert_close(right, without.teacher(x))


def test_the_teacher_stays_as_it_is(
    compress_recipe: CompressRecipe, unpaired: TranslationData
) -> None:
    training = compress(compress_recipe, unpaired)
    assert training.teacher is not None
    before = [parameter.clone() for parameter in training.teacher.parameters()]
    training.step(0)
    pairs = zip(before, training.teacher.parameters(), strict=True)
    assert all(torch.equal(old, new) for old, new in pairs)


def test_projections_learn_with_the_student(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    training = compress(compress_recipe, pairs)
    before = [parameter.clone() for parameter in training.loss.projections.parameters()]
    training.step(0)
    pairs_ = zip(before, training.loss.projections.parameters(), strict=True)
    assert all(not torch.equal(old, new) for old, new in pairs_)


def test_without_an_adversarial_term_the_discriminator_rests(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    training = compress(replace(compress_recipe, weights=Weights(adversarial=0)), pairs)
    before = [parameter.clone() for parameter in training.critic.parameters()]
    assert "adversarial" not in training.step(0)
    after = training.critic.parameters()
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_mapped_layer_that_does_not_exist_is_refused_before_any_step(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    with pytest.raises(InvalidInput, match=r"no layer 'model\.99'"):
        compress(replace(compress_recipe, layers=("model.9", "model.99")), pairs)


@pytest.mark.parametrize("changes", [{"base_channels": 3}, {"blocks": 2}, {"kind": "mobile"}])
def test_a_teacher_of_another_size_is_refused(
    compress_recipe: CompressRecipe, pairs: TranslationData, changes: dict[str, int]
) -> None:
    other = replace(compress_recipe.teacher, **changes)  # type: ignore[arg-type]
    with pytest.raises(InvalidFile):
        compress(replace(compress_recipe, teacher=other), pairs)


def test_what_needs_a_teacher_says_so(
    compress_recipe: CompressRecipe, pairs: TranslationData, unpaired: TranslationData
) -> None:
    alone = Weights(distillation=0)
    recipe = replace(compress_recipe, teacher=Teacher(), weights=alone)
    assert compress(recipe, pairs).step(0)["reconstruction"] > 0
    with pytest.raises(InvalidInput, match=r"teacher\.weights must name a file"):
        compress(recipe, unpaired)


def test_a_subnet_is_tuned_from_its_weights_in_the_supernet(
    compress_recipe: CompressRecipe,
    finetune_recipe: FinetuneRecipe,
    pairs: TranslationData,
    tmp_path: Path,
) -> None:
    supernet = compress(compress_recipe, pairs).student.network
    assert isinstance(supernet, ResnetSupernet)
    save_weights(supernet, tmp_path / "supernet.safetensors")
    recipe = replace(finetune_recipe, initial=str(tmp_path / "supernet.safetensors"))
    subnet = finetune(recipe, pairs).student.network
    assert isinstance(subnet, ResnetGenerator)
    x = torch.randn(1, 1, 16, 16)
    architecture = supernet.space.parse(recipe.architecture)
    assert torch.equal(subnet(x), supernet(x, architecture))


def test_scratch_begins_elsewhere_but_of_the_same_size(
    finetune_recipe: FinetuneRecipe,
    scratch_recipe: ScratchRecipe,
    compress_recipe: CompressRecipe,
    pairs: TranslationData,
    tmp_path: Path,
) -> None:
    path = tmp_path / "supernet.safetensors"
    save_weights(compress(compress_recipe, pairs).student.network, path)
    tuned = finetune(replace(finetune_recipe, initial=str(path)), pairs).student.network
    fresh = scratch(replace(scratch_recipe, seed=8), pairs).student.network
    sizes = [{k: v.shape for k, v in net.state_dict().items()} for net in (tuned, fresh)]
    assert sizes[0] == sizes[1]
    values = zip(tuned.parameters(), fresh.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in values)


def test_a_discriminator_goes_on_from_a_file(
    compress_recipe: CompressRecipe, pairs: TranslationData, tmp_path: Path
) -> None:
    first = compress(replace(compress_recipe, seed=8), pairs)
    save_weights(first.critic, tmp_path / "discriminator.safetensors")
    size = CriticSize(
        base_channels=2, layers=1, weights=str(tmp_path / "discriminator.safetensors")
    )
    second = compress(replace(compress_recipe, critic=size), pairs)
    values = zip(first.critic.parameters(), second.critic.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in values)


def test_student_and_discriminator_learn_from_each_other_as_they_were_before(
    compress_recipe: CompressRecipe, pairs: TranslationData, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, student_alone, critic_alone = (compress(compress_recipe, pairs) for _ in range(3))
    monkeypatch.setattr(student_alone.critic_adam, "step", lambda: None)
    monkeypatch.setattr(critic_alone.student_adam, "step", lambda: None)
    for training in (both, student_alone, critic_alone):
        training.step(0)
    for mine, theirs in (
        (both.student.network, student_alone.student.network),
        (both.critic, critic_alone.critic),
    ):
        values = zip(mine.parameters(), theirs.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in values)


@pytest.mark.parametrize("method", ["compress", "scratch"])
def test_a_student_may_begin_as_its_teachers_strongest_filters(
    compress_recipe: CompressRecipe,
    scratch_recipe: ScratchRecipe,
    pairs: TranslationData,
    tmp_path: Path,
    method: str,
) -> None:
    size = Teacher(kind="mobile", base_channels=6, blocks=3)
    wide = new_generator(size, pairs.sizes)
    save_weights(wide, tmp_path / "wide.safetensors")
    teacher = replace(size, weights=str(tmp_path / "wide.safetensors"))
    changes = {"teacher": teacher, "pruned_from_teacher": True}
    if method == "compress":
        recipe = replace(compress_recipe, **changes)  # type: ignore[arg-type]
        student = compress(recipe, pairs).student.network
    else:
        student = scratch(replace(scratch_recipe, **changes), pairs).student.network  # type: ignore[arg-type]
    filters = wide.get_parameter("model.1.weight")
    own = student.get_parameter("model.1.weight")
    assert torch.equal(own, filters[strongest(filters, len(own))])


def parameters_of(network: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def are_equal(some: list[Tensor], others: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


def test_while_warming_up_only_what_judges_the_student_learns(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    recipe = replace(compress_recipe, warmup_images=2 * compress_recipe.batch, warmup_rate=0.125)
    training = compress(recipe, pairs)
    judges = (training.critic, training.loss.projections)
    for index in range(3):
        student = parameters_of(training.student.network)
        before = [parameters_of(judge) for judge in judges]
        training.step(index)
        assert are_equal(student, parameters_of(training.student.network)) == (index < 2)
        assert (training.critic_adam.param_groups[0]["lr"] == 0.125) == (index < 2)
        for judge, old in zip(judges, before, strict=True):
            assert not are_equal(old, parameters_of(judge))


def test_a_warming_up_that_leaves_nothing_to_train_is_refused(
    compress_recipe: CompressRecipe,
) -> None:
    for images in (-1, compress_recipe.images):
        with pytest.raises(InvalidInput, match="warmup_images must be less than"):
            replace(compress_recipe, warmup_images=images)


def test_the_average_of_the_student_is_what_is_kept(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    half_life = 3.0 * compress_recipe.batch
    training = compress(replace(compress_recipe, average_half_life=half_life), pairs)
    expected = parameters_of(training.student.network)
    for index in range(3):
        training.step(index)
        share = 0.5 ** (1 / 3)
        live = parameters_of(training.student.network)
        expected = [share * a + (1 - share) * b for a, b in zip(expected, live, strict=True)]
    kept = training.kept()["supernet"]
    assert kept is not training.student.network
    for mine, right in zip(kept.parameters(), expected, strict=True):
        assert_close(mine, right, atol=1e-6, rtol=1e-5)


def test_without_averaging_the_student_itself_is_kept(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    training = compress(compress_recipe, pairs)
    assert training.kept()["supernet"] is training.student.network


def test_an_averaged_run_goes_on_as_if_it_had_not_stopped(
    compress_recipe: CompressRecipe, pairs: TranslationData
) -> None:
    recipe = replace(compress_recipe, average_half_life=8.0, warmup_images=compress_recipe.batch)
    straight, stopped, resumed = (compress(recipe, pairs) for _ in range(3))
    for index in range(4):
        straight.step(index)
        if index < 2:
            stopped.step(index)
    resumed.load_state(stopped.state())
    for index in (2, 3):
        resumed.step(index)
    for name, network in straight.kept().items():
        assert are_equal(parameters_of(network), parameters_of(resumed.kept()[name])), name
