"use strict";
/* Tables of results: kind, family, filters, sorting, own weights and selection. All of it stands in the address after "#",
   so that every view has a link; without this script the first rows are there, and the whole table as CSV.
   Order and filters are TanStack Table's. The first rows came with the page; of the others it has the numbers, and fetches
   their looks when it can be used already. */

const byId = (id) => document.getElementById(id);
const idle = window.requestIdleCallback ? (work) => requestIdleCallback(work, { timeout: 2000 }) : (work) => setTimeout(work, 16);
const FIRST = 24;  /* rows that are laid out at once; the rest follows when the browser has time (mebench/leaderboard/site/stow.py) */

class View {
  constructor(tools) {
    this.tools = tools;
    this.sections = [...document.querySelectorAll(".board-section")];
    this.tables = this.sections.map((section) => new ResultTable(section, this));
    this.columns = new CSSStyleSheet();
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.columns];
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    tools.addEventListener("input", () => this.changed());
    addEventListener("hashchange", () => { if (location.hash !== this.written) this.read(); });
    addEventListener("beforeprint", () => { for (const table of this.tables) table.finish(); });
    this.read();
    this.fetch();
  }

  /* A script, not a request: a site that is opened from a folder may read no files. */
  fetch() {
    const rest = document.querySelector("script.rest");
    if (!rest) return;
    window.rowsArrived = (looks) => this.tables.filter((table) => table.rest).forEach((table, index) => table.arrived(looks[index]));
    const script = document.createElement("script");
    script.src = rest.dataset.rows;
    requestAnimationFrame(() => setTimeout(() => document.head.append(script)));  /* after the first rows are drawn */
  }

  get kinds() { return [...this.tools.querySelectorAll('[name="kind"]')]; }

  get filters() { return [...this.tools.querySelectorAll("[data-filter]")]; }

  checked(name) {
    const found = this.tools.querySelector(`[name="${name}"]:checked`);
    return found ? found.value : "";
  }

  /* From the address to the controls. */
  read() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of ["kind", "family"]) {
      const radios = [...this.tools.querySelectorAll(`[name="${name}"]`)];
      const chosen = radios.find((radio) => radio.value === (state.get(name) || "")) || radios[0];
      if (chosen) chosen.checked = true;
    }
    for (const control of this.filters) {
      const value = state.get(control.dataset.filter) || "";
      if (control.type === "checkbox") control.checked = value === "1";
      else if (control.options) control.value = [...control.options].some((option) => option.value === value) ? value : "";
      else control.value = value;
    }
    const selected = new Set((state.get("select") || "").split(",").filter(Boolean));
    const weights = new Map((state.get("weights") || "").split(",").map((part) => part.split(":")));
    for (const table of this.tables) {
      table.select(selected);
      table.weigh(weights);
      table.sort(state.get("sort") || "rank", state.get("down") === "1");
    }
    this.show();
  }

  /* From the controls to the address. */
  write() {
    const state = new URLSearchParams();
    const set = (name, value) => { if (value) state.set(name, value); };
    const kind = this.checked("kind"), [table] = this.tables;
    set("kind", kind && kind !== this.kinds[0].value ? kind : "");
    set("family", this.checked("family"));
    for (const control of this.filters) set(control.dataset.filter, control.type === "checkbox" ? (control.checked ? "1" : "") : control.value.trim());
    set("sort", table.by === "rank" && !table.down ? "" : table.by);
    set("down", table.down ? "1" : "");
    set("select", [...this.selected()].join(","));
    set("weights", table.weightsText());
    const text = state.toString();
    this.written = text ? `#${text}` : "";
    history.replaceState(null, "", this.written || location.pathname + location.search);
  }

  selected() { return new Set(this.tables.flatMap((table) => table.selected())); }

  changed() {
    this.show();
    this.write();
  }

  show() {
    const kind = this.checked("kind"), family = (this.family = this.checked("family"));
    for (const section of this.sections) section.hidden = Boolean(kind) && section.dataset.kind !== kind;
    this.columns.replaceSync(family === "all" ? ".board [data-family=''] { display: none !important; }"
      : `.board [data-family]:not([data-family="${CSS.escape(family)}"]) { display: none !important; }`);
    for (const table of this.tables) table.table.classList.toggle("view-overview", !family && this.kinds.length > 0);
    const wanted = Object.fromEntries(this.filters.map((control) => [control.dataset.filter,
      control.type === "checkbox" ? control.checked : control.value.trim().toLowerCase()]));
    for (const table of this.tables) table.filter(wanted);
    document.documentElement.dataset.ready = "";
    this.offer(kind);
  }

  /* A link to the comparison of what is selected. */
  offer(kind) {
    const bar = byId("compare-bar"), chosen = [...this.selected()];
    if (!bar) return;
    bar.hidden = chosen.length === 0;
    bar.querySelector("[role=status]").textContent = chosen.length === 1 ? "1 selected: select another one to compare." : `${chosen.length} selected.`;
    const link = bar.querySelector("a"), state = new URLSearchParams({ board: bar.dataset.board, kind, r: chosen.join(",") });
    link.hidden = chosen.length < 2;
    link.href = `${bar.dataset.page}#${state}`;
  }

  reset() {
    this.tools.reset();
    for (const table of this.tables) {
      table.select(new Set());
      table.weigh(new Map());
    }
    this.changed();
  }
}

