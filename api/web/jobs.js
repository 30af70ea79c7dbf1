// The list of jobs at the side, looked at again every few seconds.

import { byId, element } from "./dom.js";
import { get, supernetName } from "./http.js";
import { ago, label } from "./numbers.js";
import { scoredOf } from "./scoring.js";
import { nameOf } from "./training.js";

const PERIOD_MS = 3000;
const PAGE_SIZE = 30;

// Calls `settled(newest job or null)` after the first look, `failed(error)` after a look that failed.
export function watchJobs({ chosen, settled, failed }) {
  let wanted = PAGE_SIZE;
  let first = true;
  byId("older").addEventListener("click", () => {
    wanted = Math.min(200, wanted + PAGE_SIZE);
    look();
  });

  async function look() {
    try {
      const page = await get(`/v1/jobs?page_size=${wanted}`);
      const rows = await Promise.all(page.jobs.map((job) => row(job, chosen())));
      byId("jobs").replaceChildren(...rows);
      byId("older").hidden = !page.next_page_token || wanted === 200;
      failed(null);
      if (first || !chosen()) settled(page.jobs[0] ?? null);
      first = false;
    } catch (error) {
      failed(error);
    }
  }

  async function again() {
    if (!document.hidden) await look();
    setTimeout(again, PERIOD_MS);
  }
  again();
}

async function row(job, chosen) {
  const tell = { search: ofSearch, score: ofScoring }[job.kind] ?? ofTraining;
  const [title, what, howFar] = await tell(job);
  const link = element(
    "a",
    { href: `?job=${job.id}`, "aria-current": job.id === chosen ? "page" : null },
    element(
      "span",
      { class: "row" },
      element("span", {}, title),
      element("span", { class: `state ${job.state}` }, job.state),
    ),
    element("small", {}, what),
    element("small", {}, `${howFar} · ${ago(job.created_at)}`),
  );
  return element("li", {}, link);
}

async function ofSearch(job) {
  const objectives = job.spec.objectives.map((o) => label(o.name)).join(", ");
  return [
    await supernetName(job.supernet),
    `${objectives} · ${job.spec.searcher.name}`,
    `${job.evaluations} of ${job.spec.budget.evaluations}`,
  ];
}

function ofScoring(job) {
  const count = job.spec.samples.toLocaleString("en");
  return [scoredOf(job), `score · ${job.spec.metrics.join(", ")}`, `up to ${count} images`];
}

function ofTraining(job) {
  const { method, images } = job.spec.recipe;
  const what = method === job.kind ? method : `${job.kind} · ${method}`;
  return [nameOf(job), what, `${images.toLocaleString("en")} images`];
}
