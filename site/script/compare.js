"use strict";
/* Two or more results of one board: their scores side by side, the paired difference of two of them, and which clips drive it. */

class Comparison {
  constructor(root) {
    this.root = root;
    this.facts = JSON.parse(byId("compare-data").textContent);
    this.form = byId("compare-tools");
    this.form.hidden = false;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", (event) => this.changed(event.target));
    addEventListener("hashchange", () => { if (location.hash !== this.written) this.read(); });
    this.board = this.control("board");
    this.read();
  }

  control(name) { return this.form.elements.namedItem(name); }

  read() {
    const state = new URLSearchParams(location.hash.slice(1));
    const board = this.facts.boards.find((each) => each.protocol === state.get("board")) || this.facts.boards[0];
    if (!board) return;
    this.board.value = board.protocol;
    this.chosen = (state.get("r") || "").split(",").filter((key) => board.results.some((result) => result.key === key));
    if (this.chosen.length < 2) this.chosen = [...new Set([...this.chosen, ...board.results.map((result) => result.key)])].slice(0, 2);
    this.fill(board, state);
    this.show();
  }

  write() {
    const state = new URLSearchParams({ board: this.board.value, kind: this.control("kind").value, r: this.chosen.join(","), pair: `${this.control("first").value},${this.control("second").value}`, metric: this.control("metric").value });
    this.written = `#${state}`;
    history.replaceState(null, "", this.written);
  }

  /* The choices that a board leaves. */
  fill(board, state) {
    const options = (control, entries, wanted) => {
      control.replaceChildren(...entries.map(([value, text]) => element("option", { value, textContent: text })));
      if (entries.some(([value]) => value === wanted)) control.value = wanted;
    };
    this.current = board;
    options(this.control("kind"), board.kinds, state.get("kind"));
    const titled = this.chosen.map((key) => [key, board.results.find((result) => result.key === key).title]);
    const [first, second] = (state.get("pair") || "").split(",");
    options(this.control("first"), titled, first || this.chosen[0]);
    options(this.control("second"), titled, second || this.chosen[1]);
    options(this.control("metric"), board.metrics.map((name) => [name, name]), state.get("metric") || (board.metrics.includes("gain_error") ? "gain_error" : board.metrics[0]));
    const rest = board.results.filter((result) => !this.chosen.includes(result.key)).map((result) => [result.key, result.title]);
    options(this.control("add"), [["", "Add a result"], ...rest], "");
  }

  changed(control) {
    const state = new URLSearchParams(location.hash.slice(1));
    if (control.name === "board") {
      history.replaceState(null, "", `#board=${encodeURIComponent(control.value)}`);
      this.read();
    } else {
      if (control.name === "add" && control.value) this.chosen.push(control.value);
      for (const name of ["kind", "metric"]) state.set(name, this.control(name).value);
      state.set("pair", `${this.control("first").value},${this.control("second").value}`);
      if (control.name === "add") this.fill(this.current, state);
      this.show();
    }
    this.write();
  }

  remove(key) {
    this.chosen = this.chosen.filter((each) => each !== key);
    this.fill(this.current, new URLSearchParams({ kind: this.control("kind").value, metric: this.control("metric").value }));
    this.show();
    this.write();
  }

  async show() {
    const asked = (this.asked = {}), board = this.current;
    try {
      const loaded = await Promise.all(this.chosen.map((key) => json(board.results.find((result) => result.key === key).json)));
      if (asked !== this.asked) return;
      this.data = new Map(this.chosen.map((key, index) => [key, loaded[index]]));
      this.draw();
    } catch (error) {
      byId("verdict").textContent = CANNOT_LOAD;
    }
  }

  get kind() { return this.control("kind").value; }

  get twoWay() { return this.kind === "cross" && this.current.cross === "two-way"; }

  title(key) { return this.current.results.find((result) => result.key === key).title; }

  draw() {
    const first = this.control("first").value, second = this.control("second").value;
    const differences = this.current.metrics.map((name) => {
      const metric = this.facts.metrics[name], pairs = stats.pairs(this.data.get(first), this.data.get(second), metric, this.kind);
      return { name, metric, pairs, ...stats.estimate(pairs, (pair) => pair.gap, this.twoWay, this.facts.t) };
    });
    this.table(differences, first, second);
    this.gaps(differences, first, second);
    this.explain(differences.find((each) => each.name === this.control("metric").value), first, second);
  }

