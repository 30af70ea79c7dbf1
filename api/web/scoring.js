// A scoring, followed by its event stream: how far it is, and its scores with their intervals.

import { byId, element } from "./dom.js";
import { plusMinus, short, timing } from "./numbers.js";
import { followStream } from "./stream.js";

export function followScoring(job, { failed }) {
  const told = { job, progress: null };
  byId("scoring").hidden = false;
  byId("empty").hidden = true;
  byId("scoring-title").textContent = scoredOf(job);
  byId("scoring-subtitle").textContent = [`against ${job.spec.reference}`, job.spec.feature_extractor, job.id].join(" · ");
  document.title = `${scoredOf(job)} – gansearch`;
  followStream(told, { show, failed });
}

export function scoredOf(job) {
  const path = job.spec.images || job.spec.generator.checkpoint;
  const parts = path.split("/").filter((part) => part && part !== "weights.safetensors");
  return parts.at(-1) ?? path;
}

function show({ job, progress }) {
  const state = byId("scoring-state");
  state.className = `state ${job.state}`;
  state.textContent = job.reason ? `${job.state}: ${job.reason}` : job.state;
  const { done = 0, budget = job.spec.samples, side = "fake" } = progress ?? {};
  byId("scored").replaceChildren(
    `${done.toLocaleString("en")} `,
    element("small", {}, `of ${budget.toLocaleString("en")} ${side === "real" ? "real images" : "images"}`));
  const [what, time] = timing(job, progress);
  byId("scoring-time-label").textContent = what;
  byId("scoring-time").textContent = time;
  const bar = byId("scoring-bar");
  bar.style.width = `${Math.min(100, (100 * done) / budget)}%`;
  bar.parentElement.setAttribute("aria-valuenow", done);
  bar.parentElement.setAttribute("aria-valuemax", budget);
  const { scores = {}, artifacts = {} } = job.result ?? {};
  byId("scores").replaceChildren(...Object.entries(scores).map(row));
  if (artifacts.samples) {
    const src = `/v1/artifacts/${artifacts.samples}/content`;
    byId("scored-images").replaceChildren(
      element("img", { class: "samples grid", src, alt: "the first images that were scored" }));
  }
}

function row([name, told]) {
  const limit = told.limit ? `limit ${short(told.limit.value)}` : "";
  return element("tr", {},
    element("td", {}, name),
    element("td", {}, short(told.value), element("small", {}, plusMinus(told))),
    element("td", {}, told.more_is_better ? "more is better" : "less is better"),
    element("td", {}, `${told.samples.toLocaleString("en")} images`),
    element("td", {}, limit));
}
