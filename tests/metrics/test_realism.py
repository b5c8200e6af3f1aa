"""PSNR, SSIM and LPIPS against second implementations and by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from moving_face import jpeg, portrait, sensor
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional

from mebench.metrics.realism import lpips as lpips_module
from mebench.metrics.realism.lpips import METRIC as LPIPS
from mebench.metrics.realism.lpips import distances
from mebench.metrics.realism.psnr import METRIC as PSNR
from mebench.metrics.realism.ssim import METRIC as SSIM
from mebench.metrics.realism.ssim import frame_ssim
from mebench.metrics.sample import luma


def pairs():
    image = portrait()
    yield image, sensor(image[None], 8.0, seed=3)[0]
    yield image, jpeg(image[None], 20)[0]
    yield image[::-1], image
    yield image, np.roll(image, 2, axis=1)


def test_psnr_pools_the_squared_error_over_the_clip(laboratory):
    sample = laboratory.sample(laboratory.output())
    assert PSNR.score(sample) == pytest.approx(
        peak_signal_noise_ratio(sample.reference, sample.output, data_range=255), abs=1e-9
    )
    half = sample.reference.copy()
    half[::2] = 255 - half[::2]
    assert PSNR.score(replace(sample, output=half)) < 12.0  # the copied half does not hide the other


def test_psnr_of_one_wrong_value_stays_below_the_cap(laboratory):
    sample = laboratory.sample(laboratory.truth_frames.copy())
    assert PSNR.score(sample) == 100.0
    sample.output[:, 0, 0, 0] ^= 1
    sample.output[:, 7, :, 1] ^= 1
    assert PSNR.score(sample) < 100.0


def test_ssim_is_that_of_scikit_image():
    for first, second in pairs():
        expected = structural_similarity(
            first,
            second,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
            channel_axis=-1,
        )
        assert frame_ssim(first, second) == pytest.approx(expected, abs=1e-10)


def test_ssim_is_the_mean_over_frames(laboratory):
    sample = laboratory.sample(laboratory.output())
    frames = [frame_ssim(a, b) for a, b in zip(sample.output, sample.reference, strict=True)]
    assert SSIM.score(sample) == pytest.approx(np.mean(frames))


def plain_lpips(first, second):
    """LPIPS written down once more, from the paper's equation 1 and the two weight files."""
    import lpips
    from safetensors.torch import load_file

    features = load_file(lpips_module.weights_file())
    heads = torch.load(f"{lpips.__path__[0]}/weights/v0.1/alex.pth", map_location="cpu", weights_only=True)
    shift, scale = (torch.tensor(v).view(1, 3, 1, 1) for v in ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)))

    def layers(image):
        x = (torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1.0 - shift) / scale
        for layer, (index, stride, padding) in enumerate(((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))):
            if layer in (1, 2):
                x = functional.max_pool2d(x, 3, 2)
            weight, bias = features[f"features.{index}.weight"], features[f"features.{index}.bias"]
            x = functional.relu(functional.conv2d(x, weight, bias, stride, padding))
            yield x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)

    total = 0.0
    for layer, (a, b) in enumerate(zip(layers(first), layers(second), strict=True)):
        total += functional.conv2d((a - b) ** 2, heads[f"lin{layer}.model.1.weight"]).mean().item()
    return total


def test_lpips_is_the_paper_s_equation():
    for first, second in pairs():
        assert distances(first[None], second[None])[0] == pytest.approx(plain_lpips(first, second), rel=1e-4, abs=1e-7)


def test_lpips_does_not_depend_on_the_batch():
    clip, other = sensor(np.repeat(portrait()[None], 11, axis=0), 4.0, seed=1), sensor(portrait()[None], 4.0, seed=2)
    together = distances(clip, np.repeat(other, 11, axis=0))
    alone = [distances(frame[None], other)[0] for frame in clip]
    assert together == pytest.approx(alone, abs=1e-6)


def test_lpips_leaves_the_random_generator_alone(laboratory):
    lpips_module.network.cache_clear()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    LPIPS.score(laboratory.sample(laboratory.still()))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("metric", [PSNR, SSIM, LPIPS], ids=lambda metric: metric.facts.name)
def test_grey_is_luma_repeated(metric, laboratory):
    """With a grey reference, a colour output scores as its own luma does."""
    colour = laboratory.sample(laboratory.output())
    truth = replace(colour.truth, frames=luma(colour.truth.frames))
    first = metric.score(replace(colour, truth=truth))
    assert first == metric.score(replace(colour, truth=truth, output=luma(colour.output)))
    assert first != metric.score(colour)


@pytest.mark.parametrize(("metric", "sign"), [(PSNR, 1), (SSIM, 1), (LPIPS, -1)], ids=["psnr", "ssim", "lpips"])
def test_more_noise_is_worse(metric, sign, laboratory):
    scores = [
        sign * metric.score(laboratory.sample(sensor(laboratory.truth_frames, sigma, seed=9))) for sigma in (1, 3, 9)
    ]
    assert scores[0] > scores[1] > scores[2]
