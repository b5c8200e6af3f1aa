"use strict";
/* Means with intervals and paired differences in the browser: the formulas of mebench.statistics (clustered.py, two_way.py)
   and of mebench.runs.compare, on the rows of single clips. */

const stats = {
  /* Variance of a mean when whole clusters are the independent units, with G/(G-1). */
  clusterVariance(residuals, labels) {
    const sums = new Map();
    residuals.forEach((r, i) => sums.set(labels[i], (sums.get(labels[i]) || 0) + r));
    if (sums.size < 2) return Infinity;
    let squares = 0;
    for (const sum of sums.values()) squares += sum * sum;
    return ((sums.size / (sums.size - 1)) * squares) / residuals.length ** 2;
  },

  /* Mean and interval of values whose drivers (and, two-way, sources) are the independent units. t: quantiles of Student's
     t by degrees of freedom from 1. */
  interval(values, drivers, sources, t) {
    const n = values.length;
    if (!n) return { mean: null, low: null, high: null, n };
    const mean = values.reduce((a, b) => a + b, 0) / n, residuals = values.map((v) => v - mean);
    const counts = [new Set(drivers).size, sources ? new Set(sources).size : Infinity], degrees = Math.min(...counts) - 1;
    if (degrees < 1) return { mean, low: null, high: null, n };
    let variance = stats.clusterVariance(residuals, drivers);
    if (sources) {
      const bySource = stats.clusterVariance(residuals, sources);
      const byPair = stats.clusterVariance(residuals, drivers.map((d, i) => `${d}\n${sources[i]}`));
      variance = Math.max(variance + bySource - byPair, variance, bySource);
    }
    const half = t[Math.min(degrees, t.length) - 1] * Math.sqrt(variance);
    return { mean, low: mean - half, high: mean + half, n };
  },

  /* Grows with how bad a value is. */
  badness(metric, value) {
    if (metric.direction === "target") return Math.abs(value - metric.ceiling);
    return metric.direction === "lower" ? value : -value;
  },

  /* Rows of one kind of task with the number that counts: the worst value for a failed clip. data: api/v1/results/... */
  rows(data, metric, kind) {
    const column = data.metrics.indexOf(metric);
    return column < 0 ? [] : data.tasks.flatMap((task, i) => {
      const value = data.values[i][column];
      return task.kind === kind && value !== null ? [{ task, value, floor: data.floor[i] && data.floor[i][column], ceiling: data.ceiling[i] && data.ceiling[i][column] }] : [];
    });
  },

  estimate(rows, value, twoWay, t) {
    const drivers = rows.map(({ task }) => `${task.dataset}/${task.driving_subject}`);
    return stats.interval(rows.map(value), drivers, twoWay ? rows.map(({ task }) => `${task.source_dataset}/${task.source_subject}`) : null, t);
  },

  /* Clips that both have, with the difference of their badness: negative where the first is better. */
  pairs(a, b, metric, kind) {
    const others = new Map(stats.rows(b, metric.name, kind).map((row) => [row.task.key, row]));
    return stats.rows(a, metric.name, kind).flatMap((row) => {
      const other = others.get(row.task.key);
      if (!other || other.task.hash !== row.task.hash) return [];
      return [{ task: row.task, first: row.value, second: other.value, gap: stats.badness(metric, row.value) - stats.badness(metric, other.value) }];
    });
  },

  axes: {
    "Dataset or domain": (task) => [task.datasets > 1 ? task.dataset : `domain ${task.driving_domain}`],
    "Action unit": (task) => (task.action_units.length ? [...new Set(task.action_units.map((unit) => `AU ${unit.replace(/^[LR]/, "")}`))] : ["none"]),
    "Amplitude": (task) => [task.amplitude === null ? "not measured" : ["below 0.5 px", "0.5 to 1 px", "1 to 2 px", "above 2 px"][[0.5, 1, 2].filter((edge) => task.amplitude >= edge).length]],
  },

  /* Groups of rows along an axis, in their natural order. */
  groups(rows, axis) {
    const found = new Map();
    for (const row of rows) for (const name of stats.axes[axis](row.task)) found.set(name, [...(found.get(name) || []), row]);
    const order = (name) => (name.startsWith("below") ? "0" : name.startsWith("above") ? "9" : name);
    return [...found].sort((a, b) => order(a[0]).localeCompare(order(b[0]), "en", { numeric: true }));
  },
};

const numeral = (value, decimals) => (value === null ? "–" : value.toFixed(decimals).replace("-", "\u2212"));

/* An element with its text and children; text is never markup. */
function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/* A drawing as one picture with words for it; the names that Plot gives to its groups would be read without a role. */
function pictured(drawing, words) {
  for (const group of drawing.querySelectorAll("g[aria-label], g[aria-description]")) {
    group.removeAttribute("aria-label");
    group.removeAttribute("aria-description");
  }
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", words);
}

const fetched = new Map();

/* JSON of this site, asked once. */
async function json(path) {
  if (!fetched.has(path)) {
    fetched.set(path, fetch(path).then((answer) => {
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      return answer.json();
    }));
  }
  return fetched.get(path);
}

const CANNOT_LOAD = location.protocol === "file:"
  ? "A page that was opened from a file cannot load its data: start mebench site serve."
  : "The data of this view could not be loaded.";
