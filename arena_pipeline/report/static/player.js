"use strict";
// Daily stock of chosen items under several policies on two canvases: one item over time, and all items on one day.
function startPlayer(facts, { formats, date, day }) {
  const stage = document.getElementById("stage");
  if (!stage) return;
  const { film } = facts, count = facts.days.count;
  const element = (id) => document.getElementById(id);
  const [play, scrub, speed, chooser] = ["play", "scrub", "speed", "film-item"].map(element);
  const shelf = element("shelf"), rows = film.policies;
  const state = { day: count - 1, item: 0, playing: false, last: 0 };
  report.film = state;
  scrub.max = count - 1;
  film.items.forEach((id, index) => {
    const option = chooser.appendChild(document.createElement("option"));
    const at = facts.items.id.indexOf(id);
    option.value = index;
    option.textContent = `${id} ${facts.items.name[at]}`;
  });
  const maps = rows.map((row) => row.frames.map((frame) => ({ arrivals: pairs(frame.arrivals), lost: pairs(frame.lost) })));
  function pairs(list) {
    const found = new Map();
    for (let i = 0; i < list.length; i += 2) found.set(list[i], list[i + 1]);
    return found;
  }
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function prepare(canvas, height) {
    const width = canvas.clientWidth || 600, ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    return [pen, width];
  }
  function drawStage() {
    const BAND = 92, LEFT = 44, TOP = 20;
    const [pen, width] = prepare(stage, rows.length * BAND + 22);
    const x = (index) => LEFT + ((width - LEFT - 6) * index) / Math.max(count - 1, 1);
    const most = Math.max(1, ...rows.flatMap((row) => row.frames[state.item].stock));
    rows.forEach((row, band) => {
      const frame = row.frames[state.item], events = maps[band][state.item];
      const top = band * BAND + TOP, floor = top + BAND - 34;
      const y = (units) => floor - ((floor - top) * units) / most;
      pen.fillStyle = colour("--ink");
      pen.fillText(row.name, LEFT, top - 5);
      pen.fillStyle = colour("--quiet");
      pen.fillText(formats.number.format(most), 2, top + 8);
      pen.fillText("0", 2, floor);
      pen.strokeStyle = colour("--grid");
      pen.beginPath(); pen.moveTo(LEFT, floor + .5); pen.lineTo(width - 6, floor + .5); pen.stroke();
      pen.beginPath();
      pen.moveTo(x(0), floor);
      for (let d = 0; d <= state.day; d++) { pen.lineTo(x(d), y(frame.stock[d])); pen.lineTo(x(d + 1), y(frame.stock[d])); }
      pen.lineTo(x(state.day + 1), floor);
      pen.fillStyle = colour("--s" + (band === 0 ? 9 : band - 1));
      pen.globalAlpha = .55; pen.fill(); pen.globalAlpha = 1;
      pen.fillStyle = colour("--accent");
      for (const d of events.arrivals.keys()) if (d <= state.day) {
        pen.beginPath(); pen.moveTo(x(d), floor + 2); pen.lineTo(x(d) - 4, floor + 10); pen.lineTo(x(d) + 4, floor + 10); pen.fill();
      }
      pen.fillStyle = colour("--bad");
      for (const [d, units] of events.lost) if (d <= state.day) pen.fillRect(x(d) - 1, floor - Math.min(floor - top, 4 + (floor - top) * units / most), 2, Math.min(floor - top, 4 + (floor - top) * units / most));
    });
    const line = x(state.day), bottom = rows.length * BAND + 4;
    pen.strokeStyle = colour("--ink");
    pen.globalAlpha = .4; pen.beginPath(); pen.moveTo(line, TOP - 8); pen.lineTo(line, bottom); pen.stroke(); pen.globalAlpha = 1;
    pen.fillStyle = colour("--quiet");
    pen.fillText(date.format(day(0)), LEFT, bottom + 14);
    const end = date.format(day(count - 1));
    pen.fillText(end, width - 6 - pen.measureText(end).width, bottom + 14);
  }
  function drawShelf() {
    const ROW = 20, HEAD = 22;
    const [pen, width] = prepare(shelf, film.items.length * ROW + HEAD);
    const name = Math.min(250, width * .34), cell = (width - name) / rows.length;
    pen.fillStyle = colour("--quiet");
    rows.forEach((row, column) => pen.fillText(clip(pen, row.name, cell - 10), name + column * cell, 13));
    film.items.forEach((id, item) => {
      const top = HEAD + item * ROW;
      const most = Math.max(1, ...rows.map((row) => Math.max(...row.frames[item].stock)));
      pen.fillStyle = colour(item === state.item ? "--accent" : "--ink");
      pen.fillText(clip(pen, `${id} ${facts.items.name[facts.items.id.indexOf(id)]}`, name - 10), 0, top + 13);
      rows.forEach((row, column) => {
        const units = row.frames[item].stock[state.day], left = name + column * cell, wide = cell - 14;
        pen.fillStyle = colour("--grid");
        pen.fillRect(left, top + 4, wide, 11);
        pen.fillStyle = colour(units > 0 ? "--s" + (column === 0 ? 9 : column - 1) : "--bad");
        pen.fillRect(left, top + 4, units > 0 ? Math.max(2, (wide * units) / most) : 4, 11);
        if (maps[column][item].lost.has(state.day)) { pen.fillStyle = colour("--bad"); pen.fillText("lost " + maps[column][item].lost.get(state.day), left + 10, top + 14); }
      });
    });
  }
  function clip(pen, text, width) {
    if (pen.measureText(text).width <= width) return text;
    while (text && pen.measureText(text + "…").width > width) text = text.slice(0, -1);
    return text + "…";
  }
  function draw() {
    state.day = Math.min(Math.max(state.day, 0), count - 1);
    scrub.value = state.day;
    element("day").textContent = date.format(day(state.day));
    drawStage();
    drawShelf();
    element("now").textContent = rows.map((row, band) => {
      const frame = row.frames[state.item], events = maps[band][state.item];
      const sum = (list) => { let total = 0; for (const [d, units] of list) if (d <= state.day) total += units; return total; };
      const came = events.arrivals.get(state.day), lost = events.lost.get(state.day);
      return `${row.name}: ${formats.number.format(frame.stock[state.day])} on the shelf`
        + (came ? `, ${formats.number.format(came)} arrived` : "") + (lost ? `, ${formats.number.format(lost)} not served` : "")
        + `; ${formats.number.format(sum(events.lost))} units lost so far.`;
    }).join(" ");
  }
  function step(now) {
    if (!state.playing) return;
    const due = Math.floor(((now - state.last) / 1000) * Number(speed.value));
    if (due > 0) { state.day += due; state.last = now; }
    if (state.day >= count - 1) { state.day = count - 1; toggle(false); }
    draw();
    if (state.playing) requestAnimationFrame(step);
  }
  function toggle(on = !state.playing) {
    state.playing = on;
    play.textContent = on ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(on));
    if (!on) return;
    if (state.day >= count - 1) state.day = 0;
    state.last = performance.now();
    requestAnimationFrame(step);
  }
  play.onclick = () => toggle();
  scrub.oninput = () => { toggle(false); state.day = Number(scrub.value); draw(); };
  chooser.onchange = () => { state.item = Number(chooser.value); draw(); };
  shelf.onclick = (event) => {
    const item = Math.floor((event.offsetY - 22) / 20);
    if (item >= 0 && item < film.items.length) { state.item = item; chooser.value = item; draw(); }
  };
  stage.onkeydown = (event) => {
    const moves = { ArrowRight: () => (state.day += event.shiftKey ? 7 : 1), ArrowLeft: () => (state.day -= event.shiftKey ? 7 : 1),
      Home: () => (state.day = 0), End: () => (state.day = count - 1), " ": () => toggle(),
      ArrowDown: () => (state.item = (state.item + 1) % film.items.length),
      ArrowUp: () => (state.item = (state.item + film.items.length - 1) % film.items.length) };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
    chooser.value = state.item;
    draw();
  };
  window.addEventListener("resize", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", draw);
  draw();
}
