// How numbers, times and names are shown.

const LABELS = { fid: "FID", latency_ms: "latency", macs: "MACs", params: "parameters" };
const UNITS = { latency_ms: "ms" };
const STEPS = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

export const label = (name) => LABELS[name] ?? name;

export function axisTitle(name, device) {
  const unit = UNITS[name] ? `, ${UNITS[name]}` : "";
  return `${label(name)}${unit}${device ? ` on ${device}` : ""}`;
}

export function short(value) {
  if (value === null || value === undefined) return "–";
  const step = Math.abs(value) >= 1e4 && STEPS.find(([size]) => Math.abs(value) >= size);
  const [size, suffix] = step || [1, ""];
  const scaled = value / size;
  const digits = Number.isInteger(scaled) ? String(scaled) : scaled.toPrecision(4);
  return suffix ? `${digits}\u00a0${suffix}` : digits;
}

export function withUnit(name, value) {
  return UNITS[name] ? `${short(value)}\u00a0${UNITS[name]}` : short(value);
}

// Half of the interval's length, to two digits: 21.4 ± 0.55.
export function plusMinus(value) {
  if (value.low === null || value.low === undefined || value.high === null) return "";
  return `±\u00a0${Number(((value.high - value.low) / 2).toPrecision(2))}`;
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

// What a job's clock says, and of what: the time left while that is known, else the time taken.
export function timing(job, progress) {
  if (job.state === "running" && progress?.eta_seconds != null) {
    const left = progress.eta_seconds - (Date.now() - progress.seen) / 1000;
    return ["Time left", duration(Math.max(0, left))];
  }
  if (!job.started_at) return ["Time", "–"];
  const end = job.finished_at ? Date.parse(job.finished_at) : Date.now();
  return ["Time taken", duration((end - Date.parse(job.started_at)) / 1000)];
}

// The objectives of a front first, the other values after them.
export function ordered(values, objectives) {
  const first = objectives.filter((name) => values[name]);
  return [...first, ...Object.keys(values).filter((name) => !first.includes(name))];
}

export function ago(time) {
  const seconds = (Date.now() - Date.parse(time)) / 1000;
  return seconds < 10 ? "just now" : `${duration(seconds)} ago`;
}
