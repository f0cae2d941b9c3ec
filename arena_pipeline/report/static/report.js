"use strict";
// Draws the charts, links them with the tables, and writes numbers in the reader's locale. No request leaves the page.
const report = {};

(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("facts").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const facts = JSON.parse(await new Response(stream).text());
  const locale = navigator.language || "en";
  const currency = facts.shop.currency;
  const day = (index) => new Date(Date.parse(facts.days.first + "T00:00:00Z") + 864e5 * index);

  const number = (options) => new Intl.NumberFormat(locale, options);
  const signed = { signDisplay: "exceptZero" };
  const whole = { maximumFractionDigits: 0 };
  const one = { maximumFractionDigits: 1, minimumFractionDigits: 1 };
  const cash = { style: "currency", currency, ...whole };
  const share = { style: "percent", ...one };
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const points = number({ ...one, ...signed });
  const formats = {
    money: number(cash), signed: number({ ...cash, ...signed }), percent: number(share),
    signed_percent: number({ ...share, ...signed }), number: number(whole), signed_number: number({ ...whole, ...signed }),
    ratio: number(one), days: number(one), ratio3: number({ maximumFractionDigits: 3, minimumFractionDigits: 3 }),
    signed_points: { format: (value) => points.format(100 * value) + " points" },
  };
  for (const element of document.querySelectorAll("data")) {
    const format = formats[element.className];
    if (format) element.textContent = format.format(Number(element.value));
  }
  for (const element of document.querySelectorAll("time")) element.textContent = date.format(new Date(element.dateTime + "T00:00:00Z"));
  document.documentElement.lang = "en";

  const parts = number({}).formatToParts(-1234567.5);
  const part = (type, other) => (parts.find((one) => one.type === type) || { value: other }).value;
  const names = (options, count, step) =>
    Array.from({ length: count }, (_, i) => new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(Date.UTC(2023, 0, 1) + step(i)));
  const months = (width) => Array.from({ length: 12 }, (_, i) => new Intl.DateTimeFormat(locale, { month: width, timeZone: "UTC" }).format(Date.UTC(2023, i, 15)));
  const week = (width) => names({ weekday: width }, 7, (i) => 864e5 * i);
  const options = {
    ast: true, actions: false, renderer: "svg", defaultStyle: false, mode: "vega-lite",
    tooltip: { disableDefaultStyle: true },
    formatLocale: { decimal: part("decimal", "."), thousands: part("group", ","), grouping: [3], currency: ["", ""] },
    timeFormatLocale: { dateTime: "%x, %X", date: "%d.%m.%Y", time: "%H:%M", periods: ["AM", "PM"], days: week("long"),
      shortDays: week("short"), months: months("long"), shortMonths: months("short") },
  };

  // --- charts -------------------------------------------------------------------------------------------------------
  const views = {};
  const draw = async (name, data = {}) => {
    const place = document.getElementById("chart-" + name);
    const spec = facts.specs[name];
    if (!place || !spec) return null;
    const datasets = Object.fromEntries(Object.entries(data));
    const made = await vegaEmbed(place, { ...spec, datasets: { ...(spec.datasets || {}), ...datasets } }, options);
    views[name] = made.view;
    return made.view;
  };
  const runs = facts.runs;

  // --- panels: a brush in one marks the runs in all, and in the leaderboard ---------------------------------------------
  const panels = Object.keys(facts.specs).filter((name) => name.startsWith("panel-"));
  const rows = document.querySelectorAll("#runs tbody tr");
  const mark = (ids) => {
    report.chosen = ids;
    for (const name of panels) if (views[name]) views[name].signal("chosen", ids).runAsync();
    rows.forEach((row, id) => row.classList.toggle("off", ids.length > 0 && !ids.includes(id)));
  };
  const within = (range, value) => value !== null && value >= Math.min(...range) && value <= Math.max(...range);
  const brushed = (box) => {
    const fields = Object.entries(box || {});
    if (!fields.length) return [];
    return runs.filter((run) => run.kind !== "bound" && fields.every(([field, range]) => within(range, run[field]))).map((run) => run.id);
  };
  for (const name of panels) {
    const view = await draw(name, { runs });
    if (view) view.addSignalListener("brush", (_, box) => mark(brushed(box)));
  }
  const clearRuns = document.getElementById("clear-runs");
  if (clearRuns) clearRuns.onclick = async () => {
    for (const name of panels) if (views[name]) { views[name].finalize(); const view = await draw(name, { runs }); view.addSignalListener("brush", (_, box) => mark(brushed(box))); }
    mark([]);
  };
  for (const name of Object.keys(facts.specs)) {
    if (panels.includes(name) || ["items", "demand"].includes(name)) continue;
    await draw(name, facts.specs[name].data && facts.specs[name].data.name === "runs" ? { runs } : {});
  }

  // --- items: a brush filters the table, a row shows its demand --------------------------------------------------------
  const table = document.getElementById("item-table");
  const items = facts.items;
  const select = document.getElementById("item-run");
  const search = document.getElementById("item-search");
  const SHOWN = 200;
  let box = {}, order = { by: "profit_change", down: true }, compared = [];
  const compare = (strategy) => {
    const real = items.figures.actual, simulated = items.figures[strategy];
    return items.id.map((id, i) => ({
      index: i, id, name: items.name[i], category: items.category[i], supplier: items.supplier[i], segment: items.segment[i],
      class: (items.segment[i] || "C")[0],
      profit_change: minus(simulated.economic_profit[i], real.economic_profit[i]),
      capital_change: minus(simulated.working_capital[i], real.working_capital[i]),
      real_stockouts: real.stockout_rate[i], stockouts: simulated.stockout_rate[i],
      lost_change: minus(simulated.lost_margin[i], real.lost_margin[i]), demanded: real.units_demanded[i],
    }));
  };
  const minus = (a, b) => (a === null || b === null ? null : a - b);
  const columns = [["id", "Item"], ["name", "Name"], ["category", "Category"], ["segment", "Cell"], ["profit_change", "Profit, change", "signed"],
    ["capital_change", "Capital, change", "signed"], ["real_stockouts", "Empty, yours", "percent"], ["stockouts", "simulated", "percent"],
    ["demanded", "Units asked for", "number"]];
  const list = () => {
    const words = search.value.toLowerCase().trim();
    const fields = Object.entries(box);
    const kept = compared.filter((row) => fields.every(([field, range]) => within(range, row[field]))
      && (!words || `${row.id} ${row.name} ${row.category} ${row.supplier} ${row.segment}`.toLowerCase().includes(words)));
    const sign = order.down ? -1 : 1;
    kept.sort((a, b) => {
      const [x, y] = [a[order.by], b[order.by]];
      if (x === null || y === null) return (x === null) - (y === null);
      return (x < y ? -sign : x > y ? sign : 0) || (a.id < b.id ? -1 : 1);
    });
    report.listed = kept.length;
    document.getElementById("item-count").textContent = `${formats.number.format(kept.length)} items` + (kept.length > SHOWN ? `, the first ${SHOWN} shown` : "");
    const head = document.createElement("tr");
    for (const [key, title, kind] of columns) {
      const cell = head.appendChild(document.createElement("th"));
      if (kind) cell.className = "n";
      cell.scope = "col";
      cell.setAttribute("aria-sort", order.by === key ? (order.down ? "descending" : "ascending") : "none");
      const button = cell.appendChild(document.createElement("button"));
      button.textContent = title + (order.by === key ? (order.down ? " ↓" : " ↑") : "");
      button.onclick = () => { order = { by: key, down: order.by === key ? !order.down : Boolean(kind) }; list(); };
    }
    const made = document.createElement("table");
    made.appendChild(document.createElement("thead")).appendChild(head);
    const body = made.appendChild(document.createElement("tbody"));
    for (const row of kept.slice(0, SHOWN)) {
      const line = body.appendChild(document.createElement("tr"));
      line.tabIndex = 0;
      line.dataset.item = row.index;
      line.onclick = () => show(row.index);
      line.onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(row.index); } };
      for (const [key, , kind] of columns) {
        const cell = line.appendChild(document.createElement("td"));
        if (kind) cell.className = "n";
        cell.textContent = kind ? (row[key] === null ? "–" : formats[kind].format(row[key])) : row[key];
      }
    }
    table.replaceChildren(made);
    if (kept.length && !kept.some((row) => row.index === report.item)) show(kept[0].index);
  };
  const show = async (index) => {
    report.item = index;
    for (const line of table.querySelectorAll("tr[data-item]")) line.setAttribute("aria-selected", String(Number(line.dataset.item) === index));
    const { sold, hidden } = { sold: facts.demand.sold[index], hidden: facts.demand.hidden[index] };
    const values = sold.flatMap((units, i) => [
      { week: +day(7 * i), units, what: "sold", rank: 0 }, { week: +day(7 * i), units: hidden[i] / 10, what: "hidden by stock-outs", rank: 1 }]);
    const total = (list) => list.reduce((a, b) => a + b, 0);
    document.getElementById("demand-of").textContent = `${items.id[index]} ${items.name[index]}: ${formats.number.format(total(sold))} units sold, `
      + `${formats.number.format(total(hidden) / 10)} more asked for while the shelf was empty (estimated).`;
    if (!views.demand) await draw("demand", { demand: values });
    else await views.demand.data("demand", values).runAsync();
  };
  const drawItems = async () => {
    compared = compare(select.value);
    if (views.items) views.items.finalize();
    const view = await draw("items", { items: compared.filter((row) => row.profit_change !== null && (row.profit_change || row.capital_change)) });
    box = {};
    if (view) view.addSignalListener("brush", (_, value) => { box = value || {}; list(); });
    list();
  };
  if (table && items.figures.actual) {
    for (const row of facts.shown.filter((row) => row.strategy !== "actual")) {
      const option = select.appendChild(document.createElement("option"));
      option.value = row.strategy;
      option.textContent = row.full_name;
      option.selected = row.strategy === facts.best;
    }
    select.onchange = drawItems;
    search.oninput = list;
    document.getElementById("clear-items").onclick = () => { search.value = ""; drawItems(); };
    await drawItems();
  }

  startPlayer(facts, { formats, date, day });
  report.ready = true;
})();
