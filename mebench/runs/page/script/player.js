/* The player. One picture holds every frame of every panel; one function draws all panels, the numbers and the cursor
   of one frame, so that they cannot show different moments. */

const $ = (id) => document.getElementById(id);

class Player {
  constructor(clips) {
    this.clips = clips;
    this.clip = null;
    this.frame = 0;
    this.panels = [];
    this.sheets = new Map();
    this.chart = new Chart($("chart"), (frame) => { this.pause(); this.show(frame); });
    this.connect();
  }

  connect() {
    $("play").addEventListener("click", () => (this.playing ? this.pause() : this.play()));
    $("previous").addEventListener("click", () => this.step(-1));
    $("next").addEventListener("click", () => this.step(1));
    $("scrub").addEventListener("input", () => { this.pause(); this.show(Number($("scrub").value)); });
    for (const button of document.querySelectorAll("[data-mark]")) {
      button.addEventListener("click", () => { this.pause(); this.show(this.clip[button.dataset.mark]); });
    }
    for (const radio of document.getElementsByName("speed")) {
      radio.addEventListener("change", () => { if (this.playing) this.restartClock(); });
    }
    for (const control of document.querySelectorAll("#factor, [name='overlay']")) {
      control.addEventListener("input", () => { this.choose(); this.show(this.frame); });
    }
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.pause(); });
  }

  get playing() { return this.request !== undefined; }

  get speed() { return Number(document.querySelector('input[name="speed"]:checked').value); }

  /* How clips that travel with motion fields are looked at: see lens.js. Only their player has these controls. */
  choose() {
    const overlay = document.querySelector("[name='overlay']:checked"), drawn = Boolean(this.clip && this.clip.arrows);
    this.choice = { factor: $("factor") ? Number($("factor").value) : 1, overlay: overlay ? overlay.value : "difference" };
    if (drawn) this.choice.overlay = "flow";  /* there are no pictures to take a difference of */
    if (!$("factor")) return;
    if (overlay) overlay.closest("fieldset").hidden = drawn;
    $("factor-shown").textContent = `\u00d7${this.choice.factor}`;
    $("factor").setAttribute("aria-valuetext", `${this.choice.factor} times`);
    for (const { panel, factor } of this.panels) {
      if (!factor) continue;
      factor.textContent = panel.view === "magnified" ? ` motion \u00d7${this.choice.factor}`
        : this.choice.overlay === "flow" ? ` motion of both \u00d7${this.choice.factor}` : " change since the onset, output minus reference";
    }
  }

  /* Arrow keys and space work in the player, and the arrows also when nothing else has the focus. */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !this.clip) return;
    const inside = $("player").contains(event.target), free = event.target === document.body;
    if (!inside && !free) return;
    if (event.target.matches('input[type="radio"], #factor') && event.key.startsWith("Arrow")) return;  /* moves in them */
    const actions = { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1) };
    if (inside) {
      actions.Home = () => { this.pause(); this.show(0); };
      actions.End = () => { this.pause(); this.show(this.clip.frames - 1); };
      if (!event.target.matches('button, input[type="checkbox"], input[type="radio"]')) actions[" "] = () => (this.playing ? this.pause() : this.play());
    }
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  /* Choose a clip. Its picture is decoded first; the panels change at once when it is there. */
  async open(key) {
    const clip = this.clips.find((each) => each.key === key);
    if (!clip || clip === this.clip) return;
    this.pause();
    this.clip = clip;
    this.sheet = null;
    this.describe(clip);
    this.lay(clip);
    $("scrub").max = clip.frames - 1;
    this.chart.show(clip, clip.apex);
    this.show(clip.apex);
    if (!clip.sheet && !clip.arrows) return;
    $("player").setAttribute("aria-busy", "true");
    try {
      const sheet = await this.load(clip);
      if (this.clip !== clip) return;
      this.sheet = sheet;
      this.show(this.frame);
    } catch (error) {
      if (this.clip === clip) this.say(`The pictures of this clip cannot be loaded: ${clip.sheet} is missing beside this page or damaged.`);
    }
    if (this.clip === clip) $("player").removeAttribute("aria-busy");
  }

  async load(clip) {
    if (clip.film) {
      if (!this.sheets.has(clip.key)) this.sheets.set(clip.key, clip.arrows ? new Arrows(clip) : await Lens.open(clip));
    } else if (!this.sheets.has(clip.key)) {
      const image = new Image();
      image.src = clip.sheet;
      await image.decode();
      this.sheets.set(clip.key, image);
    }
    if (this.sheets.size > 4) {
      this.sheets.delete(this.sheets.keys().next().value);  /* a decoded sheet takes about 30 MB */
    }
    return this.sheets.get(clip.key);
  }

  describe(clip) {
    $("clip-title").textContent = clip.title;
    const facts = [clip.kind === "self" ? clip.driving : `${clip.driving} drives ${clip.source}`];
    if (clip.units) facts.push(`action units ${clip.units}`);
    facts.push(`${clip.frames} frames at ${Number(clip.fps.toFixed(2))} per second`);
    $("clip-facts").textContent = facts.join(" \u00b7 ");
    this.say(clip.note);
    for (const link of document.querySelectorAll("#picker a")) {
      link.toggleAttribute("aria-current", false);
      if (link.dataset.clip === clip.key) {
        link.setAttribute("aria-current", "true");
        const shelf = link.closest("ul");
        shelf.scrollLeft = Math.max(0, link.offsetLeft - shelf.offsetLeft - 40);
      }
    }
    for (const row of document.querySelectorAll("#clip-table tbody tr")) {
      if (row.dataset.clip === clip.key) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    $("clip-scores").replaceChildren(...clip.scores.map((score) => {
      const entry = document.createElement("div");
      const name = document.createElement("dt"), value = document.createElement("dd");
      name.textContent = score.name;
      value.textContent = score.text === null ? `missing: ${score.reason}` : score.text + (score.unit && score.unit !== "1" && !score.unit.includes(" ") ? ` ${score.unit}` : "");
      entry.append(name, value);
      return entry;
    }));
    this.legend(clip);
  }

  legend(clip) {
    const truth = clip.panels.some((panel) => panel.role === "reference") || !clip.panels.length;
    const entries = clip.curves ? [["reference", truth ? "True answer" : "Driving clip"], ["output", "Output"]] : [];
    $("legend").replaceChildren(...entries.map(([role, text]) => {
      const line = document.createElement("span");
      line.className = `line ${role}`;
      line.textContent = text;
      return line;
    }));
    if (clip.curves) $("legend").append(`1 = ${clip.curves.unit}` + ` (${clip.curves.peak} px of ${clip.size})`);
  }

  say(text) {
    $("clip-note").hidden = !text;
    $("clip-note").firstElementChild.textContent = text || "";
  }

  /* Panels of the clip: those as recorded, then the console, then the magnified ones below output and reference. */
  lay(clip) {
    const stage = $("stage");
    for (const old of stage.querySelectorAll("figure")) old.remove();
    this.panels = clip.panels.map((panel) => {
      const figure = document.createElement("figure");
      figure.className = panel.role;
      const frame = document.createElement("div");
      frame.className = "frame";
      let canvas = null;
      if (panel.start === null) {
        const note = document.createElement("p");
        note.className = "withheld";
        note.textContent = panel.note;
        frame.append(note);
      } else {
        canvas = document.createElement("canvas");
        canvas.width = canvas.height = panel.view === "overlay" ? OVERLAY : clip.side;
        canvas.setAttribute("role", "img");
        frame.append(canvas);
      }
      const caption = document.createElement("figcaption"), name = document.createElement("span"), number = document.createElement("span");
      name.className = "role";
      let factor = null;
      name.textContent = canvas && panel.note ? `${panel.name}, motion only` : panel.name;
      if (panel.note) figure.title = panel.note;
      if (panel.factor !== null) {
        factor = document.createElement("span");
        factor.className = "factor";
        factor.textContent = panel.view ? "" : ` motion \u00d7${panel.factor}`;
        name.append(factor);
      }
      number.className = "number";
      caption.append(name, number);
      figure.append(frame, caption);
      if (panel.factor === null) stage.insertBefore(figure, $("console"));
      else stage.append(figure);
      return { panel, canvas, number, factor, name: panel.view ? `${panel.name}, ${panel.view}` : name.textContent };
    });
    stage.classList.toggle("lens", Boolean(clip.film));
    if (clip.film && $("factor")) $("factor").value = clip.factor;
    this.choose();
    const plain = clip.panels.filter((panel) => panel.factor === null).length;
    stage.classList.toggle("few", plain === 3);
    stage.classList.toggle("none", plain === 0);
    if (plain === 3 && !clip.film) {  /* without a true answer: output magnified beside the output, the driver magnified below it */
      const first = stage.querySelectorAll("figure")[3];
      stage.insertBefore(first, $("console"));
    }
  }

  /* Everything that depends on the frame is set here and nowhere else. */
  show(frame) {
    const { clip } = this;
    this.frame = Math.min(clip.frames - 1, Math.max(0, frame));
    for (const { panel, canvas, number, name } of this.panels) {
      number.textContent = panel.still ? "still" : `${this.frame}`;
      if (!canvas) continue;
      canvas.dataset.frame = panel.still ? "still" : this.frame;
      canvas.setAttribute("aria-label", panel.still ? name : `${name}, frame ${this.frame}`);
      if (!this.sheet) continue;
      if (clip.film) this.sheet.paint(canvas, panel, this.frame, this.choice);
      else this.draw(canvas, panel.start + (panel.still ? 0 : this.frame));
    }
    $("scrub").value = this.frame;
    $("scrub").setAttribute("aria-valuetext", `frame ${this.frame} of ${clip.frames - 1}, ${this.phase()}`);
    this.chart.move(this.frame);
    this.tell();
  }

  draw(canvas, tile) {
    const { side, columns } = this.clip, context = canvas.getContext("2d");
    context.drawImage(this.sheet, (tile % columns) * side, Math.floor(tile / columns) * side, side, side, 0, 0, canvas.width, canvas.height);
  }

  phase() {
    const { onset, apex, offset } = this.clip, frame = this.frame;
    if (frame === onset) return "onset";
    if (frame === apex) return "apex";
    if (frame === offset) return "offset";
    if (frame < onset) return "before the onset";
    if (frame < apex) return "rising";
    return frame < offset ? "falling" : "after the offset";
  }

  tell() {
    const { clip, frame } = this, parts = [];
    const strong = document.createElement("b");
    strong.textContent = `Frame ${frame}`;
    const time = (1000 * (frame - clip.onset)) / clip.fps;
    parts.push(strong, ` of 0\u2013${clip.frames - 1} \u00b7 ${signed(time, 0)} ms \u00b7 ${this.phase()}`);
    if (clip.curves) {
      const text = (v) => (v === null || v === undefined ? "missing" : signed(v, 2));
      parts.push(` \u00b7 output ${text(clip.curves.output[frame])}, reference ${text(clip.curves.reference[frame])}`);
    }
    $("readout").replaceChildren(...parts);
  }

  step(by) {
    this.pause();
    const count = this.clip.frames, next = this.frame + by;
    this.show($("loop").checked ? (next + count) % count : next);
  }

  play() {
    if (this.frame === this.clip.frames - 1) this.show(0);
    $("play").setAttribute("data-playing", "");
    $("play").setAttribute("aria-label", "Pause");
    this.restartClock();
    const tick = (now) => {
      /* Time decides the frame: a slow display drops frames, it never shows them late. */
      if (this.started === undefined) this.started = now;
      const passed = Math.floor(((now - this.started) / 1000) * this.clip.fps * this.speed + 1e-6);
      const count = this.clip.frames, wanted = this.from + passed;
      if (wanted >= count && !$("loop").checked) {
        this.show(count - 1);
        this.pause();
        return;
      }
      if (wanted % count !== this.frame) this.show(wanted % count);
      this.request = requestAnimationFrame(tick);
    };
    this.request = requestAnimationFrame(tick);
  }

  restartClock() {
    this.from = this.frame;
    this.started = undefined;
  }

  pause() {
    if (this.request !== undefined) cancelAnimationFrame(this.request);
    this.request = undefined;
    $("play").removeAttribute("data-playing");
    $("play").setAttribute("aria-label", "Play");
  }
}

/* The address names the clip (#clip=key), so that a clip can be linked to and the back button works. */
function startPlayer() {
  const clips = JSON.parse($("clips-data").textContent);
  if (!clips.length) return;
  $("picker").hidden = $("player").hidden = false;
  const player = new Player(clips);
  const wanted = () => {
    try {
      return location.hash.startsWith("#clip=") ? decodeURIComponent(location.hash.slice(6)) : null;
    } catch (malformed) {
      return null;
    }
  };
  const follow = (scroll) => {
    const key = wanted();
    if (key === null || !clips.some((clip) => clip.key === key)) return false;
    player.open(key);
    if (scroll) $("motion").scrollIntoView();
    return true;
  };
  window.addEventListener("hashchange", () => follow(false));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#clip="]');
    if (!link) return;
    if (link.closest("#clip-table")) $("motion").scrollIntoView();
  });
  if (!follow(true)) player.open(clips[0].key);
}
