"""Search quality: hypervolume of every searcher at equal evaluations, over seeds.

python benchmarks/searchers.py                                   # a formula, in seconds
python benchmarks/searchers.py --supernet zoo/anycost-fashion32 --memo fid.json
python benchmarks/searchers.py --supernet zoo/anycost-fashion32 --memo fid.json --surrogate

The objectives are FID at 256 samples and MACs. Every FID that is measured is kept in the memo,
{architecture: {"fid": value}}, so a second run measures only what is new. With `--surrogate`
nothing is measured: FID is a ridge regression fitted to the memo, which is exact where it was
measured. Without a supernet, a formula of two costs in conflict stands for both.

The reference point lies a tenth beyond the worst of all runs in each objective; a hypervolume of 1
is that of the front of all runs together.
"""

import argparse
import atexit
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_service import searchers, spaces
from search_service.domain import pareto
from search_service.domain.space import Architecture, SearchSpace, indices_of
from search_service.searchers.base import Problem, Told

Measure = Callable[[Architecture], tuple[float, ...]]
Runs = dict[str, list[NDArray[np.float64]]]  # by searcher, a (evaluations, objectives) per seed

SAMPLES = 256  # images per FID
RIDGE = 1e-2
SEARCHERS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "random": ("random", {}),
    "nsga2": ("nsga2", {}),
    "evolution (20)": ("evolution", {"population_size": 20}),
    "evolution (100)": ("evolution", {}),
    "optuna TPE multivariate": ("optuna", {"options": {"multivariate": True}}),
    "optuna NSGA-II": ("optuna", {"sampler": "NSGAIISampler"}),
    "optuna GP": ("optuna", {"sampler": "GPSampler"}),
}
SLOW = {"optuna GP"}  # seconds per proposal, growing: stopped at --slow-evaluations


def main() -> None:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supernet", type=Path, help="a folder with parameters.json and weights")
    parser.add_argument("--memo", type=Path, default=Path("fid.json"), help="measured FIDs")
    parser.add_argument("--surrogate", action="store_true", help="fit the memo, measure nothing")
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--slow-evaluations", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--window", type=int, default=16, help="candidates in flight")
    parser.add_argument("--only", action="append", choices=SEARCHERS, help="repeat for several")
    asked = parser.parse_args()

    if asked.supernet is None:
        space = spaces.build("anycost", {"resolution": 32, "channel_multiplier": 0.0625})
        measure = formula(space)
    else:
        described = json.loads((asked.supernet / "parameters.json").read_text())
        space = spaces.build(described["family"], described["parameters"])
        make = fitted if asked.surrogate else measured
        measure = make(space, asked.memo, supernet=asked.supernet)

    runs: Runs = {}
    for name in asked.only or SEARCHERS:
        count = min(asked.evaluations, asked.slow_evaluations if name in SLOW else 10**9)
        runs[name] = [
            run(name, space, measure, seed=seed, count=count, window=asked.window)
            for seed in range(asked.seeds)
        ]
    marks = [n for n in (50, 100, 200, 300, 500, 1000) if n < asked.evaluations]
    for line in table(runs, [*marks, asked.evaluations]):
        print(line)


def run(
    name: str, space: SearchSpace, measure: Measure, *, seed: int, count: int, window: int
) -> NDArray[np.float64]:
    """Costs of the first `count` proposals, (count, objectives)."""
    kind, parameters = SEARCHERS[name]
    problem = Problem(space=space, objectives=2, admits=lambda _: True)
    searcher = searchers.build(
        kind, problem=problem, seed=seed, window=window, parameters=parameters
    )
    proposed: list[Architecture] = []
    told: list[Told] = []
    while len(proposed) < count:
        architecture = searcher.ask(proposed, told[: max(0, len(proposed) - window)])
        if architecture is None:
            break
        proposed.append(architecture)
        told.append(Told(architecture=architecture, costs=measure(architecture)))
    return np.array([t.costs for t in told])


def table(runs: Runs, marks: Sequence[int]) -> Iterator[str]:
    """Markdown: median and quartiles of the relative hypervolume after so many evaluations."""
    union = np.concatenate([costs for seeds in runs.values() for costs in seeds])
    worst = union.max(axis=0)
    reference = worst + 0.1 * np.abs(worst)
    whole = pareto.hypervolume(union, reference)
    yield "| searcher | " + " | ".join(map(str, marks)) + " |"
    yield "|---|" + "---|" * len(marks)
    for name, seeds in runs.items():
        cells = []
        for mark in marks:
            reached = [
                pareto.hypervolume(c[:mark], reference) / whole for c in seeds if len(c) >= mark
            ]
            cells.append(_quartiles(reached) if reached else "–")
        yield f"| {name} | " + " | ".join(cells) + " |"


