// The members of a front: images, table, and the card beside the pointer.

import { byId, element } from "./dom.js";
import { samplesUrl } from "./http.js";
import { label, ordered, plusMinus, withUnit } from "./numbers.js";

export function picture(evaluation, rows) {
  const image = element("img", {
    class: "samples", src: samplesUrl(evaluation, rows), loading: "lazy",
    alt: "images this subnet generates",
  });
  image.addEventListener("error", () => image.replaceWith(element("p", { class: "none" }, "no images")));
  return image;
}

export function caption(point, objectives) {
  const lines = ordered(point.values, objectives).map((name) => {
    const value = point.values[name];
    return `${label(name)} ${withUnit(name, value.value)} ${plusMinus(value)}`;
  });
  const [first, ...others] = lines;
  return element(
    "figcaption", { title: point.text },
    element("b", {}, first), ...others.map((line) => element("span", {}, line)),
  );
}

const namesOf = (front) => front.objectives.map((o) => o.name);

// Figures that are there already stay, so that images do not flicker while the front grows.
export function showGallery(front) {
  const gallery = byId("gallery");
  const old = new Map([...gallery.children].map((figure) => [figure.dataset.evaluation, figure]));
  const figures = front.points.map((point) => {
    const kept = old.get(point.evaluation)?.querySelector(".samples");
    const figure = element(
      "figure", { "data-evaluation": point.evaluation },
      kept ?? picture(point.evaluation, 4), caption(point, namesOf(front)),
    );
    lightTogether(figure, point.evaluation);
    return figure;
  });
  if (!figures.length) figures.push(element("p", { class: "muted" }, "Nothing is on the front yet."));
  gallery.replaceChildren(...figures);
}

export function showTable(front) {
  const values = Object.assign({}, ...front.points.map((p) => p.values));
  const names = ordered(values, namesOf(front));
  const head = element(
    "thead", {},
    element("tr", {}, element("th", { scope: "col" }, "architecture"),
      ...names.map((n) => element("th", { scope: "col" }, label(n))),
      element("th", { scope: "col" }, "samples")),
  );
  const rows = front.points.map((point) => {
    const cells = names.map((n) => {
      const value = point.values[n];
      const searched = point.search_values?.[n];
      const title = value && searched && searched.value !== value.value
        ? `in the search ${withUnit(n, searched.value)}` : "";
      return element("td", { title }, value ? withUnit(n, value.value) : "–",
        element("small", {}, value ? plusMinus(value) : ""), ties(point, n));
    });
    const samples = Object.values(point.values).map((v) => v.samples).find((s) => s);
    const tr = element("tr", { "data-evaluation": point.evaluation },
      element("td", {}, element("code", {}, point.text)), ...cells,
      element("td", {}, samples ? samples.toLocaleString("en") : "–"));
    lightTogether(tr, point.evaluation);
    return tr;
  });
  byId("table").replaceChildren(head, element("tbody", {}, ...rows));
}

// Noise alone may set these apart.
function ties(point, name) {
  const others = point.tied?.[name]?.length ?? 0;
  if (!others) return "";
  return element("small", { class: "tied", title: "within noise of each other" }, ` ≈ ${others} more`);
}

export function showCard(front, point, { pageX, pageY }) {
  const card = byId("hover");
  card.replaceChildren(picture(point.evaluation, 4), caption(point, namesOf(front)));
  card.hidden = false;
  const left = Math.min(pageX + 18, document.documentElement.clientWidth - card.offsetWidth - 8);
  card.style.left = `${Math.max(8, left)}px`;
  card.style.top = `${Math.max(window.scrollY + 8, pageY - card.offsetHeight - 14)}px`;
  light(point.evaluation, true);
}

export function hideCard() {
  byId("hover").hidden = true;
  light(null, false);
}

function lightTogether(node, evaluation) {
  node.addEventListener("mouseenter", () => light(evaluation, true));
  node.addEventListener("mouseleave", () => light(evaluation, false));
}

function light(evaluation, on) {
  for (const node of document.querySelectorAll("[data-evaluation]")) {
    node.classList.toggle("lit", on && node.dataset.evaluation === evaluation);
  }
}
