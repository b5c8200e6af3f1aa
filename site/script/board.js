"use strict";
/* Tables of results: kind, family, filters, sorting, own weights and selection. All of it stands in the address after "#",
   so that every view has a link; without this script the first rows are there, and the whole table as CSV.
   Order and filters are TanStack Table's; the rows are those that the page came with. */

const byId = (id) => document.getElementById(id);
const idle = window.requestIdleCallback ? (work) => requestIdleCallback(work, { timeout: 2000 }) : (work) => setTimeout(work, 16);
const FIRST = 40;  /* rows that are laid out at once; the rest follows when the browser has time */

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
    const kind = this.checked("kind"), family = this.checked("family");
    for (const section of this.sections) section.hidden = Boolean(kind) && section.dataset.kind !== kind;
    this.columns.replaceSync(family === "all" ? ".board [data-family=''] { display: none; }"
      : `.board [data-family]:not([data-family="${CSS.escape(family)}"]) { display: none; }`);
    for (const table of this.tables) table.table.classList.toggle("view-overview", !family && this.kinds.length > 0);
    const wanted = Object.fromEntries(this.filters.map((control) => [control.dataset.filter,
      control.type === "checkbox" ? control.checked : control.value.trim().toLowerCase()]));
    for (const table of this.tables) table.filter(wanted);
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

