// One job, followed by its event stream: it tells the whole story from the first event, then live.

import { byId, element, fill } from "./dom.js";
import { drawFront, drawHistory } from "./charts.js";
import { hideCard, showCard, showGallery, showTable } from "./front.js";
import { get, supernetName } from "./http.js";
import { label, short, timing, withUnit } from "./numbers.js";

const REDRAW_MS = 250;
const REFRESH_MS = 600;  // between two readings of a front that changes quickly

export async function followJob(job, { failed }) {
  const { id } = job;
  const told = {
    job, evaluations: [], history: [], progress: null,
    front: await get(`/v1/jobs/${id}/front`),
  };
  byId("job").hidden = false;
  byId("empty").hidden = true;
  byId("title").textContent = await supernetName(job.supernet);
  byId("subtitle").textContent = about(job);
  byId("csv").href = `/v1/jobs/${id}/front?format=csv`;
  byId("json").href = `/v1/jobs/${id}/front`;
  document.title = `${byId("title").textContent} – gansearch`;
  openAxes(told);
  showFront(told);
  show(told);
  listen(told, failed);
  return job;
}

function listen(told, failed) {
  const { id } = told.job;
  const redraw = slowly(REDRAW_MS, () => show(told));
  const refresh = slowly(REFRESH_MS, async () => {
    try {
      [told.front, told.job] = await Promise.all([get(`/v1/jobs/${id}/front`), get(`/v1/jobs/${id}`)]);
      showFront(told);
      show(told);
    } catch (error) {
      failed(error);
    }
  });
  const source = new EventSource(`/v1/jobs/${id}/events`);
  const on = (kind, act) => source.addEventListener(kind, (event) => {
    act(JSON.parse(event.data));
    redraw();
  });
  on("evaluation", (data) => {
    told.evaluations.push(data);
    told.job.evaluations = Math.max(told.job.evaluations, data.evaluations);
  });
  on("front", (data) => {
    if (data.hypervolume !== null) {
      told.history.push({ evaluations: data.evaluations, hypervolume: data.hypervolume });
    }
    refresh();
  });
  on("progress", (data) => { told.progress = { ...data, seen: Date.now() }; });
  on("state", (data) => {
    Object.assign(told.job, { state: data.state, reason: data.reason, attempt: data.attempt });
    refresh();
  });
  source.addEventListener("end", () => { source.close(); refresh(); });
  source.addEventListener("open", () => failed(null));
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) {
      failed(new Error("The live connection was lost; trying again…"));
    }
  });
}

function openAxes(told) {
  const named = told.job.spec.objectives.map((o) => o.name);
  const offered = [...new Set([...named, "macs", "params"])].map((n) => ({ value: n, label: label(n) }));
  fill(byId("x"), offered, named[1] ?? "macs");
  fill(byId("y"), offered, named[0]);
  byId("axes").onchange = () => show(told);
  byId("axes").onsubmit = (event) => event.preventDefault();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(told));
}

function show(told) {
  const { job, progress } = told;
  const budget = job.spec.budget.evaluations;
  const isFinal = progress?.phase === "final" && job.state === "running";
  const state = byId("state");
  state.className = `state ${job.state}`;
  state.textContent = job.reason ? `${job.state}: ${job.reason}` : job.state;
  byId("evaluations").replaceChildren(`${job.evaluations} `, element("small", {}, `of ${budget}`));
  byId("front-size").textContent = told.front.points.length;
  byId("hypervolume").textContent = short(job.hypervolume);
  byId("hypervolume").title = upTo(job.reference_point);
  byId("front-note").textContent = frontNote(told);
  const [what, time] = isFinal
    ? ["Re-measuring the front", `${progress.done} of ${progress.budget}`]
    : timing(job, progress);
  byId("time-label").textContent = what;
  byId("time").textContent = time;
  const part = isFinal ? progress.done / Math.max(1, progress.budget) : job.evaluations / budget;
  byId("bar").style.width = `${Math.min(100, 100 * part)}%`;
  byId("bar").parentElement.setAttribute("aria-valuenow", job.evaluations);
  byId("bar").parentElement.setAttribute("aria-valuemax", budget);
  const last = told.history.at(-1);
  const drawn = last ? [...told.history, { ...last, evaluations: job.evaluations }] : [];
  drawHistory(byId("history"), drawn);
  const view = { x: byId("x").value, y: byId("y").value, log: byId("log").checked };
  drawFront(byId("front"), { evaluations: told.evaluations, front: told.front, view });
  attachCard(told);
}

function showFront(told) {
  showGallery(told.front);
  showTable(told.front);
}

function frontNote({ front, progress }) {
  if (!front.points.length) return progress?.unmet ? unmetText(progress.unmet) : "";
  const counts = front.points.flatMap((p) => Object.values(p.values).map((v) => v.samples ?? 0));
  const most = Math.max(0, ...counts);
  return `Bars are 95 % intervals${most ? `, FID from up to ${most.toLocaleString("en")} samples` : ""}. `
    + "Faint points are everything else this job evaluated, with its search-time values.";
}

// Nothing meets the constraints so far; how near the nearest came.
function unmetText({ evaluated, constraints, nearest }) {
  const values = Object.entries(nearest.values).map(([name, v]) => `${label(name)} ${withUnit(name, v)}`);
  return `None of ${evaluated} evaluated architectures meets ${constraints.join(" and ")}; `
    + `the nearest has ${values.join(", ")} (${nearest.evaluation}).`;
}

function upTo(point) {
  const worst = Object.entries(point ?? {}).map(([name, v]) => `${label(name)} ${withUnit(name, v)}`);
  return worst.length ? `Up to this job's own reference point: ${worst.join(", ")}` : "";
}

function attachCard(told) {
  const chart = byId("front");
  if (!chart.on) return;  // nothing is drawn yet
  chart.removeAllListeners("plotly_hover");
  chart.removeAllListeners("plotly_unhover");
  chart.on("plotly_hover", (data) => {
    const point = told.front.points.find((p) => p.evaluation === data.points[0].customdata);
    if (point) showCard(told.front, point, data.event);
  });
  chart.on("plotly_unhover", hideCard);
}

function about(job) {
  const goals = job.spec.objectives.map((o) => label(o.name) + (o.device ? ` on ${o.device}` : ""));
  const signs = { le: "≤", ge: "≥" };
  const bounds = (job.spec.constraints ?? []).map((c) => `${label(c.name)} ${signs[c.op]} ${short(c.value)}`);
  const where = bounds.length ? ` where ${bounds.join(", ")}` : "";
  const attempt = job.attempt > 1 ? ` · attempt ${job.attempt}` : "";
  return `Minimise ${goals.join(" and ")}${where} · ${job.spec.searcher.name}, seed ${job.spec.seed}${attempt} · ${job.id}`;
}

// At most once a period; the last call is never lost.
function slowly(period, act) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => { timer = null; act(); }, period);
  };
}
