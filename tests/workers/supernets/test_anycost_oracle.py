"""That no recorded case of the official program is left out: each array is some test's.

A case is claimed by the test file that compares with it; the names here are patterns of arrays.
"""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

TESTS = Path(__file__).parents[2]
ORACLE = TESTS / "fixtures" / "anycost"

GENERATOR = "workers/supernets/test_anycost_generator.py"
DISCRIMINATORS = "workers/discriminators/test_anycost.py"
LOSSES = "workers/training/test_losses.py"
PATHS = "workers/training/test_path_length.py"

SIDE = r"(4|8|16|32|64)"
CLAIMED = {
    "g64_cases.npz": {
        GENERATOR: {
            r"z1|z2|wplus|wmean|noise_\d\d|style_z1",
            rf"full_z1\.rgb{SIDE}",
            r"full_z1_noise\.rgb64|full_z2_inj3\.rgb64|full_wplus\.rgb64|full_z1_trunc05\.rgb64",
            r"full_z1_tr16\.rgb(4|8|16)|mixedA_tr32\.rgb32",
            rf"(uniform1\.0|uniform0\.75|uniform0\.5|mixedA)\.rgb{SIDE}",
            r"cfg\.(full|uniform1\.0|uniform0\.75|uniform0\.5|mixedA)",
            r"act\.(input|conv1|to_rgb1|convs\.0|convs\.1|to_rgbs\.0|convs\.7)",
            r"grad\.(R|convs\.1\.activate\.bias|convs\.4\.conv\.weight|input\.input)",
            r"grad\.convs\.2\.conv\.modulation\.bias",
        },
        PATHS: {
            r"pl\.(noise|styles|mean_in|mean_out|lengths|penalty)",
            r"pl\.grad\.(conv1\.conv\.weight|convs\.6\.conv\.modulation\.weight)",
        },
    },
    "d64_cases.npz": {
        DISCRIMINATORS: {
            r"img(8|16|32|64)",
            r"(ratios|g_arch)\.(all1|all025|mix)",
            r"cond\.(all1\.img\d+\.b8|all025\.img\d+\.b8|mix\.img\d+\.b(8|4|2|1))",
            r"(multires\.img(8|16|32|64)|plain\.img64)\.b(8|2)",
            r"act\.cond\.mix\.img64\.b4\.(block[0-3]|mbstd)",
            r"loss\.(real_pred|fake_pred|r1_img32_b4_mix)",
            r"grad\.r1\.blocks\.3\.conv1\.(0\.weight|1\.weight_mapping\.weight)",
        },
        LOSSES: {
            r"loss\.(d_logistic|g_nonsat)",
            r"distill\.(teacher64|teacher_pyr(8|16|32|64)|student(8|16|32|64)|mse_sum)",
        },
    },
}
STATES = {
    "g64_state.safetensors": (91, GENERATOR),
    "d64_cond_state.safetensors": (66, DISCRIMINATORS),
    "d64_multires_state.safetensors": (42, DISCRIMINATORS),
    "d64_plain_state.safetensors": (36, DISCRIMINATORS),
}
TABLES = {
    "macs_1024.json": "search_service/spaces/test_anycost_cost.py",
    "sampling_1024.json": "search_service/spaces/test_anycost_sampling.py",
}


def claims(file: str) -> list[tuple[str, str]]:
    return [(pattern, test) for test, names in CLAIMED[file].items() for pattern in names]


@pytest.mark.parametrize("file", CLAIMED)
def test_every_recorded_array_is_claimed_by_one_test(file: str) -> None:
    for name in np.load(ORACLE / file).files:
        owners = {test for pattern, test in claims(file) if re.fullmatch(pattern, name)}
        assert len(owners) == 1, name


@pytest.mark.parametrize("file", CLAIMED)
def test_every_claim_is_of_a_recorded_array_and_made_in_its_test(file: str) -> None:
    recorded = np.load(ORACLE / file).files
    for pattern, test in claims(file):
        assert any(re.fullmatch(pattern, name) for name in recorded), pattern
        assert file in (TESTS / test).read_text(), test
    # a case is named in its test, whole or by the words that it is put together of
    for name in recorded:
        (test,) = {test for pattern, test in claims(file) if re.fullmatch(pattern, name)}
        text, words = (TESTS / test).read_text(), re.findall(r"[A-Za-z]+", name)
        assert all(word in text for word in words), name


@pytest.mark.parametrize("file", STATES)
def test_every_recorded_state_is_loaded_whole_by_its_test(file: str) -> None:
    count, test = STATES[file]
    with safe_open(ORACLE / file, "np") as state:
        assert len(list(state.keys())) == count
    assert file in (TESTS / test).read_text()


@pytest.mark.parametrize("file", TABLES)
def test_every_recorded_table_is_read_by_its_test(file: str) -> None:
    assert json.loads((ORACLE / file).read_text())
    assert file in (TESTS / TABLES[file]).read_text()


def test_every_file_of_the_fixtures_is_claimed() -> None:
    files = {path.name for path in ORACLE.iterdir()} - {"README.md"}
    assert files == {*CLAIMED, *STATES, *TABLES}
