"""The small magnifier that ships: its file, its network, and what it is worth on rendered faces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bumps import clip, face, field, psnr, warped
from safetensors.torch import save_file

from mebench.errors import CheckpointError, ConfigError, MissingWeights
from mebench.magnification.compose import scaled_expression
from mebench.magnification.flowmag_lite import load, working_size
from mebench.magnification.flowmag_lite_checkpoint import read_lite, save_lite
from mebench.magnification.flowmag_lite_network import PLANES, LiteNetwork
from mebench.training.flowmag_lite_evaluation import evaluate, markdown, mean_score
from mebench.training.flowmag_lite_trials import Condition, trials
from mebench.weights.locate import find


def test_the_file_is_small_enough_to_ship():
    assert find("flowmag-lite").stat().st_size <= 4_000_000
    assert sum(parameter.numel() for parameter in read_lite(find("flowmag-lite")).parameters()) == 698_481


def test_a_file_is_read_as_it_was_written(tmp_path):
    torch.manual_seed(0)
    network = LiteNetwork()
    torch.nn.init.normal_(network.expression.weight, std=0.01)
    save_lite(network, tmp_path / "own.safetensors", {"step": "7"})
    x = torch.randn(1, PLANES, 64, 64)
    with torch.no_grad():
        for ours, theirs in zip(network(x), read_lite(tmp_path / "own.safetensors")(x), strict=True):
            assert torch.equal(ours, theirs)
    assert load(tmp_path / "own.safetensors").weights == "own.safetensors"


def test_another_network_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="another network"):
        load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load(path)
    with pytest.raises(MissingWeights, match="mebench train magnifier flowmag-lite"):
        load(tmp_path / "none.safetensors")


def test_an_untrained_network_trusts_the_flow_a_little():
    torch.manual_seed(0)
    x = torch.randn(2, PLANES, 64, 128)
    with torch.no_grad():
        found = LiteNetwork()(x)
    gate = torch.sigmoid(torch.tensor(-1.5))
    assert torch.allclose(found.expression, gate * x[:, 9:11], atol=1e-5)
    assert torch.equal(found.head, x[:, 11:13]) and not found.shade.any()


@pytest.mark.parametrize(
    ("size", "expected"), [((256, 256), (256, 256)), ((512, 384), (256, 192)), ((90, 300), (64, 256))]
)
def test_the_network_sees_frames_at_the_trained_size(size, expected):
    assert working_size(*size) == expected


def test_scaled_expression_moves_features_by_the_extra_displacement():
    """A bright spot displaced by head and expression goes on by (factor - 1) times the expression."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")

    def spot(column: float, row: float) -> torch.Tensor:
        return torch.exp(-((x - column) ** 2 + (y - row) ** 2) / 18).expand(1, 3, 64, 64)

    head, expression = torch.tensor([3.0, -1.0]), torch.tensor([1.5, 2.0])
    frame = spot(30 + 4.5, 30 + 1.0)
    fields = [field.view(1, 2, 1, 1).expand(1, 2, 64, 64) for field in (head + expression, expression)]
    for factor in (1.0, 2.5, 0.0):
        moved = scaled_expression(frame, *fields, torch.tensor([factor]), mode="bicubic")
        goal = spot(*(torch.tensor([30.0, 30.0]) + head + factor * expression).tolist())
        assert float((moved - goal).abs().max()) < 0.01


@pytest.fixture(scope="module")
def table():
    """One identity of two validation domains, noise and head motion: all cells of the card's table."""
    network = read_lite(find("flowmag-lite"))
    return evaluate(network, trials("validation", Condition(), 1, identities=1, domains="be"))


def test_it_beats_copying_and_measured_flow(table):
    means = {name: mean_score([s for cell in scores.values() for s in cell]) for name, scores in table.items()}
    learned = means["learned"]
    for name, mean in means.items():
        if not name.startswith(("oracle", "learned")):
            assert learned.psnr > mean.psnr + 0.5, name
            assert learned.epe < 0.8 * mean.epe, name


def test_no_expression_stays_no_expression():
    network = read_lite(find("flowmag-lite"))
    cases = trials("validation", Condition(expression=False), 1, identities=1, domains="adf")
    assert mean_score(evaluate(network, cases)["learned"][8.0, 0.0]).epe < 0.1


def test_the_table_is_printed_whole(table):
    lines = markdown(table).splitlines()
    assert len(lines) == 2 + len(table)
    assert lines[0].startswith("| method | factor 4, 0.5 px") and all(line.count("|") == 7 for line in lines[:1])
    assert not any("nan" in line for line in lines)
    assert np.isclose(float(lines[2].split("|")[-2].split("/")[0]), mean_of_cells(table["copy frame"]), atol=0.06)


def mean_of_cells(scores) -> float:
    return float(np.mean([np.mean([score.psnr for score in cell]) for cell in scores.values()]))


def test_adaptation_leaves_the_shipped_network_alone():
    """A copy is fitted, also inside inference mode; it explains the clip better, and the same clip gives the same copy."""
    torch.manual_seed(0)
    frames = torch.rand(3, 3, 8, 8)
    frames = torch.nn.functional.interpolate(frames, size=(64, 64), mode="bicubic").clamp(0, 1)
    plain, adapting = load(), load(adapt=2)
    before = [parameter.clone() for parameter in adapting._network.parameters()]
    with torch.inference_mode():
        first, second = (adapting.magnify(frames, 2.0, 0) for _ in range(2))
    assert torch.equal(first, second) and torch.equal(first[0], frames[0])
    assert not torch.equal(first, plain.magnify(frames, 2.0, 0))
    assert all(torch.equal(a, b) for a, b in zip(before, adapting._network.parameters(), strict=True))
    with pytest.raises(ConfigError, match="number of steps"):
        load(adapt=-1)


def test_a_factor_below_one_demagnifies():
    """The network separates motion for factors on both sides of 1; on warps of a photograph, which it has not seen."""
    motion = field(0, 1.0)
    small, large = clip(face(), warped(face(), motion)), clip(face(), warped(face(), 4.0 * motion))
    back = load().magnify(large, 0.25, 0)
    where = np.hypot(motion[..., 0], motion[..., 1]) > 0.1
    assert psnr(back[1], small[1], where) > psnr(large[1], small[1], where) + 1
