"""Which triangle is seen at each sample: an exact z-buffer.

Vertices are snapped to 1/16384 px and the edge functions are evaluated in 64-bit integers. Two triangles that share
an edge therefore never leave a crack between them, and the result does not depend on compiler flags. Samples on an edge
belong to both triangles; the nearer one wins, and at equal depth the one with the lower number. So the result does not
depend on the order of drawing either, and what is near is drawn first, place by place, because that is fastest.
"""

from __future__ import annotations

import math
import threading

import numpy as np
from numba import njit
from numpy.typing import NDArray

SUBPIXEL = 16384
"""Snapping grid: 2^14 steps a pixel. Edge functions of 4096-pixel frames stay below 2^53."""

EMPTY = -1
"""Index where no triangle is seen."""


@njit(cache=True, error_model="numpy")
def snap(pixels: NDArray[np.float32], supersampling: int) -> NDArray[np.int64]:
    """Fixed-point sample coordinates int64 ``[V,2]`` of pixel coordinates (pixel centres at integers).

    Sample (0,0) of a frame with K samples a side and pixel lies at pixel coordinate -0.5 + 0.5/K.
    """
    out = np.empty(pixels.shape, np.int64)
    for i in range(len(pixels)):
        for k in range(2):
            value = (np.float64(pixels[i, k]) + 0.5) * supersampling - 0.5
            out[i, k] = np.int64(math.floor(value * SUBPIXEL + 0.5))
    return out


MARGIN = 1e-6
"""Samples by which the ends of a row inside a triangle are widened: far more than their rounding error, 2^-40."""


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _into(step: int) -> float:
    """Samples a unit of an edge function that grows by ``step`` from sample to sample; 0 where it does not grow."""
    return 1.0 / step if step > 0 else 0.0


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _end(step: int, far: float) -> float:
    """Where the way out of an edge is counted from: the last sample ``far`` where the function does not shrink."""
    return 0.0 if step < 0 else far


