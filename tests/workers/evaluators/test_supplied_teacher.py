import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from search_service import spaces
from search_service.domain.space import smallest
from search_service.domain.teacher import SuppliedTeacher
from search_service.errors import InvalidFile
from search_service.spaces.gan_compression import GanCompressionParameters
from tests.support.elsewhere import ELSEWHERE, Elsewhere
from workers.checkpoints import save_weights
from workers.evaluators.supplied_teacher import open_teacher
from workers.images.one_hot import one_hot
from workers.supernets.gan_compression import resnet_generator, spade_generator

RESNET = GanCompressionParameters(
    base_channels=8, blocks=3, image_size=16, input_channels=1, channels=((4, 8),) * 8
)
SPADE = GanCompressionParameters(
    generator="spade", base_channels=4, image_size=64, aspect_ratio=2.0, input_channels=4
)
ANY = smallest(spaces.build("gan-compression", {"base_channels": 4}))


def written(network: torch.nn.Module, folder: Path) -> tuple[str, str]:
    path = folder / "teacher.safetensors"
    save_weights(network, path)
    return str(path), hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["dense", "mobile"])
@torch.no_grad()
def test_a_teacher_of_another_size_makes_its_own_images(kind: str, tmp_path: Path) -> None:
    size = replace(RESNET, base_channels=12, blocks=2, channels=())
    build = resnet_generator.dense_teacher if kind == "dense" else resnet_generator.mobile_generator
    network = build(size)
    checkpoint, digest = written(network, tmp_path)
    about = SuppliedTeacher(
        checkpoint=checkpoint, digest=digest, kind=kind, base_channels=12, blocks=2
    )
    x = torch.rand(3, 1, 16, 16) * 2 - 1
    assert torch.equal(open_teacher(about, RESNET)(x, ANY), network(x))


@torch.no_grad()
def test_one_that_paints_takes_maps_as_they_are_stored(tmp_path: Path) -> None:
    network = spade_generator.dense_teacher(replace(SPADE, base_channels=2)).eval()
    checkpoint, digest = written(network, tmp_path)
    about = SuppliedTeacher(checkpoint=checkpoint, digest=digest, base_channels=2)
    maps = torch.randint(0, 2, (18, 2, 32, 64), dtype=torch.uint8)
    images = open_teacher(about, SPADE)(maps, ANY)
    torch.testing.assert_close(images, network(one_hot(maps, 4)))


@torch.no_grad()
def test_it_may_be_on_another_device(tmp_path: Path) -> None:
    network = spade_generator.dense_teacher(replace(SPADE, base_channels=2))
    checkpoint, digest = written(network, tmp_path)
    about = SuppliedTeacher(checkpoint=checkpoint, digest=digest, base_channels=2)
    maps = torch.randint(0, 2, (3, 2, 32, 64), dtype=torch.uint8)
    with Elsewhere():
        there = open_teacher(about, SPADE, placement=ELSEWHERE)
        found = there(maps.to(ELSEWHERE), ANY).cpu()
    assert torch.equal(found, open_teacher(about, SPADE)(maps, ANY))


def test_what_does_not_fit_or_has_changed_is_refused(tmp_path: Path) -> None:
    network = resnet_generator.dense_teacher(replace(RESNET, channels=()))
    checkpoint, digest = written(network, tmp_path)
    about = SuppliedTeacher(checkpoint=checkpoint, digest=digest, base_channels=8, blocks=3)
    open_teacher(about, RESNET)
    with pytest.raises(InvalidFile, match="does not fit ResnetGenerator"):
        open_teacher(replace(about, base_channels=12), RESNET)
    with pytest.raises(InvalidFile, match="has changed: its SHA-256 is"):
        open_teacher(replace(about, digest="0" * 64), RESNET)
    with pytest.raises(InvalidFile, match="cannot read"):
        open_teacher(replace(about, checkpoint=str(tmp_path / "none")), RESNET)