/* What a cell is sorted by: a number, a word, or null. */
function number(text) { return text === undefined || text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text); }

class ResultTable {
  constructor(section, view) {
    this.section = section;
    this.view = view;
    this.table = section.querySelector(".board");
    this.body = this.table.querySelector("tbody.rows");
    this.rest = section.querySelector("script.rest");
    this.entries = [...this.body.rows].map((row) => this.entry(row.dataset, [...row.cells].map((cell) => number(cell.dataset.v)), row));
    if (this.rest) {
      const { keys, rows } = JSON.parse(this.rest.textContent);
      for (const [values, numbers] of rows) this.entries.push(this.entry(Object.fromEntries(keys.flatMap((key, k) => (values[k] === null ? [] : [[key, values[k]]]))), numbers, null));
    }
    this.heads = [...this.table.tHead.rows[this.table.tHead.rows.length - 1].cells];
    this.by = "rank";
    this.down = false;
    this.wanted = {};
    this.waiting = [];
    this.model = TableCore.createTable({
      data: this.entries,
      columns: this.heads.flatMap((head, index) => (head.dataset.sort ? [this.column(head.dataset.sort, index)] : [])),
      state: {},
      onStateChange: () => {},
      renderFallbackValue: null,
      globalFilterFn: (row) => this.keeps(row.original),
      getColumnCanGlobalFilter: () => true,
      getCoreRowModel: TableCore.getCoreRowModel(),
      getFilteredRowModel: TableCore.getFilteredRowModel(),
      getSortedRowModel: TableCore.getSortedRowModel(),
    });
    this.state = { ...this.model.initialState, sorting: [{ id: "rank", desc: false }], globalFilter: {} };
    for (const head of this.heads) if (head.dataset.sort) this.button(head);
    this.body.addEventListener("change", (event) => {
      const row = event.target.closest("tr"), entry = this.entries.find((each) => each.row === row);
      if (!entry) return;
      entry.selected = event.target.checked;
      this.reflect(entry);
      this.view.changed();
    });
    section.querySelector(".reset").addEventListener("click", () => this.view.reset());
    this.panel = section.querySelector(".weights");
    this.prepareWeights();
  }

  /* What is known of a result. data: as of its row; v: what each cell is sorted by; row: null until its looks are there. */
  entry(data, v, row) {
    const entry = { data, v, row, look: null, selected: false, mine: undefined, text: `${data.name} ${data.backbone || ""}`.toLowerCase() };
    if (data.families) entry.families = JSON.parse(data.families);
    if (row) row.hidden = false;  /* old versions are hidden where there is no script; here a filter does it */
    return entry;
  }

  /* Numbers are sorted by badness: the best first, then the worst first; missing ones are last both times. */
  column(id, index) {
    if (id === "name") return { id, accessorFn: (entry) => entry.data.name, sortingFn: (a, b) => a.original.data.name.localeCompare(b.original.data.name, "en", { numeric: true }) };
    const known = (value) => (value === null ? undefined : value);
    if (this.heads[index].dataset.text !== undefined) return { id, accessorFn: (entry) => known(entry.v[index]), sortUndefined: "last" };
    const accessorFn = id === "rank" ? (entry) => (entry.mine === undefined ? known(entry.v[index]) : entry.mine) : (entry) => known(entry.v[index]);
    return { id, accessorFn, sortUndefined: "last", sortingFn: "basic" };
  }

