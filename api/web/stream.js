// A job that is followed by its event stream: its state, its progress, and what is said of the line.

import { get } from "./http.js";

// `told` is { job, progress }, kept up to date; `show(told)` draws it. `progress(data)` may take an
// event for itself and then answers true.
export function followStream(told, { show, failed, progress = () => false }) {
  const { id } = told.job;
  show(told);
  const source = new EventSource(`/v1/jobs/${id}/events`);
  const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("state", async (data) => {
    Object.assign(told.job, { state: data.state, reason: data.reason, attempt: data.attempt });
    show(told);
    try {
      told.job = await get(`/v1/jobs/${id}`);
      show(told);
    } catch (error) {
      failed(error);
    }
  });
  on("progress", (data) => {
    if (progress(data)) return;
    told.progress = { ...data, seen: Date.now() };
    show(told);
  });
  source.addEventListener("end", () => source.close());
  source.addEventListener("open", () => failed(null));
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) {
      failed(new Error("The live connection was lost; trying again…"));
    }
  });
}
