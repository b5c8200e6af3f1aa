/* Clips that travel as differences and motion fields (mebench/leaderboard/film.py). A Lens decodes them and paints a
   frame as it is, with the expression magnified by any factor, or as what two panels do differently. */

const FINE = 16, REACH = 127 / Math.asinh(255 / FINE);
const DIFFERENCE = Float32Array.from({ length: 256 }, (_, code) => FINE * Math.sinh((code - 128) / REACH));
const OVERLAY = 384;  /* pixels of the overlay: arrows of a tenth of a tile must be seen */

class Lens {
  /* clip: as in previews/clips.json. film, motion: decoded images; motion is null where pictures may not be shown. */
  constructor(clip, film, motion) {
    this.clip = clip;
    this.film = pixels(film);
    this.motion = motion && pixels(motion);
    this.kept = new Map();
  }

  static async open(clip) {
    const load = async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      return image;
    };
    return new Lens(clip, await load(clip.sheet), clip.motion ? await load(clip.motion.sheet) : null);
  }

  /* Only where there is something to enlarge. */
  canMagnify(panel) { return Boolean(this.motion) && panel.motion !== null; }

  /* One frame of a panel: RGBA, side x side. The last few are kept: a step draws the same frame in several panels. */
  frame(panel, index) {
    const { side } = this.clip, still = panel.still;
    const key = `${panel.start}/${still ? 0 : index}`;
    if (this.kept.has(key)) return this.kept.get(key);
    const out = new ImageData(side, side);
    this.tile(this.film, panel.start, side, this.clip.columns, (from, to) => {
      for (let c = 0; c < 4; c += 1) out.data[to + c] = this.film.data[from + c];
    });
    if (!still) {
      this.tile(this.film, panel.start + 1 + index, side, this.clip.columns, (from, to) => {
        for (let c = 0; c < 3; c += 1) out.data[to + c] += DIFFERENCE[this.film.data[from + c]];  /* clamped by its type */
      });
    }
    this.kept.set(key, out);
    if (this.kept.size > 12) this.kept.delete(this.kept.keys().next().value);
    return out;
  }

  tile(sheet, index, side, columns, visit) {
    const left = (index % columns) * side, top = Math.floor(index / columns) * side;
    for (let y = 0; y < side; y += 1) {
      let from = 4 * ((top + y) * sheet.width + left), to = 4 * y * side;
      for (let x = 0; x < side; x += 1, from += 4, to += 4) visit(from, to);
    }
  }

  /* Motion from the onset to a frame, in pixels of the scoring size: [x, y], each grid x grid. */
  field(panel, index) {
    const { grid, columns, reach } = this.clip.motion;
    return [0, 1].map((axis) => {
      const values = new Float32Array(grid * grid);
      this.tile(this.motion, panel.motion + 2 * index + axis, grid, columns, (from, to) => {
        values[to / 4] = ((this.motion.data[from] - 128) / 127) * reach;
      });
      return values;
    });
  }

  /* Where a pixel of the magnified frame comes from: b(q) = -(k - 1) m(q + b(q)), by fixed-point iteration on the grid. */
  backward(panel, index, factor) {
    const { grid } = this.clip.motion, scale = grid / this.clip.size;
    const [mx, my] = this.field(panel, index), more = factor - 1;
    const bx = mx.map((v) => -more * v), by = my.map((v) => -more * v);
    for (let round = 0; round < 5; round += 1) {
      for (let y = 0, i = 0; y < grid; y += 1) {
        for (let x = 0; x < grid; x += 1, i += 1) {
          const px = x + scale * bx[i], py = y + scale * by[i];
          bx[i] = -more * sample(mx, grid, px, py);
          by[i] = -more * sample(my, grid, px, py);
        }
      }
    }
    return [bx, by];
  }

  magnified(panel, index, factor) {
    const { side, size } = this.clip, { grid } = this.clip.motion;
    const source = this.frame(panel, index), out = new ImageData(side, side);
    const [bx, by] = this.backward(panel, index, factor);
    for (let y = 0, to = 0; y < side; y += 1) {
      const gy = ((y + 0.5) * grid) / side - 0.5;
      for (let x = 0; x < side; x += 1, to += 4) {
        const gx = ((x + 0.5) * grid) / side - 0.5;
        const px = x + (sample(bx, grid, gx, gy) * side) / size, py = y + (sample(by, grid, gx, gy) * side) / size;
        blend(source.data, side, px, py, out.data, to);
      }
    }
    return out;
  }

  /* How much brighter (orange) or darker (blue) the output has become since the onset than the reference has: what moves
     differently, without what looked different from the start. */
  difference(first, second, index) {
    const { side, columns } = this.clip, out = new ImageData(side, side), change = new Float32Array(side * side);
    for (const [panel, sign] of [[first, 1], [second, -1]]) {
      this.tile(this.film, panel.start + 1 + index, side, columns, (from, to) => {
        const [r, g, b] = [0, 1, 2].map((c) => DIFFERENCE[this.film.data[from + c]]);
        change[to / 4] += sign * (0.299 * r + 0.587 * g + 0.114 * b);
      });
    }
    for (let i = 0; i < change.length; i += 1) {
      const share = Math.min(1, Math.abs(change[i]) / 24), to = change[i] > 0 ? [222, 92, 38] : [38, 112, 160];
      for (let c = 0; c < 3; c += 1) out.data[4 * i + c] = 250 + share * (to[c] - 250);
      out.data[4 * i + 3] = 255;
    }
    return out;
  }

  /* panel.view: undefined (as it is), "magnified" or "overlay". choice: {factor, overlay}. */
  paint(canvas, panel, index, choice) {
    const context = canvas.getContext("2d");
    if (panel.view === "overlay") {
      this.overlay(context, panel, index, choice);
    } else if (panel.view === "magnified" && this.canMagnify(panel)) {
      context.putImageData(this.magnified(panel, index, choice.factor), 0, 0);
    } else {
      context.putImageData(this.frame(panel, index), 0, 0);
    }
  }

  overlay(context, panel, index, choice) {
    const { side } = this.clip, { first, second } = panel;
    const picture = choice.overlay === "flow" && this.motion ? this.pale(first, index) : this.difference(first, second, index);
    const small = new OffscreenCanvas(side, side);
    small.getContext("2d").putImageData(picture, 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, OVERLAY, OVERLAY);
    if (choice.overlay === "flow" && this.motion) {
      if (this.canMagnify(second)) this.arrows(context, second, index, choice.factor, "#1f6f9c");
      if (this.canMagnify(first)) this.arrows(context, first, index, choice.factor, "#c2491d");
    }
  }

  /* The frame in pale grey, for arrows to stand on. */
  pale(panel, index) {
    const frame = this.frame(panel, index), out = new ImageData(frame.width, frame.height);
    for (let i = 0; i < frame.data.length; i += 4) {
      const luma = 0.299 * frame.data[i] + 0.587 * frame.data[i + 1] + 0.114 * frame.data[i + 2];
      out.data[i] = out.data[i + 1] = out.data[i + 2] = 140 + 0.45 * luma;
      out.data[i + 3] = 255;
    }
    return out;
  }

  arrows(context, panel, index, factor, colour) {
    const { grid } = this.clip.motion, { size } = this.clip, [mx, my] = this.field(panel, index);
    const every = grid / 24, scale = OVERLAY / size;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.6;
    for (let row = 0; row < 24; row += 1) {
      for (let column = 0; column < 24; column += 1) {
        const gx = (column + 0.5) * every - 0.5, gy = (row + 0.5) * every - 0.5;
        const dx = factor * scale * sample(mx, grid, gx, gy), dy = factor * scale * sample(my, grid, gx, gy);
        if (Math.hypot(dx, dy) < 1.5) continue;
        const x = ((column + 0.5) * OVERLAY) / 24, y = ((row + 0.5) * OVERLAY) / 24;
        context.beginPath();
        context.moveTo(x, y);
        context.lineTo(x + dx, y + dy);
        context.stroke();
        context.beginPath();
        context.arc(x + dx, y + dy, 2.2, 0, 2 * Math.PI);
        context.fill();
      }
    }
  }
}

