from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from search_service.artifacts import Artifacts
from search_service.domain.space import sample
from search_service.domain.training import FinetuneSpec
from search_service.errors import NotFound
from search_service.spaces.gan_compression import GanCompressionParameters, GanCompressionSpace
from workers.runners.finetune import embedded, with_critic
from workers.supernets.gan_compression.resnet import ResnetSupernet, new_subnet
from workers.supernets.gan_compression.spade import SpadeSupernet
from workers.supernets.gan_compression.spade import new_subnet as new_spade_subnet


def test_a_supernet_with_a_subnet_embedded_is_that_subnet_at_its_architecture() -> None:
    parameters = GanCompressionParameters(
        base_channels=8, blocks=2, image_size=16, input_channels=1, output_channels=1
    )
    space = GanCompressionSpace(parameters)
    supernet = ResnetSupernet(space)
    before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    architecture = sample(space, np.random.default_rng(0))
    subnet = new_subnet(space, architecture)
    supernet.load_state_dict(embedded(supernet.state_dict(), subnet.state_dict()))
    x = torch.rand(2, 1, 16, 16) * 2 - 1
    with torch.no_grad():
        assert torch.equal(supernet(x, architecture), subnet(x))
    for name, tensor in supernet.extract(architecture).state_dict().items():
        assert torch.equal(tensor, subnet.state_dict()[name])
    outside = [
        name for name, t in supernet.state_dict().items() if not torch.equal(t, before[name])
    ]
    assert outside  # something was written, and what lies beyond the subnet was not
    for name, tensor in subnet.state_dict().items():
        changed = supernet.state_dict()[name] != before[name]
        changed[tuple(slice(size) for size in tensor.shape)] = False
        assert not changed.any()


def test_so_has_a_spade_supernet_with_the_subnets_statistics() -> None:
    parameters = GanCompressionParameters(
        generator="spade", base_channels=4, image_size=64, aspect_ratio=2.0, input_channels=3
    )
    space = GanCompressionSpace(parameters)
    supernet = SpadeSupernet(space).eval()
    architecture = sample(space, np.random.default_rng(0))
    subnet = new_spade_subnet(space, architecture)
    subnet.train()(torch.rand(2, 3, 32, 64))  # which moves its running statistics
    supernet.load_state_dict(embedded(supernet.state_dict(), subnet.state_dict()))
    maps = torch.rand(2, 3, 32, 64)
    with torch.no_grad():
        assert torch.equal(supernet(maps, architecture), subnet.eval()(maps))


def test_the_discriminator_that_is_kept_is_what_the_run_begins_with(tmp_path: Path) -> None:
    artifacts = Artifacts(str(tmp_path / "artifacts"))
    kept = artifacts.put(b"judges", media_type="application/octet-stream")
    recipe = {"images": 8, "critic": {"base_channels": 2}}
    spec = FinetuneSpec(evaluation="e", supernet="s", parent="j", recipe=recipe, critic=kept)
    begun = with_critic(spec, tmp_path, artifacts)
    assert Path(begun["critic"].pop("weights")).read_bytes() == b"judges"
    assert begun == recipe
    assert with_critic(replace(spec, critic=""), tmp_path, artifacts) == recipe
    with pytest.raises(NotFound):
        with_critic(replace(spec, critic=f"art_{'0' * 26}"), tmp_path, artifacts)