def _quartiles(values: Sequence[float]) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.4f} ({low:.4f}–{high:.4f})"


def formula(space: SearchSpace) -> Measure:
    """Wide layers are dear, narrow ones bad, uneven neighbours worse."""
    top = np.array([max(1, len(choice.options) - 1) for choice in space.choices])

    def measure(architecture: Architecture) -> tuple[float, ...]:
        width = (np.array(indices_of(space, architecture)) + 0.5) / (top + 0.5)
        bad = float(np.sum((1 - width) ** 2) + np.sum(np.diff(width) ** 2))
        return bad, float(np.sum(width[:-1] * width[1:]) + width.sum())

    return measure


def measured(space: SearchSpace, memo: Path, *, supernet: Path) -> Measure:
    """FID of generated images, measured where the memo has none, and MACs."""
    from search_service.domain.measurement import MeasurementRequest, Protocol
    from workers.checkpoints import read_weights
    from workers.evaluation import ArchitectureEvaluator, Judging

    described = json.loads((supernet / "parameters.json").read_text())
    evaluator = ArchitectureEvaluator(
        family=described["family"],
        parameters=described["parameters"],
        weights={k: v.numpy() for k, v in read_weights(supernet / "weights.safetensors").items()},
        judging=Judging(
            dataset=described["dataset"],
            feature_extractor=described["feature_extractor"],
            references=memo.parent,
        ),
    )
    protocol = Protocol(
        objective="fid", parameters={**evaluator.fid_protocol, "samples": SAMPLES, "seed": 0}
    )
    known = read_memo(memo)
    atexit.register(write_memo, memo, known)

    def measure(architecture: Architecture) -> tuple[float, ...]:
        text = str(architecture)
        if text not in known:
            request = MeasurementRequest(
                supernet=supernet.name, supernet_digest="", architecture=text, protocol=protocol
            )
            known[text] = evaluator.measure(request).value
            if len(known) % 100 == 0:  # a stopped run keeps most of what it measured
                write_memo(memo, known)
        return known[text], float(space.macs(architecture))

    return measure


def fitted(space: SearchSpace, memo: Path, *, supernet: Path) -> Measure:
    """FID by a ridge regression of its logarithm on the options, their neighbours' products and
    the resolution; prints how well it explains measurements that it was not fitted to."""
    known = read_memo(memo)
    if len(known) < 100:
        raise SystemExit(f"{memo} holds {len(known)} FIDs of {supernet}; a fit needs 100")
    inputs = np.array([_features(space, space.parse(text)) for text in known])
    logs = np.log(np.array(list(known.values())))
    held = np.arange(len(logs)) % 5 == 0
    guess = inputs[held] @ _ridge(inputs[~held], logs[~held])
    explained = 1 - np.mean((guess - logs[held]) ** 2) / np.var(logs[held])
    print(f"Surrogate of {len(known)} FIDs; explains {explained:.3f} of a held-out fifth.\n")
    weights = _ridge(inputs, logs)

    def measure(architecture: Architecture) -> tuple[float, ...]:
        guess = float(np.exp(_features(space, architecture) @ weights))
        return known.get(str(architecture), guess), float(space.macs(architecture))

    return measure


def _features(space: SearchSpace, architecture: Architecture) -> NDArray[np.float64]:
    indices = indices_of(space, architecture)
    ones = [
        float(index == k)
        for index, choice in zip(indices, space.choices, strict=True)
        for k in range(len(choice.options))
    ]
    widths = np.array(indices[1:], dtype=float)
    # A subnet of a lower resolution is another net: every effect is its own there.
    at = [float(indices[0] == k) for k in range(len(space.choices[0].options))]
    return np.concatenate([[1.0], ones, widths[:-1] * widths[1:], np.outer(at, widths).ravel()])


def _ridge(inputs: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    gram = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, inputs.T @ values), dtype=np.float64)


def read_memo(memo: Path) -> dict[str, float]:
    """FID by architecture text; empty when there is no file yet."""
    if not memo.exists():
        return {}
    return {text: float(values["fid"]) for text, values in json.loads(memo.read_text()).items()}


def write_memo(memo: Path, known: Mapping[str, float]) -> None:
    """Replace the file in one step."""
    fresh = memo.with_suffix(".new")
    fresh.write_text(json.dumps({text: {"fid": value} for text, value in known.items()}, indent=0))
    fresh.replace(memo)


if __name__ == "__main__":
    main()
