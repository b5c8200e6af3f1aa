"""I3D, the network of the Frechet video distance of papers, when the user has the file that they share."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from mebench.clip import Pixels
from mebench.errors import CheckpointError
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, video_frames
from mebench.metrics.sample import Sample
from mebench.weights import find

WEIGHTS = "i3d-kinetics"
SIDE, WIDTH = 224, 400


class I3d(ClipEncoder):
    """The 400 numbers before the softmax of I3D for 16 frames from onset to offset, scaled bilinearly to 224 x 224 and to
    [-1, 1]. Carreira and Zisserman, Quo Vadis, Action Recognition?, CVPR 2017. The TorchScript file is called with
    ``rescale=False, resize=False, return_features=True``, so that nothing but the network is taken from it.
    """

    name = "i3d"
    version = 1
    networks = (WEIGHTS,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        path = find(WEIGHTS)
        network = _network(path)
        seen = torch.from_numpy(np.ascontiguousarray(video_frames(frames, sample))).movedim(-1, 1).float() / 127.5 - 1.0
        small = functional.interpolate(seen, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        with torch.inference_mode():
            try:
                found = network(small.movedim(0, 1)[None], rescale=False, resize=False, return_features=True)
            except RuntimeError as error:
                raise CheckpointError(
                    f"{path} is TorchScript, but not the I3D file of FVD: {str(error).splitlines()[0]}"
                ) from error
        if not isinstance(found, torch.Tensor) or tuple(found.shape) != (1, WIDTH):
            raise CheckpointError(f"{path} does not give {WIDTH} features for a clip; it is not the I3D file of FVD.")
        return np.asarray(found[0].float().numpy(), dtype=np.float32)


@cache
def _network(path: Path) -> torch.jit.ScriptModule:
    try:
        with warnings.catch_warnings():  # torch deprecates the format, in which alone the file exists
            warnings.simplefilter("ignore", FutureWarning)
            network: torch.jit.ScriptModule = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is no TorchScript file; get the published i3d_torchscript.pt again.") from error
    return network.eval()


ENCODER = I3d()
