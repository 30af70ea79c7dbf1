// A training, followed by its event stream: how far it is, its losses, and what it makes by now.

import { byId, element } from "./dom.js";
import { short, timing } from "./numbers.js";
import { followStream } from "./stream.js";

export function followTraining(job, { failed }) {
  const told = { job, progress: null };
  byId("training").hidden = false;
  byId("empty").hidden = true;
  byId("training-title").textContent = nameOf(job);
  byId("training-subtitle").textContent = about(job);
  document.title = `${nameOf(job)} – gansearch`;
  followStream(told, { show, failed, progress: showGrid });
}

function showGrid(data) {
  if (!data.artifact) return false;
  const picture = { class: "samples grid", src: `/v1/artifacts/${data.artifact}/content` };
  const words = `what it makes after ${data.done.toLocaleString("en")} images`;
  byId("grid").replaceChildren(element("img", { ...picture, alt: words }));
  byId("grid-note").textContent = `The same inputs every time; ${words}.`;
  return true;
}

export function nameOf(job) {
  const made = job.spec.name || job.spec.recipe.dataset || "fashion-mnist-32";
  return job.kind === "finetune" ? `${job.spec.recipe.architecture}, fine-tuned` : made;
}

function about(job) {
  const { method, images, batch, seed } = job.spec.recipe;
  const words = [`${method} for ${images.toLocaleString("en")} images`];
  if (batch) words.push(`${batch} at a time`);
  if (seed !== undefined) words.push(`seed ${seed}`);
  if (job.attempt > 1) words.push(`attempt ${job.attempt}`);
  return [...words, job.id].join(" · ");
}

function show({ job, progress }) {
  const state = byId("training-state");
  state.className = `state ${job.state}`;
  state.textContent = job.reason ? `${job.state}: ${job.reason}` : job.state;
  const { done = 0, total = job.spec.recipe.images, images_per_s: speed, losses = {} } = progress ?? {};
  byId("images").replaceChildren(
    `${done.toLocaleString("en")} `, element("small", {}, `of ${total.toLocaleString("en")}`));
  byId("speed").textContent = speed === undefined ? "–" : short(speed);
  const [what, time] = timing(job, progress);
  byId("training-time-label").textContent = what;
  byId("training-time").textContent = time;
  const bar = byId("training-bar");
  bar.style.width = `${Math.min(100, (100 * done) / total)}%`;
  bar.parentElement.setAttribute("aria-valuenow", done);
  bar.parentElement.setAttribute("aria-valuemax", total);
  byId("losses").textContent = Object.entries(losses)
    .map(([name, loss]) => `${name.replaceAll("_", " ")} ${short(loss)}`).join(" · ");
  byId("outcome").replaceChildren(...outcome(job.result ?? {}));
}

function outcome(result) {
  const links = Object.entries(result.artifacts ?? {}).map(([name, id]) =>
    element("a", { href: `/v1/artifacts/${id}/content`, download: name }, name));
  const words = links.flatMap((link, i) => (i ? [", ", link] : ["Download: ", link]));
  if (!result.before || !result.after) return words;
  const scores = `FID ${short(result.before.fid.value)} before, ${short(result.after.fid.value)} after. `;
  return [scores, ...words];
}
