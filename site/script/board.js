/* The board: kind, family, filters, sorting and weights. All of it stands in the address after "#", so that every view
   has a link; without this script the whole tables are there. */

const byId = (id) => document.getElementById(id);

class View {
  constructor(tools) {
    this.tools = tools;
    this.sections = [...document.querySelectorAll(".board-section")];
    this.boards = this.sections.map((section) => new BoardTable(section, this));
    tools.hidden = false;
    tools.addEventListener("submit", (event) => event.preventDefault());
    tools.addEventListener("input", () => this.changed());
    addEventListener("hashchange", () => { if (location.hash !== this.written) this.read(); });
    this.read();
  }

  get kinds() { return [...this.tools.querySelectorAll('[name="kind"]')]; }

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
    byId("search").value = state.get("q") || "";
    for (const id of ["backbone", "tier"]) {
      const options = [...byId(id).options].map((option) => option.value);
      byId(id).value = options.includes(state.get(id)) ? state.get(id) : "";
    }
    for (const id of ["weights-open", "old", "only"]) byId(id).checked = state.get(id) === "1";
    const selected = new Set((state.get("select") || "").split(",").filter(Boolean));
    for (const board of this.boards) {
      board.select(selected);
      board.sort(state.get("sort") || "rank", state.get("down") === "1");
    }
    this.show();
  }

  /* From the controls to the address. */
  write() {
    const state = new URLSearchParams();
    const set = (name, value) => { if (value) state.set(name, value); };
    const kind = this.checked("kind");
    set("kind", kind && kind !== this.kinds[0].value ? kind : "");
    set("family", this.checked("family"));
    set("q", byId("search").value.trim());
    for (const id of ["backbone", "tier"]) set(id, byId(id).value);
    for (const id of ["weights-open", "old", "only"]) set(id, byId(id).checked ? "1" : "");
    const board = this.boards[0];
    set("sort", board.by === "rank" && !board.down ? "" : board.by);
    set("down", board.down ? "1" : "");
    set("select", [...new Set(this.boards.flatMap((each) => each.selected()))].join(","));
    const text = state.toString();
    this.written = text ? `#${text}` : "";
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }

  changed() { this.show(); this.write(); }

  show() {
    const kind = this.checked("kind");
    for (const section of this.sections) section.hidden = Boolean(kind) && section.dataset.kind !== kind;
    const family = this.checked("family");
    for (const cell of document.querySelectorAll(".board [data-family]")) cell.hidden = Boolean(family) && cell.dataset.family !== family;
    const wanted = {
      q: byId("search").value.trim().toLowerCase(),
      backbone: byId("backbone").value,
      tier: byId("tier").value,
      open: byId("weights-open").checked,
      old: byId("old").checked,
      only: byId("only").checked,
    };
    for (const board of this.boards) board.filter(wanted);
  }

  reset() {
    this.tools.reset();
    for (const board of this.boards) board.select(new Set());
    this.changed();
  }
}

class BoardTable {
  constructor(section, view) {
    this.section = section;
    this.view = view;
    this.table = section.querySelector(".board");
    this.body = this.table.querySelector("tbody.rows");
    this.rows = [...this.body.rows];
    this.heads = [...this.table.tHead.rows[1].cells];
    this.by = "rank";
    this.down = false;
    for (const head of this.heads) if (head.dataset.sort) this.button(head);
    this.body.addEventListener("change", () => { this.mark(); this.view.changed(); });
    section.querySelector(".reset").addEventListener("click", () => this.view.reset());
    this.weights(section.querySelector(".weights"));
  }

  button(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = this.by === head.dataset.sort && !this.down;
      for (const board of this.view.boards) board.sort(head.dataset.sort, down);
      this.view.write();
    });
  }

  /* Numbers are sorted by badness: the best first, then the worst first; missing ones are last both times. */
  sort(by, down) {
    const column = this.heads.findIndex((head) => head.dataset.sort === by);
    if (column < 0) return;
    this.by = by;
    this.down = down;
    for (const head of this.heads) head.removeAttribute("aria-sort");
    this.heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => (by === "name" ? row.dataset.name : row.cells[column].dataset.v === "" ? null : Number(row.cells[column].dataset.v));
    const sorted = this.rows.map((row, index) => [value(row), index, row]).sort((a, b) => {
      if (a[0] === null || b[0] === null) return (a[0] === null) - (b[0] === null) || a[1] - b[1];
      const order = by === "name" ? a[0].localeCompare(b[0], "en", { numeric: true }) : a[0] - b[0];
      return (down ? -order : order) || a[1] - b[1];
    });
    this.body.append(...sorted.map((entry) => entry[2]));
  }

  filter(wanted) {
    let shown = 0;
    for (const row of this.rows) {
      const data = row.dataset;
      const kept = (!wanted.q || `${data.name} ${data.backbone}`.toLowerCase().includes(wanted.q))
        && (!wanted.backbone || data.backbone === wanted.backbone)
        && (!wanted.tier || data.tier === wanted.tier)
        && (!wanted.open || data.open === "1")
        && (wanted.old || data.old === undefined)
        && (!wanted.only || row.classList.contains("selected"));
      row.hidden = !kept;
      shown += kept;
    }
    this.section.querySelector(".nothing").hidden = shown > 0;
  }

  tick(row) { return row.querySelector('.pick input'); }

  select(keys) {
    for (const row of this.rows) this.tick(row).checked = keys.has(row.dataset.key);
    this.mark();
  }

  mark() { for (const row of this.rows) row.classList.toggle("selected", this.tick(row).checked); }

  selected() { return this.rows.filter((row) => this.tick(row).checked).map((row) => row.dataset.key); }

  /* The mean rank of every method under other weights of the families. */
  weights(panel) {
    const ranked = this.rows.filter((row) => row.dataset.families).map((row) => [row, JSON.parse(row.dataset.families)]);
    const sliders = [...panel.querySelectorAll("input")];
    if (ranked.length < 2) return;
    panel.hidden = false;
    const winner = () => {
      let best = null;
      for (const [row, families] of ranked) {
        const parts = sliders.filter((slider) => families[slider.dataset.weight] !== undefined);
        const total = parts.reduce((sum, slider) => sum + Number(slider.value), 0);
        const rank = total ? parts.reduce((sum, slider) => sum + Number(slider.value) * families[slider.dataset.weight], 0) / total : null;
        if (rank !== null && (best === null || rank < best[0])) best = [rank, row];
      }
      return best;
    };
    const name = (row) => row.querySelector(".name").textContent + (row.dataset.backbone ? ` on ${row.dataset.backbone}` : "");
    const equal = winner();
    const tell = () => {
      for (const slider of sliders) slider.nextElementSibling.textContent = `${Number(slider.value) / 2}×`;
      const now = winner();
      panel.querySelector(".verdict").textContent = now === null
        ? "Give at least one family a weight."
        : now[1] === equal[1] ? `${name(now[1])} is first, as with equal weights.` : `${name(now[1])} is first; with equal weights it is ${name(equal[1])}.`;
    };
    panel.addEventListener("input", tell);
    tell();
  }
}

if (byId("tools")) new View(byId("tools"));
