// Where the page starts: which job is looked at, and what is said when there is none.

import { openBest } from "./best.js";
import { byId, element } from "./dom.js";
import { get } from "./http.js";
import { followJob } from "./job.js";
import { watchJobs } from "./jobs.js";
import { followScoring } from "./scoring.js";
import { followTraining } from "./training.js";

let chosen = new URLSearchParams(location.search).get("job");

function failed(error) {
  byId("notice").hidden = !error;
  byId("notice").textContent = error?.message ?? "";
}

function nothing(title, ...words) {
  byId("empty").replaceChildren(element("h2", {}, title), element("p", {}, ...words));
  byId("empty").hidden = false;
}

async function open(id) {
  try {
    const job = await get(`/v1/jobs/${id}`);
    if (job.kind === "search") await openBest(await followJob(job, { failed }));
    else if (job.kind === "score") followScoring(job, { failed });
    else followTraining(job, { failed });
  } catch (error) {
    nothing("This job cannot be shown", error.message);
  }
}

if (chosen) open(chosen);
watchJobs({
  chosen: () => chosen,
  failed,
  settled(newest) {
    if (chosen) return;
    if (!newest) {
      nothing("No jobs yet", "Start one: ",
        element("code", {}, "gansearch search SUPERNET --minimize fid --minimize latency_ms --device cpu --budget 300"));
      return;
    }
    chosen = newest.id;
    open(chosen);
  },
});