  button(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = this.by === head.dataset.sort && !this.down;
      for (const table of this.view.tables) { table.sort(head.dataset.sort, down); table.render(); }
      this.view.write();
    });
  }

  sort(by, down) {
    const column = this.heads.findIndex((head) => head.dataset.sort === by);
    if (column < 0) return;
    this.by = by;
    this.down = down;
    for (const head of this.heads) head.removeAttribute("aria-sort");
    this.heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    this.state = { ...this.state, sorting: [{ id: by, desc: down }] };
  }

  filter(wanted) {
    this.wanted = wanted;
    this.state = { ...this.state, globalFilter: { ...wanted } };  /* a new object: the model looks for a change */
    this.render();
  }

  keeps({ data, text, selected }) {
    const { q = "", since = "", old = false, only = false, open = false, ...equal } = this.wanted;
    return (!q || q.split(/\s+/).every((word) => text.includes(word)))
      && (!since || data.date >= since)
      && (old || data.old === undefined)
      && (!open || data.open === "1")
      && (!only || selected)
      && Object.entries(equal).every(([name, value]) => !value || (data[name] || "").toLowerCase().split(" ").includes(value));
  }

  render() {
    if (this.section.hidden) return;  /* it is rendered when it is shown */
    this.model.setOptions((options) => ({ ...options, state: this.state }));
    const order = this.model.getRowModel().rows.map((row) => row.original);
    const there = order.slice(0, FIRST).map((entry) => this.row(entry));
    this.late = there.includes(null);  /* what is shown stays until the looks of these rows are there */
    if (this.late) this.table.setAttribute("aria-busy", "true");
    else this.table.removeAttribute("aria-busy");
    this.waiting = this.late ? [] : order.slice(FIRST);
    if (!this.late) this.body.replaceChildren(...there);
    const round = (this.round = {});  /* a later order ends the filling of an earlier one */
    this.more(round);
    const total = this.entries.filter((entry) => entry.data.old === undefined || this.wanted.old).length;
    this.section.querySelector(".shown").textContent = `${order.length === total ? "" : `${order.length} of `}${total} result${total === 1 ? "" : "s"}`;
    this.section.querySelector(".nothing").hidden = order.length > 0;
  }

  /* The looks of the rows that the page did not come with, in their order there. */
  arrived(looks) {
    const waiting = this.entries.filter((entry) => !entry.row);
    waiting.forEach((entry, index) => { entry.look = looks[index]; });
    if (this.late) this.render();
    else this.more(this.round);
  }

  /* The row of a result, made when it is first shown; null while its looks are on their way. */
  row(entry) {
    if (!entry.row && entry.look !== null) {
      const holder = document.createElement("template");
      holder.innerHTML = entry.look;
      entry.row = holder.content.querySelector("tr");
      entry.row.hidden = false;
      entry.look = null;
      this.reflect(entry);
      this.ranked(entry);
    }
    if (entry.row) bars(entry.row, this.view.family);
    return entry.row;
  }

  more(round) {
    if (this.waiting.length && (this.waiting[0].row || this.waiting[0].look !== null)) idle(() => { if (round === this.round) { this.add(40); this.more(round); } });
  }

  add(count) {
    const next = this.waiting.slice(0, count).map((entry) => this.row(entry)).filter(Boolean);
    this.waiting.splice(0, next.length);
    this.body.append(...next);
  }

  finish() { this.add(this.waiting.length); }

  select(keys) {
    for (const entry of this.entries) {
      entry.selected = keys.has(entry.data.key);
      if (entry.row) this.reflect(entry);
    }
  }

  reflect(entry) {
    const tick = entry.row.querySelector(".pick input");
    if (tick) tick.checked = entry.selected;
    entry.row.classList.toggle("selected", entry.selected && Boolean(tick));
  }

  selected() { return this.entries.filter((entry) => entry.selected).map((entry) => entry.data.key); }

  /* The order under other weights of the families. */
  prepareWeights() {
    this.sliders = this.panel ? [...this.panel.querySelectorAll("input")] : [];
    this.placed = this.entries.filter((entry) => entry.families);
    if (!this.panel || this.placed.length < 2) return;
    this.panel.hidden = false;
    this.panel.addEventListener("input", () => {
      const weights = new Map(this.sliders.map((slider) => [slider.dataset.weight, slider.value]));
      for (const table of this.view.tables) { table.weigh(weights); table.render(); }
      this.view.write();
    });
    this.panel.querySelector(".equal").addEventListener("click", () => {
      for (const table of this.view.tables) { table.weigh(new Map()); table.render(); }
      this.view.write();
    });
  }

  weightsText() {
    return this.sliders.some((slider) => slider.value !== "2") ? this.sliders.map((slider) => `${slider.dataset.weight}:${slider.value}`).join(",") : "";
  }

  /* Mean over the families of the mean rank inside each, and the order of it. */
  weigh(weights) {
    if (!this.panel || this.panel.hidden) return;
    const value = (slider) => (/^[0-4]$/.test(weights.get(slider.dataset.weight)) ? weights.get(slider.dataset.weight) : "2");
    for (const slider of this.sliders) {
      slider.value = value(slider);
      slider.nextElementSibling.textContent = `${Number(slider.value) / 2}×`;
    }
    const order = (weight) => {
      const known = this.placed.map((entry) => {
        const parts = this.sliders.filter((slider) => entry.families[slider.dataset.weight] !== undefined);
        const total = parts.reduce((sum, slider) => sum + weight(slider), 0);
        return [total ? parts.reduce((sum, slider) => sum + weight(slider) * entry.families[slider.dataset.weight], 0) / total : null, entry];
      });
      return known.filter(([rank]) => rank !== null).sort((a, b) => a[0] - b[0]);
    };
    const mine = order((slider) => Number(slider.value)), equal = order(() => 1), changed = this.weightsText() !== "";
    for (const entry of this.placed) this.own(entry, undefined);
    if (changed) mine.forEach(([rank, entry]) => this.own(entry, 1 + mine.filter(([other]) => other < rank - 1e-9).length));
    this.model.setOptions((options) => ({ ...options, data: [...options.data] }));  /* a new array: ranks have changed */
    this.verdict(mine, equal, changed);
  }

  own(entry, rank) {
    entry.mine = rank;
    if (entry.row) this.ranked(entry);
  }

  ranked(entry) {
    const text = entry.row.querySelector(".mine");
    if (text) { text.hidden = entry.mine === undefined; text.textContent = entry.mine === undefined ? "" : `${entry.mine} by your weights`; }
  }

  verdict(mine, equal, changed) {
    const name = ([, { data }]) => data.title + (data.backbone ? ` on ${data.backbone}` : "");
    this.panel.querySelector(".equal").hidden = !changed;
    this.panel.querySelector(".verdict").textContent = !mine.length ? "Give at least one family a weight."
      : !changed ? `${name(equal[0])} is first.`
        : mine[0][1] === equal[0][1] ? `${name(mine[0])} is first, as with equal weights.` : `${name(mine[0])} is first; with equal weights it is ${name(equal[0])}.`;
  }
}