  table(differences, first, second) {
    const heads = ["Metric", ...this.chosen.map((key) => this.title(key))].map((text) => element("th", { scope: "col" }, element("bdi", { textContent: text })));
    this.chosen.forEach((key, index) => {
      if (this.chosen.length > 2) {
        const button = element("button", { type: "button", textContent: "remove" });
        button.setAttribute("aria-label", `Remove ${this.title(key)}`);
        button.addEventListener("click", () => this.remove(key));
        heads[index + 1].append(button);
      }
    });
    heads.push(element("th", { scope: "col", textContent: "Difference" }), element("th", { scope: "col", textContent: "Better" }));
    const rows = differences.map((each) => {
      const { metric } = each;
      const means = this.chosen.map((key) => stats.estimate(stats.rows(this.data.get(key), metric.name, this.kind), (row) => row.value, this.twoWay, this.facts.t).mean);
      const known = means.filter((mean) => mean !== null).map((mean) => stats.badness(metric, mean)), best = Math.min(...known);
      const cells = means.map((mean) => element("td", {}, element("span", { className: mean !== null && stats.badness(metric, mean) === best ? "num best" : "num", textContent: numeral(mean, metric.decimals) })));
      const gap = each.mean === null ? "–" : `${numeral(each.mean, metric.decimals)}${each.low === null ? "" : ` (${numeral(each.low, metric.decimals)} to ${numeral(each.high, metric.decimals)})`}`;
      return element("tr", {}, element("th", { scope: "row" }, element("span", { className: "mono", textContent: metric.name }), " ", element("span", { className: "unit", textContent: metric.unit === "1" ? "" : metric.unit })),
        ...cells, element("td", { textContent: gap }), element("td", {}, element("bdi", { className: "better", textContent: this.better(each, first, second) })));
    });
    byId("compare-table").replaceChildren(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
    const ranked = differences.filter((each) => each.metric.ranked && each.low !== null);
    const won = (key) => ranked.filter((each) => this.better(each, first, second) === this.title(key)).length;
    byId("verdict").textContent = first === second ? "Choose two different results."
      : `On ${ranked.length} ranked metrics ${this.title(first)} is better in ${won(first)}, ${this.title(second)} in ${won(second)}; the others cannot be told apart. Single intervals, not corrected for their number.`;
  }

  better(each, first, second) {
    if (each.low === null || (each.low <= 0 && each.high >= 0)) return each.low === null ? "not known" : "tie";
    return this.title(each.mean < 0 ? first : second);
  }

  /* Differences in one unit: the way from the still source to the true answer. */
  gaps(differences, first, second) {
    const marks = differences.flatMap((each) => {
      if (!each.metric.ranked || each.low === null) return [];
      const rows = stats.rows(this.data.get(first), each.name, this.kind).filter((row) => typeof row.floor === "number" && typeof row.ceiling === "number");
      const way = rows.reduce((sum, row) => sum + stats.badness(each.metric, row.floor) - stats.badness(each.metric, row.ceiling), 0) / (rows.length || 1);
      return way > 0.5 * 10 ** -each.metric.decimals ? [{ name: each.name, mean: -each.mean / way, low: -each.high / way, high: -each.low / way }] : [];
    });
    const most = Math.min(1.5, Math.max(0.05, ...marks.map((mark) => Math.max(Math.abs(mark.low), Math.abs(mark.high))))), clamp = (v) => Math.max(-most, Math.min(most, v));
    const percent = (v) => `${numeral(100 * v, 0)} %`;
    const words = (mark) => `${mark.name}: ${percent(mark.mean)}, ${percent(mark.low)} to ${percent(mark.high)}`;
    const drawing = marks.length ? Plot.plot({
      className: "plot", width: Math.min(720, byId("gap-plot").clientWidth || 720), marginLeft: 140, marginRight: 24, marginBottom: 42, height: 62 + 24 * marks.length,
      x: { label: "share of the way from still source to true answer", labelArrow: "none", labelOffset: 38, domain: [-most, most], tickFormat: percent, ticks: 5 },
      y: { label: null, domain: marks.map((mark) => mark.name) },
      marks: [
        Plot.gridX({ ticks: 5 }), Plot.ruleX([0], { stroke: "var(--strong-line)" }),
        Plot.ruleY(marks, { y: "name", x1: (mark) => clamp(mark.low), x2: (mark) => clamp(mark.high), stroke: (mark) => (mark.low > 0 || mark.high < 0 ? "var(--output)" : "var(--driving)"), strokeWidth: 2 }),
        Plot.dot(marks, { x: (mark) => clamp(mark.mean), y: "name", r: 4.5, fill: (mark) => (mark.low > 0 || mark.high < 0 ? "var(--output)" : "var(--driving)"), title: words }),
      ],
    }) : element("p", { className: "none", textContent: "No ranked metric has floor and ceiling here." });
    if (marks.length) pictured(drawing, `Paired differences. ${marks.map(words).join("; ")}.`);
    byId("gap-sides").replaceChildren("← better: ", element("bdi", { textContent: this.title(second) }), " · better: ", element("bdi", { textContent: this.title(first) }), " →");
    byId("gap-plot").replaceChildren(drawing);
  }

  explain({ metric, pairs, mean, low, high }, first, second) {
    const holder = byId("explain-plots"), sentence = byId("explain-verdict"), unit = metric.unit === "1" ? "" : ` ${metric.unit}`;
    if (!pairs.length) { holder.replaceChildren(); byId("explain-clips").replaceChildren(); sentence.textContent = `${metric.name} has no clip in common.`; return; }
    const whole = pairs.reduce((sum, pair) => sum + pair.gap, 0), leader = this.title(mean < 0 ? first : second);
    const parts = Object.keys(stats.axes).flatMap((axis) => stats.groups(pairs, axis).map(([name, group]) => {
      const sum = group.reduce((total, pair) => total + pair.gap, 0);
      return { axis, name, n: group.length, gap: sum / group.length, share: whole ? sum / whole : 0, rest: sum };
    }));
    const largest = [...parts].filter((part) => part.n < pairs.length).sort((a, b) => b.share - a.share)[0];
    const told = low === null || (low <= 0 && high >= 0) ? "which may be chance" : "beyond chance";
    sentence.textContent = whole === 0 ? `Both are equal on ${metric.name}.`
      : `${leader} leads ${metric.name} by ${numeral(Math.abs(mean), metric.decimals)}${unit}, ${told}.${largest ? ` ${Math.round(100 * largest.share)} % of the gap comes from ${largest.name} (${largest.n} of ${pairs.length} clips).` : ""}`;
    holder.replaceChildren(...Object.keys(stats.axes).map((axis) => this.part(axis, parts.filter((part) => part.axis === axis), pairs.length)));
    this.clips(metric, pairs, whole, first, second);
  }

  part(axis, parts, total) {
    const words = (part) => `${part.name}: ${Math.round(100 * part.share)} % of the gap, ${part.n} of ${total} clips`;
    const drawing = Plot.plot({
      className: "plot", width: 400, marginLeft: 104, marginRight: 20, marginBottom: 42, height: 62 + 25 * parts.length,
      x: { label: "share of the gap", labelArrow: "none", labelOffset: 38, tickFormat: (v) => `${numeral(100 * v, 0)} %`, ticks: 4, domain: [Math.min(0, ...parts.map((part) => part.share)), Math.max(0, ...parts.map((part) => part.share))], nice: true },
      y: { label: null, domain: parts.map((part) => part.name) },
      marks: [
        Plot.gridX({ ticks: 4 }), Plot.ruleX([0], { stroke: "var(--strong-line)" }),
        Plot.link(parts, { x1: 0, x2: "share", y: "name", stroke: (part) => (part.share < 0 ? "var(--driving)" : "var(--output)"), strokeWidth: 9 }),
        Plot.tickX(parts, { x: (part) => part.n / total, y: "name", stroke: "var(--ink)", strokeWidth: 1.5, title: words }),
      ],
    });
    pictured(drawing, `${axis}. ${parts.map(words).join("; ")}.`);
    return element("figure", { className: "chart-figure" }, element("figcaption", { textContent: axis }), drawing);
  }

  /* The clips that say most, on either side. */
  clips(metric, pairs, whole, first, second) {
    const ordered = [...pairs].sort((a, b) => a.gap - b.gap);
    const shown = [...new Set([...ordered.slice(0, 5), ...ordered.slice(-5)])].filter((pair) => pair.gap !== 0);
    const heads = ["Clip", this.title(first), this.title(second), "Share of the gap"].map((text) => element("th", { scope: "col" }, element("bdi", { textContent: text })));
    byId("explain-clips").replaceChildren(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...shown.map((pair) => element("tr", {},
      element("th", { scope: "row", className: "mono" }, element("bdi", { textContent: pair.task.key })),
      element("td", {}, element("span", { className: pair.gap < 0 ? "num best" : "num", textContent: numeral(pair.first, metric.decimals) })),
      element("td", {}, element("span", { className: pair.gap > 0 ? "num best" : "num", textContent: numeral(pair.second, metric.decimals) })),
      element("td", { textContent: `${numeral((100 * pair.gap) / whole, 0)} %` })))));
  }
}

if (byId("compare")) new Comparison(byId("compare"));