@njit(cache=True, error_model="numpy", _nrt=False)
def fill(
    points: NDArray[np.int64],
    inverse_depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    order: NDArray[np.int32],
    two_sided: bool,
    uv: NDArray[np.float32],
    mask: NDArray[np.uint8],
    use_mask: bool,
    index: NDArray[np.int32],
    depth: NDArray[np.float32],
) -> None:
    """Draw the triangles ``order`` int32 ``[N]`` into ``index`` [H,W] and ``depth`` [H,W] (1/dm, larger is nearer).

    points: int64 ``[V,2]`` from :func:`snap`. Triangles seen from behind are skipped unless ``two_sided``.
    With ``use_mask`` a sample counts only where ``mask`` (uint8 ``[h,w]``) is at least 128 at the interpolated
    ``uv`` (float32 ``[F,3,2]``, in texels of the mask, wrapping around in u and clamped in v; its width is a power of 2).
    """
    # Longer than usual: a call in the inner loop costs more than the sample that it handles.
    height, width = index.shape
    mask_height, mask_width = mask.shape
    for n in range(len(order)):
        f = order[n]
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        g = f if use_mask else 0
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        # Counter-clockwise seen from the front in a frame with y up is clockwise with y down: negative area.
        area = (cx - ax) * (by - ay) - (cy - ay) * (bx - ax)
        sign = 1
        if area <= 0:
            if area == 0 or not two_sided:
                continue
            sign = -1
            area = -area
        x_low = max(-((-min(ax, bx, cx)) // SUBPIXEL), 0)
        x_high = min(max(ax, bx, cx) // SUBPIXEL, width - 1)
        y_low = max(-((-min(ay, by, cy)) // SUBPIXEL), 0)
        y_high = min(max(ay, by, cy) // SUBPIXEL, height - 1)
        if x_low > x_high or y_low > y_high:
            continue
        scale = 1.0 / np.float64(area)
        ia, ib, ic = np.float64(inverse_depth[a]), np.float64(inverse_depth[b]), np.float64(inverse_depth[c])
        x0 = x_low * SUBPIXEL
        step_a = sign * (cy - by) * SUBPIXEL
        step_b = sign * (ay - cy) * SUBPIXEL
        step_c = sign * (by - ay) * SUBPIXEL
        # Inverse depth is linear in x along a row, and so are the mask's coordinates in a triangle that is small.
        step = (step_a * ia + step_b * ib + step_c * ic) * scale
        ua, ub, uc = np.float64(uv[g, 0, 0]), np.float64(uv[g, 1, 0]), np.float64(uv[g, 2, 0])
        va, vb, vc = np.float64(uv[g, 0, 1]), np.float64(uv[g, 1, 1]), np.float64(uv[g, 2, 1])
        step_u = (step_a * ua + step_b * ub + step_c * uc) * scale
        step_v = (step_a * va + step_b * vb + step_c * vc) * scale
        # Where a row of samples enters and leaves each edge, to within a millionth of a sample; the edges decide below.
        far = np.float64(x_high - x_low)
        into_a, into_b, into_c = _into(step_a), _into(step_b), _into(step_c)
        out_a, out_b, out_c = _into(-step_a), _into(-step_b), _into(-step_c)
        end_a, end_b, end_c = _end(step_a, far), _end(step_b, far), _end(step_c, far)
        py = y_low * SUBPIXEL
        row_a = sign * ((cx - bx) * (by - py) - (cy - by) * (bx - x0))
        row_b = sign * ((ax - cx) * (cy - py) - (ay - cy) * (cx - x0))
        row_c = sign * ((bx - ax) * (ay - py) - (by - ay) * (ax - x0))
        for row in range(y_low, y_high + 1):
            y = np.uintp(row)  # of an index with a sign numba asks at every sample whether it counts from the end
            fa, fb, fc = np.float64(row_a), np.float64(row_b), np.float64(row_c)
            enter = max(max(-fa * into_a, -fb * into_b), max(-fc * into_c, 0.0))
            leave = min(min(end_a + fa * out_a, end_b + fb * out_b), min(end_c + fc * out_c, far))
            first, last = np.int64(enter + (1.0 - MARGIN)), np.int64(leave + (1.0 + MARGIN))
            if first < last:
                # Only the ends can lie outside: the edge functions are linear, and one that is constant belongs to a
                # horizontal edge, above or below all rows.
                if ((row_a + first * step_a) | (row_b + first * step_b) | (row_c + first * step_c)) < 0:
                    first += 1
                end = last - 1
                if ((row_a + end * step_a) | (row_b + end * step_b) | (row_c + end * step_c)) < 0:
                    last -= 1
                start = (fa * ia + fb * ib + fc * ic) * scale
                start_u, start_v = (fa * ua + fb * ub + fc * uc) * scale, (fa * va + fb * vb + fc * vc) * scale
                place = np.float64(first)
                for ahead in range(first, last):
                    x = np.uintp(x_low + ahead)
                    near = np.float32(start + place * step)
                    if near > depth[y, x] or (near == depth[y, x] and f < index[y, x]):
                        seen = True
                        if use_mask:
                            column = int(math.floor(start_u + place * step_u)) & (mask_width - 1)
                            line = min(max(int(start_v + place * step_v), 0), mask_height - 1)
                            seen = mask[np.uintp(line), np.uintp(column)] >= 128
                        if seen:
                            depth[y, x] = near
                            index[y, x] = f
                    place += 1.0
            row_a -= sign * (cx - bx) * SUBPIXEL
            row_b -= sign * (ax - cx) * SUBPIXEL
            row_c -= sign * (bx - ax) * SUBPIXEL


BLOCK = 16
"""Side of the squares of samples for which :func:`in_sight` keeps the farthest depth."""


@njit(cache=True, error_model="numpy")
def _farthest(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smallest ``depth`` [H,W] of each square of :data:`BLOCK` samples: float32 ``[ceil(H/BLOCK),ceil(W/BLOCK)]``."""
    height, width = depth.shape
    out = np.empty(((height + BLOCK - 1) // BLOCK, (width + BLOCK - 1) // BLOCK), np.float32)
    column = np.empty(width, np.float32)
    for row in range(out.shape[0]):
        # Column by column first: neighbours in memory, which become vector instructions.
        column[:] = depth[row * BLOCK]
        for y in range(row * BLOCK + 1, min(row * BLOCK + BLOCK, height)):
            for x in range(width):
                column[x] = column[x] if column[x] < depth[y, x] else depth[y, x]
        for k in range(out.shape[1]):
            low = column[k * BLOCK]
            for x in range(k * BLOCK + 1, min(k * BLOCK + BLOCK, width)):
                low = column[x] if column[x] < low else low
            out[row, k] = low
    return out


@njit(cache=True, error_model="numpy")
def in_sight(
    points: NDArray[np.int64],
    inverse_depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    order: NDArray[np.int32],
    depth: NDArray[np.float32],
) -> NDArray[np.int32]:
    """Those of the triangles ``order`` int32 ``[M]``, in this order, that ``depth`` [H,W] may not hide: int32 ``[N]``.

    A triangle is left out when its nearest corner lies behind everything drawn in the squares that it touches.
    """
    farthest = _farthest(depth)
    rows, columns = farthest.shape
    out = np.empty(len(order), np.int32)
    count = 0
    size = SUBPIXEL * BLOCK
    for f in order:
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        low_x = max(min(points[a, 0], points[b, 0], points[c, 0]) // size, 0)
        high_x = min(max(points[a, 0], points[b, 0], points[c, 0]) // size, columns - 1)
        low_y = max(min(points[a, 1], points[b, 1], points[c, 1]) // size, 0)
        high_y = min(max(points[a, 1], points[b, 1], points[c, 1]) // size, rows - 1)
        nearest = max(inverse_depth[a], inverse_depth[b], inverse_depth[c])
        seen = False
        for y in range(low_y, high_y + 1):
            for x in range(low_x, high_x + 1):
                seen = seen or nearest > farthest[y, x]
        if seen:
            out[count] = f
            count += 1
    return out[:count]


@njit(cache=True, error_model="numpy", forceinline=True, _nrt=False)
def barycentrics(
    points: NDArray[np.int64],
    inverse_depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    f: int,
    x: float,
    y: float,
) -> tuple[float, float, float]:
    """Perspective-correct weights of the three vertices of triangle ``f`` at (x, y), in samples; they sum to 1."""
    a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    px, py = np.float64(x * SUBPIXEL), np.float64(y * SUBPIXEL)
    wa = np.float64((cx - bx) * (by - py) - (cy - by) * (bx - px)) * inverse_depth[a]
    wb = np.float64((ax - cx) * (cy - py) - (ay - cy) * (cx - px)) * inverse_depth[b]
    wc = np.float64((bx - ax) * (ay - py) - (by - ay) * (ax - px)) * inverse_depth[c]
    total = wa + wb + wc
    return wa / total, wb / total, wc / total


@njit(cache=True, error_model="numpy")
def weights(
    points: NDArray[np.int64],
    inverse_depth: NDArray[np.float32],
    triangles: NDArray[np.int32],
    index: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Barycentrics float32 ``[H,W,3]`` for a whole frame of triangle ``index`` [H,W]; 0 where nothing is seen."""
    height, width = index.shape
    out = np.zeros((height, width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            if index[y, x] >= 0:
                wa, wb, wc = barycentrics(points, inverse_depth, triangles, index[y, x], x, y)
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = wa, wb, wc
    return out


def blank(height: int, width: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Fresh buffers: index int32 ``[H,W]`` full of :data:`EMPTY` and depth float32 ``[H,W]`` full of 0 (infinitely far)."""
    return np.full((height, width), EMPTY, np.int32), np.zeros((height, width), np.float32)


_kept = threading.local()


def kept(side: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """As :func:`blank`, square, but the same memory at every call of a thread: fetching it anew takes a millisecond."""
    buffers: tuple[NDArray[np.int32], NDArray[np.float32]] | None = getattr(_kept, "buffers", None)
    if buffers is None or buffers[0].shape[0] != side:
        buffers = _kept.buffers = blank(side, side)
    else:
        buffers[0].fill(EMPTY)
        buffers[1].fill(0.0)
    return buffers


CELL_DM = 0.4
"""Side of the squares, seen from the front, whose triangles are drawn together: their samples stay in the cache."""


def by_place(middles: NDArray[np.float32]) -> NDArray[np.int32]:
    """An order for drawing triangles fast: square by square, in each from front to back; int32 ``[F]``.

    middles: float32 ``[F,3]``, the middles of the triangles at rest, dm.
    """
    cell = np.floor(middles[:, :2] / CELL_DM)
    return np.lexsort((-middles[:, 2], cell[:, 1], cell[:, 0])).astype(np.int32)
