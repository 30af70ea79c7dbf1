// The box that asks for the best subnet under a constraint.

import { byId, element, fill } from "./dom.js";
import { get } from "./http.js";
import { caption, picture } from "./front.js";
import { label, short, withUnit } from "./numbers.js";

export async function openBest(job) {
  const [objectives, devices] = await Promise.all([get("/v1/objectives"), get("/v1/devices")]);
  fill(byId("minimize"), objectives.map((o) => ({ value: o.name, label: label(o.name) })),
    job.spec.objectives[0].name);
  fill(byId("device"), [
    { value: "", label: "any device" },
    ...devices.devices.map((d) => ({ value: d.name, label: d.name })),
  ], job.spec.objectives.find((o) => o.device)?.device ?? "");
  byId("answer").replaceChildren();
  byId("best").onsubmit = (event) => {
    event.preventDefault();
    ask(job.supernet);
  };
  byId("find").disabled = false;  // before, the browser would have sent the form itself
}

async function ask(supernet) {
  const minimize = byId("minimize").value;
  const query = new URLSearchParams({ minimize });
  if (byId("where").value.trim()) query.set("where", byId("where").value.trim());
  if (byId("device").value) query.set("device", byId("device").value);
  try {
    byId("answer").replaceChildren(answer(minimize, await get(`/v1/supernets/${supernet}/best?${query}`)));
  } catch (error) {
    byId("answer").replaceChildren(element("p", { class: "wrong" }, error.message));
  }
}

function answer(minimize, best) {
  if (!best.evaluation) {
    return element("p", { class: "muted" },
      "No stored evaluation meets this. Loosen it, or search with it as a constraint.");
  }
  const { id, text, values, final_values: finals } = best.evaluation;
  const point = { evaluation: id, text, values: { ...values, ...finals } };
  const [low, high] = best.interval;
  const ties = best.tied.length === 0 ? "Nothing else is within its noise."
    : `${best.tied.length} more cannot be told from it by their intervals.`;
  return element("div", { class: "answer" },
    picture(id, 4),
    element("div", {},
      element("p", { class: "large" }, `${label(minimize)} ${withUnit(minimize, point.values[minimize].value)}`),
      high > low ? element("p", { class: "muted" }, `between ${short(low)} and ${short(high)}`) : null,
      element("p", {}, element("code", {}, text)),
      caption(point, [minimize]),
      element("p", { class: "muted" }, `${ties} Out of ${best.support.evaluations} that qualify.`)));
}
