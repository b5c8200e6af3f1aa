"""FSRT's networks and animation against the golden files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fsrt_golden import FsrtCase, cases, is_fsrt

from mebench.backbones.fsrt.animate import Transfer, best_frame, render
from mebench.backbones.fsrt.encoding import encode_keypoints, encode_pixels, pixel_centres

MODES = {
    "absolute": Transfer(relative=False),
    "relative": Transfer(adapt_scale=False),
    "relative_adapt": Transfer(),
}
RENDERED_RAW = 1
"""The driving frame of ``render_*_raw`` and ``allocation_*``."""


@pytest.mark.golden(reads=is_fsrt)
def test_clip(golden, fill):
    """Names and shapes, and every stored array of a rendering case, from the reduced source to the animated clip."""
    for case in cases(golden, fill, "kp_source"):
        parts = case.networks()
        for part, network in parts.items():
            shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
            assert shapes == case.spec["state_dict"][part], f"{case.name}: {part}"
        with torch.no_grad():
            ours = _rendered(case, parts)
        assert set(case.arrays) <= set(ours), f"{case.name}: nothing is compared with {set(case.arrays) - set(ours)}"
        for name in case.arrays:
            case.compare(name, ours[name])


def _rendered(case: FsrtCase, parts: dict[str, torch.nn.Module]) -> dict[str, torch.Tensor]:
    source, driving = case.input("source"), case.input("driving")
    size = source.shape[-1]
    step, token_step = case.spec.get("feature_stride", 1), case.spec.get("token_stride", [1, 1])
    found, moved = (parts["kp_detector"].detect(images) for images in (source, driving))
    expression, driver = (parts["expression_encoder"](detected) for detected in (found, moved))
    points = found.points[None], expression[None]
    patches = torch.cat([parts["encoder"].patch_tokens(source[i : i + 1], found.points[i : i + 1], expression[i : i + 1])
                         for i in range(len(source))])  # fmt: skip
    tokens = parts["encoder"](source[None], *points)[0]
    keys = parts["decoder"].key_values(tokens[None])
    thin = tuple(slice(None, None, stride) for stride in token_step)
    ours = {
        "down_source0": parts["kp_detector"].down(source)[0, ..., ::step, ::step],
        "feature_map_source0": found.features[0, ..., ::step, ::step],
        "heatmap_source0": found.heatmap[0, ..., ::step, ::step],
        "kp_source": found.points,
        "kp_driving": moved.points,
        "expression_source": expression,
        "expression_driving": driver,
        "posenc_source0_row": _row_encoding(case, found.points[:1], size),
        "patch_tokens": patches.flatten(0, 1)[thin],
        "tokens": tokens[thin],
    }
    for mode, transfer in MODES.items():
        target = transfer.points(found.points[:1], moved.points, moved.points[:1])
        ours[f"kp_{mode}"] = target
        raw = render(parts["decoder"], target, driver, keys, size)
        flat = raw[RENDERED_RAW].flatten(1).mT[:: case.spec.get("query_stride", 1)]
        ours[f"render_{mode}_raw"] = flat
        ours[f"animation_{mode}"] = raw.clamp(0, 1).movedim(1, -1)
        queries = pixel_centres(size)[:: case.spec.get("query_stride", 1)]
        queries = queries[:: max(1, len(queries) // 64)]
        one = slice(RENDERED_RAW, RENDERED_RAW + 1)
        ours[f"allocation_{mode}"] = parts["decoder"].allocate(queries, target[one], driver[one], keys)[0]
    for name in case.arrays:
        if name.startswith("animation_best_frame_"):
            first = int(name.rpartition("_")[2])
            ours[name] = _from_best_frame(case, parts, found, moved, driver, keys, first, size)
    return ours


def _row_encoding(case: FsrtCase, points: torch.Tensor, size: int) -> torch.Tensor:
    """Key-point encoding, then pixel encoding, channels first, at row H // 3."""
    config = case.config.encoder
    row = pixel_centres(size).reshape(size, size, 2)[size // 3]
    return torch.cat((encode_keypoints(points, config).expand(size, -1), encode_pixels(row, config)), dim=1).mT


def _from_best_frame(case, parts, found, moved, driver, keys, first, size):
    """Both passes start at the best frame: it is the reference of the whole clip."""
    target = Transfer().points(found.points[:1], moved.points, moved.points[first : first + 1])
    return render(parts["decoder"], target, driver, keys, size).clamp(0, 1).movedim(1, -1)


@pytest.mark.golden(reads=is_fsrt)
def test_best_frame(golden, fill):
    for case in cases(golden, fill, "landmarks_source", "costs"):
        index, costs = best_frame(case.arrays["landmarks_source"], case.arrays["landmarks_driving"])
        assert index == int(case.arrays["index"])
        case.compare("costs", np.asarray(costs))
