// Asking the API. A refusal becomes an Error with the server's own sentence.

export async function get(path) {
  let response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Error("The server cannot be reached. Is it still running?");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? `The server answered ${response.status}.`);
  return body;
}

export const samplesUrl = (evaluation, rows) =>
  `/v1/evaluations/${evaluation}/samples.png?rows=${rows}`;

const names = new Map();

export async function supernetName(id) {
  if (!names.has(id)) names.set(id, (await get(`/v1/supernets/${id}`)).name);
  return names.get(id);
}