/* The small pictures of the columns of a family in a row, drawn when they are first shown: data-bar holds floor, ceiling, value, ends of the interval (or
   nothing) in percent, where the value lies beyond the bar, and at which ends the interval does (1: left, 2: right). data-range holds a rank interval and how many are ranked. */
function bars(row, shown) {
  for (const cell of row.cells) {
    const { family } = cell.dataset, visible = family === undefined || (shown === "all" ? family !== "" : family === shown);
    if (visible) for (const holder of cell.querySelectorAll("[data-bar], [data-range]")) bar(holder);
  }
}

function bar(holder) {
  const x = (percent) => (2 + 0.58 * percent).toFixed(1);
  const draw = (name, d) => `<path class="${name}" d="${d}"/>`;
  let drawn;
  if (holder.dataset.bar) {
    const [floor, ceiling, value, low, high, beyond, cut] = holder.dataset.bar.split(" ").map((part) => (part === "" || part === "-" ? null : Number(part)));
    drawn = draw("track", `M${x(floor)} 8H${x(ceiling)}`) + draw("floor", `M${x(floor)} 4v8`) + draw("ceiling", `M${x(ceiling)} 4v8`)
      + (low === null ? "" : draw("interval", `M${x(low)} 8H${x(high)}${cut & 1 ? `M${x(low)} 8m3-3-3 3 3 3` : ""}${cut & 2 ? `M${x(high)} 8m-3-3 3 3-3 3` : ""}`))
      + (beyond ? draw("mean", `M${x(value)} 8m${beyond < 0 ? "-4 0l7-4v8Z" : "4 0l-7-4v8Z"}`) : `<circle class="mean" cx="${x(value)}" cy="8" r="3.6"/>`);
  } else {
    const [low, rank, high, count] = holder.dataset.range.split(" ").map(Number), at = (value) => x(count > 1 ? (100 * (value - 1)) / (count - 1) : 50);
    drawn = draw("track", `M${at(1)} 8H${at(count)}`) + draw("interval", `M${at(low)} 8H${at(high)}`) + `<circle class="mean" cx="${at(rank)}" cy="8" r="3.6"/>`;
  }
  holder.innerHTML = `<svg class="bar" width="62" height="16" aria-hidden="true">${drawn}</svg>`;
  delete holder.dataset.bar;
  delete holder.dataset.range;
}

if (byId("tools")) new View(byId("tools"));
