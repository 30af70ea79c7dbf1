"""FID of a trained supernet at uniform widths: `python -m workers.training.scores FOLDER`.

The folder holds `weights.safetensors` and `parameters.json`; `scores.json` is written beside them.
The floor is what real test images score, against the same statistics of real training images.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import torch

from search_service.errors import GansearchError, InvalidFile
from search_service.spaces.anycost import RATIOS
from workers import supernets, zoo
from workers.checkpoints import load_weights, write_atomically
from workers.evaluators.estimate import Estimate
from workers.evaluators.extractors import open_extractor
from workers.evaluators.fid import FidEvaluator
from workers.evaluators.inputs import latent_inputs
from workers.evaluators.jackknife import frechet_interval
from workers.evaluators.reference import find_or_compute
from workers.images import DATASETS
from workers.supernets.anycost import AnycostSupernet

BATCH_SIZE = 500


def score(folder: Path, *, samples: int, seed: int, data: Path | None = None) -> dict[str, Any]:
    """Every side at every ratio, and the floor; raises InvalidFile for a bad folder or data."""
    try:
        settings = json.loads((folder / "parameters.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise InvalidFile(f"cannot read {folder / 'parameters.json'}: {error}") from error
    supernet = supernets.build(settings["family"], settings["parameters"])
    assert isinstance(supernet, AnycostSupernet)
    load_weights(supernet, folder / "weights.safetensors")
    extractor = open_extractor(settings["feature_extractor"])
    reference = find_or_compute(
        settings["dataset"],
        "train",
        extractor,
        folders=(zoo.folder() / "reference", folder / "reference"),
        data=data,
    )
    side = supernet.space.parameters.resolution
    evaluator = FidEvaluator(
        supernet,
        inputs=latent_inputs(supernet.space.parameters, settings["dataset"], data),
        side=side,
        extractor=extractor,
        reference=reference,
    )
    rows = []
    for resolution in reversed(supernet.space.resolutions):
        for ratio in reversed(RATIOS):
            architecture = supernet.space.uniform(ratio, resolution)
            result = evaluator.measure(architecture, samples=samples, seed=seed)
            facts = {"resolution": resolution, "ratio": ratio, "architecture": str(architecture)}
            rows.append({**facts, **rounded(result.estimate)})
    real = DATASETS[settings["dataset"]](data, "test")
    batches = torch.split(torch.from_numpy(real.images), BATCH_SIZE)
    features = torch.cat([extractor(batch) for batch in batches]).numpy()
    floor = rounded(frechet_interval(features, reference.frechet))
    return {
        "objective": "fid",
        "samples": samples,
        "seed": seed,
        "protocol": dict(evaluator.protocol),
        "floor": {"images": f"{settings['dataset']}.test", "samples": len(features), **floor},
        "supernet": rows,
    }


def rounded(estimate: Estimate) -> dict[str, float]:
    """As it is published: the value and its 95 % interval."""
    ends = {"fid": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: round(value, 4) for name, value in ends.items()}


def main(words: list[str] | None = None) -> int:
    """Write the scores; 1 with one line on stderr when that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.scores", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the latents")
    parser.add_argument("--data", type=Path, help="the data set's folder")
    arguments = parser.parse_args(words)
    torch.set_num_threads(1)
    try:
        scores = score(
            arguments.folder, samples=arguments.samples, seed=arguments.seed, data=arguments.data
        )
    except GansearchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    content = json.dumps(scores, indent=2) + "\n"
    write_atomically(arguments.folder / "scores.json", content.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
