"use strict";
/* Scores of one result by dataset or domain, action unit and amplitude: one metric at a time, from its single clips. */

class Breakdown {
  constructor(root) {
    this.root = root;
    this.facts = JSON.parse(byId("facts-data").textContent);
    this.status = root.querySelector("[role=status]");
    this.controls = { result: root.querySelector("[name=result]"), metric: root.querySelector("[name=metric]"), kind: root.querySelector("[name=kind]") };
    root.hidden = false;
    for (const control of Object.values(this.controls)) control.addEventListener("input", () => { this.write(); this.show(); });
    addEventListener("hashchange", () => { this.read(); this.show(); });
    this.read();
    this.show();
  }

  read() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const [name, control] of Object.entries(this.controls)) {
      const wanted = state.get(name);
      if ([...control.options].some((option) => option.value === wanted)) control.value = wanted;
    }
  }

  write() {
    const state = new URLSearchParams();
    for (const [name, control] of Object.entries(this.controls)) if (!control.options[0].selected) state.set(name, control.value);
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
  }

  async show() {
    const { result, metric, kind } = this.controls, asked = (this.asked = {});
    try {
      const data = await json(this.facts.root + result.value);
      if (asked !== this.asked) return;
      for (const option of metric.options) option.disabled = !data.metrics.includes(option.value);
      for (const option of kind.options) option.disabled = !data.tasks.some((task) => task.kind === option.value);
      if (metric.selectedOptions[0].disabled) metric.value = data.metrics[0];
      if (kind.selectedOptions[0].disabled) kind.value = data.tasks[0].kind;
      this.draw(data, this.facts.metrics[metric.value], kind.value);
    } catch (error) {
      this.status.textContent = CANNOT_LOAD;
    }
  }

  draw(data, metric, kind) {
    const rows = stats.rows(data, metric.name, kind), twoWay = kind === "cross" && data.cross === "two-way";
    const whole = stats.estimate(rows, (row) => row.value, twoWay, this.facts.t);
    const best = { higher: "higher is better", lower: "lower is better", target: `best at ${metric.ceiling}` }[metric.direction];
    this.status.textContent = rows.length
      ? `${metric.name}: ${numeral(whole.mean, metric.decimals)}${metric.unit === "1" ? "" : ` ${metric.unit}`} over ${rows.length} clips, ${best}. Intervals are 95 %, clustered by subject.`
      : `No clip has a number of ${metric.name}.`;
    const marks = [];
    for (const axis of Object.keys(stats.axes)) {
      for (const [name, group] of stats.groups(rows, axis)) {
        const mean = (list) => (list.length ? list.reduce((a, b) => a + b, 0) / list.length : null);
        marks.push({ axis, name, ...stats.estimate(group, (row) => row.value, twoWay, this.facts.t),
          floor: mean(group.map((row) => row.floor).filter((v) => v !== null && v !== undefined)), ceiling: mean(group.map((row) => row.ceiling).filter((v) => v !== null && v !== undefined)) });
      }
    }
    this.root.querySelector(".charts").replaceChildren(...Object.keys(stats.axes).map((axis) => this.chart(axis, marks.filter((mark) => mark.axis === axis), metric)));
  }

  chart(axis, marks, metric) {
    const numbers = marks.flatMap((mark) => [mark.mean, mark.floor, mark.ceiling].filter((v) => v !== null));
    const words = (mark) => `${mark.name}: ${numeral(mark.mean, metric.decimals)}${mark.low === null ? "" : `, ${numeral(mark.low, metric.decimals)} to ${numeral(mark.high, metric.decimals)}`}, ${mark.n} clips`;
    const span = [Math.min(...numbers), Math.max(...numbers)], room = 0.25 * (span[1] - span[0] || 1);
    const clamp = (value) => Math.min(span[1] + room, Math.max(span[0] - room, value));
    const drawing = numbers.length ? Plot.plot({
      className: "plot", width: 400, marginLeft: 104, marginRight: 20, marginBottom: 42, height: 62 + 25 * marks.length,
      x: { label: metric.unit === "1" ? metric.name : `${metric.name} (${metric.unit})`, ticks: 4, labelArrow: "none", labelOffset: 38, domain: [span[0] - room, span[1] + room] },
      y: { label: null, domain: marks.map((mark) => mark.name) },
      marks: [
        Plot.gridX({ ticks: 4 }),
        Plot.tickX(marks.filter((mark) => mark.floor !== null), { x: "floor", y: "name", stroke: "var(--driving)", strokeWidth: 2 }),
        Plot.tickX(marks.filter((mark) => mark.ceiling !== null), { x: "ceiling", y: "name", stroke: "var(--reference)", strokeWidth: 2 }),
        Plot.ruleY(marks.filter((mark) => mark.low !== null), { y: "name", x1: (mark) => clamp(mark.low), x2: (mark) => clamp(mark.high), stroke: "var(--output)", strokeWidth: 2 }),
        Plot.dot(marks, { x: "mean", y: "name", r: 4.5, fill: "var(--output)", stroke: "var(--paper)", title: words }),
      ],
      ariaLabel: `${metric.name} by ${axis.toLowerCase()}`,
    }) : element("p", { className: "none", textContent: "nothing to show" });
    if (numbers.length) pictured(drawing, `${axis}. ${marks.map(words).join("; ")}.`);
    return element("figure", { className: "chart-figure" }, element("figcaption", { textContent: axis }), drawing);
  }
}

if (byId("breakdown")) new Breakdown(byId("breakdown"));
