"""FID and LPIPS against the packages' own way on the same frames: ``python benchmarks/judges.py [--frames 48]``.

Two folders of so many frames (256 px, PNG). FID: ``python -m pytorch_fid a b --device cpu``, against mebench's Inception
features and Frechet distance. LPIPS: the loop of the package's ``lpips_2dirs.py``, one pair of files after the other, against
``mebench.metrics.realism.lpips``. Published Inception weights are not needed: both sides get one file of random values,
which take the same time. Ours read the same files; start-up is part of both (imports and weights), and is given apart. One
thread; times of the processor, child processes included. Also: the same numbers again from stored vectors.
"""

from __future__ import annotations

import os

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

PUBLISHED = "pt_inception-2015-12-05-6726825d.pth"

THEIR_LPIPS = """
import os, sys, torch, lpips
from safetensors.torch import load_file
judge = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
weights = load_file(sys.argv[1])
for name, index in (("slice1.0", 0), ("slice2.3", 3), ("slice3.6", 6), ("slice4.8", 8), ("slice5.10", 10)):
    judge.net.get_submodule(name).load_state_dict({k: weights[f"features.{index}.{k}"] for k in ("weight", "bias")})
total = 0.0
files = sorted(os.listdir("a"))
for file in files:
    pair = [lpips.im2tensor(lpips.load_image(os.path.join(folder, file))) for folder in "ab"]
    with torch.no_grad():
        total += judge.forward(*pair).item()
print(total / len(files))
"""

OUR_LPIPS = """
import numpy as np
from mebench.images import read_folder
from mebench.metrics.realism.lpips import distances
print(float(np.mean(distances(read_folder("a"), read_folder("b")))))
"""

OUR_FID = """
import sys, numpy as np, torch
from mebench.images import read_folder
from mebench.metrics.encoders.inception_network import fid_inception, inception_features
from mebench.statistics.distances import frechet
network = fid_inception()
network.load_state_dict(torch.load(sys.argv[1], weights_only=True))
network.eval()
rows = []
with torch.inference_mode():
    for folder in "ab":
        frames = torch.from_numpy(read_folder(folder)).movedim(-1, 1).float() / 255.0
        rows += [inception_features(network, batch, 2048).double().numpy() for batch in frames.split(8)]
rows = np.concatenate(rows)
np.save("vectors.npy", rows)
real = np.arange(len(rows)) >= len(rows) // 2
print(frechet(rows, np.arange(len(rows)), real)(~real * 1.0, real * 1.0))
"""

AGAIN = """
import numpy as np
from mebench.statistics.distances import frechet
rows = np.load("vectors.npy")
real = np.arange(len(rows)) >= len(rows) // 2
print(frechet(rows, np.arange(len(rows)), real)(~real * 1.0, real * 1.0))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=48)
    count = parser.parse_args().frames
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_frames(folder, count)
        inception = _random_inception(folder)
        from mebench.metrics.encoders.alexnet_network import weights_file

        compare("LPIPS", folder, ["-c", THEIR_LPIPS, str(weights_file())], ["-c", OUR_LPIPS], count)
        theirs = ["-m", "pytorch_fid", "a", "b", "--device", "cpu", "--num-workers", "0", "--batch-size", "8"]
        compare("FID", folder, theirs, ["-c", OUR_FID, str(inception)], count)
        value, seconds = spent(folder, ["-c", AGAIN])
        print(f"FID from stored vectors: {value:.6g} in {seconds:.2f} s with start-up")  # noqa: T201


def compare(name: str, folder: Path, theirs: list[str], ours: list[str], count: int) -> None:
    """Both on the same frames, and the ratio."""
    (their_value, their_seconds), (our_value, our_seconds) = spent(folder, theirs), spent(folder, ours)
    ratio = their_seconds / our_seconds
    print(  # noqa: T201
        f"{name:6s} {count} pairs: package {their_value:.6g} in {their_seconds:.2f} s, mebench {our_value:.6g} in "
        f"{our_seconds:.2f} s: {ratio:.2f} times as fast",
        flush=True,
    )


def spent(folder: Path, command: list[str]) -> tuple[float, float]:
    """The number that a Python command prints last, and its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "TORCH_HOME": str(folder / "torch"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(done.stdout.strip().rpartition(" ")[2].rpartition("\n")[2]), seconds


def _write_frames(folder: Path, count: int) -> None:
    random = np.random.default_rng(0)
    for name, contrast in (("a", 40.0), ("b", 50.0)):
        (folder / name).mkdir()
        for index in range(count):
            coarse = random.normal(128.0, contrast, (16, 16, 3)).astype(np.float32)
            frame = np.clip(cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{index:04d}.png"), frame)


def _random_inception(folder: Path) -> Path:
    """A file with the names and shapes of the published one, where the package looks for it."""
    import torch

    from mebench.metrics.encoders.inception_network import fid_inception

    path = folder / "torch" / "hub" / "checkpoints" / PUBLISHED
    path.parent.mkdir(parents=True)
    network = fid_inception()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_var", "bn.weight")):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif tensor.is_floating_point():
            fan_in = max(1, tensor[0].numel()) if tensor.ndim > 1 else 100
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2.0 / fan_in) ** 0.5)
    torch.save(network.state_dict(), path)
    return path


if __name__ == "__main__":
    main()
