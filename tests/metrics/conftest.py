import sys
from pathlib import Path

import cv2
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from moving_face import Laboratory, Motion


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def laboratory():
    """Expression of 1 px, sensor noise of 2 grey levels in source and driving clip."""
    return Laboratory(Motion(amplitude=1.0), noise=2.0)


@pytest.fixture(scope="session")
def hard_laboratory():
    """Expression of half a pixel, sensor noise of 3 grey levels."""
    return Laboratory(Motion(amplitude=0.5), noise=3.0)