class ResultTable {
  constructor(section, view) {
    this.section = section;
    this.view = view;
    this.table = section.querySelector(".board");
    this.body = this.table.querySelector("tbody.rows");
    const rest = section.querySelector("template");
    this.rows = [...this.body.rows, ...(rest ? rest.content.querySelectorAll("tr") : [])];
    for (const row of this.rows) row.hidden = false;  /* old versions are hidden where there is no script; here a filter does it */
    this.heads = [...this.table.tHead.rows[this.table.tHead.rows.length - 1].cells];
    this.by = "rank";
    this.down = false;
    this.wanted = {};
    this.model = TableCore.createTable({
      data: this.rows.map((row) => ({ row, data: row.dataset, text: `${row.dataset.name} ${row.dataset.backbone || ""}`.toLowerCase() })),
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
    this.body.addEventListener("change", () => { this.mark(); this.view.changed(); });
    section.querySelector(".reset").addEventListener("click", () => this.view.reset());
    this.panel = section.querySelector(".weights");
    this.prepareWeights();
  }

  /* Numbers are sorted by badness: the best first, then the worst first; missing ones are last both times. */
  column(id, index) {
    const number = (row) => { const { v } = row.cells[index].dataset; return v === "" || v === undefined ? undefined : Number(v); };
    if (id === "name") return { id, accessorFn: (entry) => entry.data.name, sortingFn: (a, b) => a.original.data.name.localeCompare(b.original.data.name, "en", { numeric: true }) };
    if (this.heads[index].dataset.text !== undefined) return { id, accessorFn: (entry) => entry.row.cells[index].textContent.trim() || undefined, sortUndefined: "last" };
    const accessorFn = id === "rank" ? (entry) => (entry.mine === undefined ? number(entry.row) : entry.mine) : (entry) => number(entry.row);
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

  keeps({ row, data, text }) {
    const { q = "", since = "", old = false, only = false, open = false, ...equal } = this.wanted;
    return (!q || q.split(/\s+/).every((word) => text.includes(word)))
      && (!since || data.date >= since)
      && (old || data.old === undefined)
      && (!open || data.open === "1")
      && (!only || row.classList.contains("selected"))
      && Object.entries(equal).every(([name, value]) => !value || (data[name] || "").toLowerCase().split(" ").includes(value));
  }

  render() {
    this.model.setOptions((options) => ({ ...options, state: this.state }));
    const rows = this.model.getRowModel().rows.map((entry) => entry.original.row);
    this.waiting = rows.slice(FIRST);
    for (const row of rows.slice(0, FIRST)) bars(row);
    this.body.replaceChildren(...rows.slice(0, FIRST));
    const round = (this.round = {});  /* a later order ends the filling of an earlier one */
    this.more(round);
    const total = this.rows.filter((row) => row.dataset.old === undefined || this.wanted.old).length;
    this.section.querySelector(".shown").textContent = rows.length === total ? `${total} results` : `${rows.length} of ${total} results`;
    this.section.querySelector(".nothing").hidden = rows.length > 0;
  }

  more(round) {
    if (this.waiting.length) idle(() => { if (round === this.round) { this.add(40); this.more(round); } });
  }

  add(count) {
    const next = this.waiting.splice(0, count);
    for (const row of next) bars(row);
    this.body.append(...next);
  }

  finish() { this.add(this.waiting.length); }

  tick(row) { return row.querySelector(".pick input"); }

  select(keys) {
    for (const row of this.rows) if (this.tick(row)) this.tick(row).checked = keys.has(row.dataset.key);
    this.mark();
  }

  mark() { for (const row of this.rows) row.classList.toggle("selected", Boolean(this.tick(row)) && this.tick(row).checked); }

  selected() { return this.rows.filter((row) => this.tick(row) && this.tick(row).checked).map((row) => row.dataset.key); }

  /* The order under other weights of the families. */
  prepareWeights() {
    this.sliders = this.panel ? [...this.panel.querySelectorAll("input")] : [];
    this.entries = this.model.options.data.filter((entry) => entry.data.families).map((entry) => Object.assign(entry, { families: JSON.parse(entry.data.families) }));
    if (!this.panel || this.entries.length < 2) return;
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
      const known = this.entries.map((entry) => {
        const parts = this.sliders.filter((slider) => entry.families[slider.dataset.weight] !== undefined);
        const total = parts.reduce((sum, slider) => sum + weight(slider), 0);
        return [total ? parts.reduce((sum, slider) => sum + weight(slider) * entry.families[slider.dataset.weight], 0) / total : null, entry];
      });
      return known.filter(([rank]) => rank !== null).sort((a, b) => a[0] - b[0]);
    };
    const mine = order((slider) => Number(slider.value)), equal = order(() => 1), changed = this.weightsText() !== "";
    for (const entry of this.entries) this.own(entry, undefined);
    if (changed) mine.forEach(([rank, entry]) => this.own(entry, 1 + mine.filter(([other]) => other < rank - 1e-9).length));
    this.model.setOptions((options) => ({ ...options, data: [...options.data] }));  /* a new array: ranks have changed */
    this.verdict(mine, equal, changed);
  }

  own(entry, rank) {
    entry.mine = rank;
    const text = entry.row.querySelector(".mine");
    if (text) { text.hidden = rank === undefined; text.textContent = rank === undefined ? "" : `${rank} by your weights`; }
  }

  verdict(mine, equal, changed) {
    const name = ([, { row }]) => row.querySelector(".name").textContent + (row.dataset.backbone ? ` on ${row.dataset.backbone}` : "");
    this.panel.querySelector(".equal").hidden = !changed;
    this.panel.querySelector(".verdict").textContent = !mine.length ? "Give at least one family a weight."
      : !changed ? `${name(equal[0])} is first.`
        : mine[0][1] === equal[0][1] ? `${name(mine[0])} is first, as with equal weights.` : `${name(mine[0])} is first; with equal weights it is ${name(equal[0])}.`;
  }
}

/* The small pictures of a row, drawn when it is first shown: data-bar holds floor, ceiling, value, ends of the interval (or
   nothing) in percent and where the value lies beyond the bar. data-range holds a rank interval and how many are ranked. */
function bars(row) {
  for (const holder of row.querySelectorAll("[data-bar], [data-range]")) {
    const x = (percent) => (2 + 0.58 * percent).toFixed(1);
    const draw = (name, d) => `<path class="${name}" d="${d}"/>`;
    let drawn;
    if (holder.dataset.bar) {
      const [floor, ceiling, value, low, high, beyond] = holder.dataset.bar.split(" ").map((part) => (part === "" || part === "-" ? null : Number(part)));
      drawn = draw("track", `M${x(floor)} 8H${x(ceiling)}`) + draw("floor", `M${x(floor)} 4v8`) + draw("ceiling", `M${x(ceiling)} 4v8`)
        + (low === null ? "" : draw("interval", `M${x(low)} 8H${x(high)}`))
        + (beyond ? draw("mean", `M${x(value)} 8m${beyond < 0 ? "-4 0l7-4v8Z" : "4 0l-7-4v8Z"}`) : `<circle class="mean" cx="${x(value)}" cy="8" r="3.6"/>`);
    } else {
      const [low, rank, high, count] = holder.dataset.range.split(" ").map(Number), at = (value) => x(count > 1 ? (100 * (value - 1)) / (count - 1) : 50);
      drawn = draw("track", `M${at(1)} 8H${at(count)}`) + draw("interval", `M${at(low)} 8H${at(high)}`) + `<circle class="mean" cx="${at(rank)}" cy="8" r="3.6"/>`;
    }
    holder.innerHTML = `<svg class="bar" width="62" height="16" aria-hidden="true">${drawn}</svg>`;
    delete holder.dataset.bar;
    delete holder.dataset.range;
  }
}

if (byId("tools")) new View(byId("tools"));
