// The two charts, drawn by plotly in the page's own colours.

import { axisTitle } from "./numbers.js";

const SETTINGS = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// `view` is {x, y, log}: names of objectives. A point outside the front has the values of the search.
export function drawFront(target, { evaluations, front, view }) {
  const on = front.points.filter((p) => p.values[view.x] && p.values[view.y]);
  const members = new Set(on.map((p) => p.evaluation));
  const rest = evaluations.filter(
    (e) => !members.has(e.id) && e.values[view.x] && e.values[view.y],
  );
  if (!on.length && !rest.length) return showNothing(target, "No evaluation has both values yet.");
  const named = front.objectives.map((o) => o.name);
  const isStair = named.length === 2 && named.includes(view.x) && named.includes(view.y) && view.x !== view.y;
  const sorted = [...on].sort((a, b) => a.values[view.x].value - b.values[view.x].value);
  const traces = [
    {
      name: "evaluated", type: "scatter", mode: "markers",
      x: rest.map((e) => e.values[view.x].value), y: rest.map((e) => e.values[view.y].value),
      customdata: rest.map((e) => e.id),
      text: rest.map((e) => e.architecture),
      marker: { size: 6, color: colour("--faint"), opacity: 0.35 },
      hovertemplate: "%{text}<extra></extra>",
    },
    {
      name: "front", type: "scatter", mode: isStair ? "lines+markers" : "markers",
      x: sorted.map((p) => p.values[view.x].value), y: sorted.map((p) => p.values[view.y].value),
      customdata: sorted.map((p) => p.evaluation),
      error_x: bars(sorted, view.x), error_y: bars(sorted, view.y),
      line: { shape: "hv", color: colour("--front"), width: 1.6 },
      marker: { size: 10, color: colour("--front"), line: { color: colour("--card"), width: 1.5 } },
      hoverinfo: "none",
    },
  ];
  const devices = Object.fromEntries(front.objectives.map((o) => [o.name, o.device]));
  const type = view.log ? "log" : "linear";
  const layout = look({
    xaxis: { title: { text: axisTitle(view.x, devices[view.x]) }, type },
    yaxis: { title: { text: axisTitle(view.y, devices[view.y]) }, type },
    uirevision: `${view.x} ${view.y} ${view.log}`,  // a zoom stays while points come in
  });
  draw(target, traces, layout);
}

export function drawHistory(target, history) {
  if (!history.length) return showNothing(target, "Nothing is on the front yet.");
  const traces = [{
    type: "scatter", mode: "lines", x: history.map((h) => h.evaluations), y: history.map((h) => h.hypervolume),
    line: { shape: "hv", color: colour("--accent"), width: 2 }, fill: "tozeroy",
    fillcolor: `color-mix(in srgb, ${colour("--accent")} 10%, transparent)`,
    hovertemplate: "%{y:.5s} after %{x}<extra></extra>",
  }];
  const low = Math.min(...history.map((h) => h.hypervolume));
  const high = Math.max(...history.map((h) => h.hypervolume));
  const margin = (high - low) * 0.08 || high * 0.05 || 1;
  traces[0].fill = low - margin <= 0 ? "tozeroy" : "none";
  draw(target, traces, look({
    xaxis: { title: { text: "evaluations" }, rangemode: "tozero" },
    yaxis: { range: [Math.max(0, low - margin), high + margin] },
  }));
}

function bars(points, name) {
  const values = points.map((p) => p.values[name]);
  return {
    type: "data", symmetric: false, visible: values.some((v) => v.low != null),
    array: values.map((v) => (v.high ?? v.value) - v.value),
    arrayminus: values.map((v) => v.value - (v.low ?? v.value)),
    color: colour("--front"), thickness: 1.2, width: 3,
  };
}

function look(layout) {
  const axis = { gridcolor: colour("--line"), zeroline: false, linecolor: colour("--line"), automargin: true };
  return {
    ...layout,
    xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
    font: { color: colour("--muted"), family: getComputedStyle(document.body).fontFamily, size: 13 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 56, r: 12, t: 12, b: 48 }, hovermode: "closest", showlegend: false,
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--faint"), activecolor: colour("--accent") },
  };
}

function draw(target, traces, layout) {
  target.querySelector(".nothing")?.remove();
  window.Plotly.react(target, traces, layout, SETTINGS);
}

function showNothing(target, sentence) {
  window.Plotly.purge(target);
  const words = document.createElement("p");
  words.className = "nothing";
  words.textContent = sentence;
  target.replaceChildren(words);
}
