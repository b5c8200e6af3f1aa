"""The feature networks whose files users add: files of the published format with random numbers, from file to vector."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from mebench import registry
from mebench.errors import CheckpointError, ConfigError, MissingWeights
from mebench.metrics.encoders import dinov2, i3d, r3d18
from mebench.metrics.encoders.dinov2_network import DinoV2
from mebench.metrics.sample import Sample
from mebench.weights.add import add

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:FutureWarning")
"""The shared I3D file is TorchScript; the tests write one."""

WIDTHS = {"dinov2-s": 384, "r3d18-kinetics": 512, "i3d-kinetics": 400}

DINOV2_SHAPES = {
    "cls_token": (1, 1, 384),
    "pos_embed": (1, 1370, 384),
    "patch_embed.proj.weight": (384, 3, 14, 14),
    "blocks.0.norm1.weight": (384,),
    "blocks.0.attn.qkv.weight": (1152, 384),
    "blocks.0.attn.proj.bias": (384,),
    "blocks.5.ls1.gamma": (384,),
    "blocks.11.mlp.fc1.weight": (1536, 384),
    "blocks.11.mlp.fc2.weight": (384, 1536),
    "blocks.11.ls2.gamma": (384,),
    "norm.bias": (384,),
}
"""Names and shapes of the published file, in part."""

R3D18_SHAPES = {
    "stem.0.weight": (64, 3, 3, 7, 7),
    "stem.1.running_var": (64,),
    "layer1.0.conv1.0.weight": (64, 64, 3, 3, 3),
    "layer2.0.downsample.0.weight": (128, 64, 1, 1, 1),
    "layer4.1.conv2.1.bias": (512,),
}


class Recogniser(nn.Module):
    """What the shared TorchScript file answers, with a random linear map in the place of the network."""

    def __init__(self, width: int = WIDTHS["i3d-kinetics"]):
        super().__init__()
        self.head = nn.Linear(3 * 4 * 4 * 4, width)

    def forward(
        self, x: torch.Tensor, rescale: bool = True, resize: bool = True, return_features: bool = True
    ) -> torch.Tensor:
        if rescale or resize or not return_features:
            raise RuntimeError("the clip comes at its size and scale")
        if x.shape[1:] != torch.Size([3, 16, 224, 224]):
            raise RuntimeError("clips are [N,3,16,224,224]")
        return self.head(torch.nn.functional.adaptive_avg_pool3d(x, (4, 4, 4)).flatten(1))


def random_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_var", "gamma")):
            tensors[name] = 0.5 + torch.rand(tensor.shape, generator=generator)
        elif tensor.is_floating_point():
            fan_in = max(1, tensor[0].numel()) if tensor.ndim > 1 else 100
            tensors[name] = torch.randn(tensor.shape, generator=generator) * fan_in**-0.5
        else:
            tensors[name] = tensor
    return tensors


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with all three files: two added, one put into its place as published."""
    from torchvision.models.video import r3d_18

    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEBENCH_HOME", str(folder))
        content = random_tensors(DinoV2()) | {"mask_token": torch.zeros(1, 384)}
        torch.save(content, folder / "dinov2_vits14_pretrain.pth")
        torch.save(random_tensors(r3d_18(weights=None)), folder / "r3d_18-b3b3357e.pth")
        assert add("dinov2-s", folder / "dinov2_vits14_pretrain.pth").values > 21_000_000
        add("r3d18-kinetics", folder / "r3d_18-b3b3357e.pth")
        place = folder / "weights" / "i3d-kinetics" / "i3d_torchscript.pt"
        place.parent.mkdir(parents=True)
        torch.manual_seed(0)
        torch.jit.script(Recogniser()).save(str(place))
        for module in (dinov2, r3d18, i3d):
            module._network.cache_clear()
        yield folder
    for module in (dinov2, r3d18, i3d):
        module._network.cache_clear()


def sample(seed: int = 0, grey: bool = False) -> Sample:
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (9, 64, 64, 1 if grey else 3), dtype=np.uint8).repeat(3 if grey else 1, axis=3)
    return Sample(frames[0], frames, frames.copy(), 30.0, 0, 4, 8)


ENCODERS = {"dinov2-s": dinov2.ENCODER, "r3d18-kinetics": r3d18.ENCODER, "i3d-kinetics": i3d.ENCODER}


@pytest.mark.parametrize("name", ENCODERS)
def test_a_clip_is_one_vector(name, home):
    one, other = (ENCODERS[name].vector(clip.output, clip) for clip in (sample(), sample(1, grey=True)))
    assert one.shape == other.shape == (WIDTHS[name],)
    assert one.dtype == np.float32
    assert np.isfinite(one).all()
    assert one.std() > 1e-4
    assert not np.array_equal(one, other)


def test_a_grey_clip_has_no_colour(home):
    pair = i3d.ENCODER.encode(sample(1, grey=True))
    assert pair.made.colour is None
    assert np.array_equal(pair.made.luma, pair.real.luma)


@pytest.mark.parametrize(
    ("name", "shapes"), [("dinov2-s", DINOV2_SHAPES), ("r3d18-kinetics", R3D18_SHAPES)], ids=["dinov2", "r3d18"]
)
def test_the_kept_file_has_the_published_names_and_shapes(name, shapes, home):
    kept = load_file(home / "weights" / name / f"{name}.safetensors")
    assert {key: tuple(kept[key].shape) for key in shapes} == shapes
    assert not any(key.startswith("fc.") or key == "mask_token" for key in kept)


def test_another_network_is_refused_by_name(home, tmp_path):
    content = torch.load(home / "dinov2_vits14_pretrain.pth", weights_only=True)
    wider = {name: tensor.repeat_interleave(2, dim=-1) for name, tensor in content.items()}
    with pytest.raises(CheckpointError, match=r"other shapes for .*blocks"):
        dinov2.convert(wider, tmp_path / "dinov2_vitb14.pth")
    with pytest.raises(CheckpointError, match="lacks layer1"):
        r3d18.convert(content, tmp_path / "x.pth")


def test_what_is_missing_is_one_sentence_with_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    for name, metric in (("dinov2-s", "mmd[dinov2-s]"), ("r3d18-kinetics", "fvd[r3d18]"), ("i3d-kinetics", "fvd[i3d]")):
        for module in (dinov2, r3d18):
            module._network.cache_clear()
        with pytest.raises(MissingWeights) as caught:
            registry.load("metrics", metric).features(sample())
        text = str(caught.value)
        assert str(tmp_path / "weights" / name) in text
        assert "\n" not in text
        assert ("weights add" in text) == (name != "i3d-kinetics")
    with pytest.raises(ConfigError, match=r"put i3d_torchscript\.pt into"):
        add("i3d-kinetics", __file__)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"no archive"), "no TorchScript"),
        (lambda path: torch.jit.script(Recogniser(10)).save(str(path)), "400 features"),
        (lambda path: torch.jit.script(nn.Linear(3, 3)).save(str(path)), "not the I3D file"),
    ],
    ids=["bytes", "width", "call"],
)
def test_another_file_in_the_place_of_i3d_is_refused(spoil, message, tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    path = tmp_path / "weights" / "i3d-kinetics" / "i3d_torchscript.pt"
    path.parent.mkdir(parents=True)
    spoil(path)
    with pytest.raises(CheckpointError, match=message):
        i3d.ENCODER.encode(sample())