function pixels(image) {
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/* Bilinear, with the edge repeated. */
function sample(values, grid, x, y) {
  const cx = Math.min(grid - 1, Math.max(0, x)), cy = Math.min(grid - 1, Math.max(0, y));
  const x0 = Math.min(grid - 2, Math.floor(cx)), y0 = Math.min(grid - 2, Math.floor(cy)), fx = cx - x0, fy = cy - y0;
  const i = y0 * grid + x0;
  const top = values[i] + fx * (values[i + 1] - values[i]);
  const bottom = values[i + grid] + fx * (values[i + grid + 1] - values[i + grid]);
  return top + fy * (bottom - top);
}

function blend(data, side, x, y, out, to) {
  const cx = Math.min(side - 1.001, Math.max(0, x)), cy = Math.min(side - 1.001, Math.max(0, y));
  const x0 = Math.floor(cx), y0 = Math.floor(cy), fx = cx - x0, fy = cy - y0, i = 4 * (y0 * side + x0), below = i + 4 * side;
  for (let c = 0; c < 3; c += 1) {
    const top = data[i + c] + fx * (data[i + 4 + c] - data[i + c]);
    out[to + c] = top + fy * (data[below + c] + fx * (data[below + 4 + c] - data[below + c]) - top);
  }
  out[to + 3] = 255;
}
