"use strict";
/* The intensity curves: output and reference over time, with a cursor that follows the frame. */

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, parent, text) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

/* Round steps (1, 2 or 5 times a power of ten), at most `most` of them over the span. */
function niceStep(span, most) {
  const power = Math.pow(10, Math.floor(Math.log10(span / most)));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => span / step <= most) || 10 * power;
}

function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? "\u2212" : "") + text;
}

class Chart {
  /* holder: element that is filled. onSeek(frame): called when the reader points at a frame. */
  constructor(holder, onSeek) {
    this.holder = holder;
    this.clip = null;
    this.frame = 0;
    this.margin = { left: 40, right: 14, top: 24, bottom: 36 };
    new ResizeObserver(() => this.clip && this.render()).observe(holder);
    const seek = (event) => this.clip && onSeek(this.frameAt(event.clientX));
    holder.addEventListener("pointerdown", (event) => {
      holder.setPointerCapture(event.pointerId);
      seek(event);
    });
    holder.addEventListener("pointermove", (event) => {
      if (holder.hasPointerCapture(event.pointerId)) seek(event);
    });
  }

  show(clip, frame) {
    this.clip = clip;
    this.frame = frame;
    this.render();
  }

  frameAt(clientX) {
    const box = this.holder.getBoundingClientRect();
    const share = (clientX - box.left - this.margin.left) / Math.max(1, this.plotWidth());
    return Math.min(this.clip.frames - 1, Math.max(0, Math.round(share * (this.clip.frames - 1))));
  }

  plotWidth() {
    return this.holder.clientWidth - this.margin.left - this.margin.right;
  }

  x(frame) {
    return this.margin.left + (this.plotWidth() * frame) / Math.max(1, this.clip.frames - 1);
  }

  render() {
    const { clip, margin } = this;
    const width = this.holder.clientWidth, height = this.holder.clientHeight;
    if (!width || !height) return;
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
    const curves = clip.curves;
    const values = curves ? curves.reference.concat(curves.output).filter((v) => v !== null) : [];
    root.setAttribute("aria-label", values.length ? "Intensity over time" : "Time axis");
    let low = Math.min(0, ...values), high = Math.max(values.length ? 0.1 : 1, ...values);
    const room = 0.06 * (high - low);
    high += room;
    if (low < 0) low -= room;
    const bottom = height - margin.bottom;
    this.y = (value) => bottom - ((value - low) / (high - low)) * (bottom - margin.top);
    svg("rect", { class: "phase", x: this.x(clip.onset), width: Math.max(0, this.x(clip.offset) - this.x(clip.onset)), y: margin.top, height: bottom - margin.top }, root);
    if (values.length) this.drawValues(root, low, high, width);
    this.drawTime(root, bottom);
    this.drawMarks(root, bottom);
    if (values.length) {
      for (const role of ["reference", "output"]) svg("path", { class: `curve ${role}`, d: this.path(curves[role]) }, root);
    } else {
      svg("text", { x: margin.left + this.plotWidth() / 2, y: (margin.top + bottom) / 2, "text-anchor": "middle" }, root,
        "no motion can be measured in this clip");
    }
    this.cursor = svg("line", { class: "cursor", y1: margin.top - 4, y2: bottom }, root);
    this.dots = values.length ? ["reference", "output"].map((role) => [role, svg("circle", { class: `dot ${role}`, r: 4.5 }, root)]) : [];
    this.holder.replaceChildren(root);
    this.move(this.frame);
  }

  drawValues(root, low, high, width) {
    const step = niceStep(high - low, 4);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let i = Math.ceil(low / step); i * step <= high; i += 1) {
      const y = this.y(i * step);
      svg("line", { class: i === 0 ? "zero" : "grid", x1: this.margin.left, x2: width - this.margin.right, y1: y, y2: y }, root);
      svg("text", { x: this.margin.left - 8, y: y + 4, "text-anchor": "end" }, root, signed(i * step, digits));
    }
  }

  drawTime(root, bottom) {
    const { clip } = this;
    const ms = 1000 / clip.fps, first = -clip.onset * ms, last = (clip.frames - 1 - clip.onset) * ms;
    const step = niceStep(Math.max(last - first, ms), Math.max(2, Math.floor(this.plotWidth() / 74)));
    const digits = step < 1 ? 1 : 0;
    for (let i = Math.ceil(first / step - 1e-9); i * step <= last + 1e-9; i += 1) {
      const x = this.x(clip.onset + (i * step) / ms);
      svg("line", { class: "zero", x1: x, x2: x, y1: bottom, y2: bottom + 4 }, root);
      svg("text", { x, y: bottom + 17, "text-anchor": "middle" }, root, signed(i * step, digits));
    }
    svg("text", { x: this.margin.left + this.plotWidth(), y: bottom + 32, "text-anchor": "end" }, root, "ms from the onset");
  }

  drawMarks(root, bottom) {
    let edge = -Infinity;
    for (const name of ["onset", "apex", "offset"]) {
      const x = this.x(this.clip[name]);
      svg("line", { class: "mark", x1: x, x2: x, y1: this.margin.top, y2: bottom }, root);
      const half = 18, middle = Math.min(x, this.margin.left + this.plotWidth() + this.margin.right - half);
      if (middle - half < edge) continue;  /* two names would overlap; the line stays */
      svg("text", { class: "mark-name", x: middle, y: this.margin.top - 8, "text-anchor": "middle" }, root, name);
      edge = middle + half + 4;
    }
  }

  path(curve) {
    let d = "", pen = "M";
    curve.forEach((value, frame) => {
      if (value === null) { pen = "M"; return; }
      d += `${pen}${this.x(frame).toFixed(2)} ${this.y(value).toFixed(2)}`;
      pen = "L";
    });
    return d;
  }

  move(frame) {
    this.frame = frame;
    if (!this.cursor) return;
    const x = this.x(frame);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.dataset.frame = frame;
    for (const [role, dot] of this.dots) {
      const value = this.clip.curves[role][frame];
      dot.style.visibility = value === null || value === undefined ? "hidden" : "visible";
      if (value !== null && value !== undefined) {
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", this.y(value));
      }
    }
  }
}
