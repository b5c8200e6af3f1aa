/* Clips of faces that may not be shown (mebench/leaderboard/arrows.py): no picture, but the motion of some cells at the
   apex and how much of it there is at each frame, drawn on the outline of no one in particular. The faces as Lens has. */

const GROUND = "#f6f6f6", INK = "#cdcdcd", MOVED = { driving: "#1f6f9c", output: "#c2491d" };

class Arrows {
  /* clip.arrows: {cells: [[x, y]], outline: [[x, y, across, down, start, end]]}, shares of the side. */
  constructor(clip) {
    this.clip = clip;
    this.outline = new Path2D();
    for (const [x, y, across, down, start, end] of clip.arrows.outline) {
      const [from, to] = [start, end].map((angle) => (angle * Math.PI) / 180);
      this.outline.moveTo(x + across * Math.cos(from), y + down * Math.sin(from));
      this.outline.ellipse(x, y, across, down, 0, from, to);
    }
  }

  paint(canvas, panel, index, choice) {
    const context = canvas.getContext("2d"), side = canvas.width;
    context.fillStyle = GROUND;
    context.fillRect(0, 0, side, side);
    context.save();
    context.scale(side, side);
    context.strokeStyle = INK;
    context.lineWidth = 1 / 160;
    context.stroke(this.outline);
    context.restore();
    for (const each of panel.view === "overlay" ? [panel.second, panel.first] : [panel]) {
      this.draw(context, each, (choice.factor * each.course[index]) / 100, side);
    }
  }

  /* Arrows that would be shorter than half a pixel of the canvas are left out, as on the page of a run. */
  draw(context, panel, share, side) {
    const scale = (share * side) / this.clip.size, head = side / 64;
    context.strokeStyle = context.fillStyle = MOVED[panel.role];
    context.lineWidth = Math.max(1, side / 200);
    context.beginPath();
    panel.arrows.forEach(([dx, dy], cell) => {
      const x = this.clip.arrows.cells[cell][0] * side, y = this.clip.arrows.cells[cell][1] * side;
      const length = Math.hypot(dx, dy) * Math.abs(scale);
      if (length < 0.5) return;
      const toX = x + dx * scale, toY = y + dy * scale, angle = Math.atan2(toY - y, toX - x), wing = Math.min(head, 0.5 * length);
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      for (const turn of [2.6, -2.6]) {
        context.moveTo(toX, toY);
        context.lineTo(toX + wing * Math.cos(angle + turn), toY + wing * Math.sin(angle + turn));
      }
    });
    context.stroke();
  }
}
