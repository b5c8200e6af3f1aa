/* Sorting of the clip table, reasons of missing numbers that no scrolling box cuts off, and the copy button. */

function sortable(table) {
  const body = table.tBodies[0], rows = [...body.rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    const numeric = head.dataset.sort === "number";
    const value = (row) => {
      const cell = row.cells[column];
      if (!numeric) return cell.textContent.trim();
      return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    };
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const sorted = rows.map((row, index) => [value(row), index, row]).sort((a, b) => {
        if (a[0] === null || b[0] === null) return (a[0] === null) - (b[0] === null) || a[1] - b[1];  /* missing: last */
        const order = numeric ? a[0] - b[0] : a[0].localeCompare(b[0], "en", { numeric: true });
        return (up ? order : -order) || a[1] - b[1];
      });
      body.append(...sorted.map((entry) => entry[2]));
    });
  });
}

function placeTips() {
  const place = (event) => {
    const owner = event.target.closest && event.target.closest(".missing, .partial");
    if (!owner) return;
    const tip = owner.querySelector(".tip"), box = owner.getBoundingClientRect();
    if (!tip) return;
    Object.assign(tip.style, { position: "fixed", right: "auto", bottom: "auto", left: "0", top: "0" });
    const own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.right - own.width), document.documentElement.clientWidth - own.width - 8);
    const above = box.top - own.height - 6;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above > 4 ? above : box.bottom + 6}px`;
  };
  document.addEventListener("mouseover", place);
  document.addEventListener("focusin", place);
}

function copyButton() {
  const button = $("copy"), command = $("command");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
    } catch (refused) {  /* some browsers allow no clipboard on file:// */
      getSelection().selectAllChildren(command);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
}

sortable($("clip-table"));
placeTips();
copyButton();
startPlayer();
