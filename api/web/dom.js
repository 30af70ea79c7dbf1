// Making elements. Text goes in as text, never as markup: names come from users.

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function fill(select, options, chosen) {
  const before = chosen ?? select.value;
  select.replaceChildren(...options.map((o) => element("option", { value: o.value }, o.label)));
  if (options.some((o) => o.value === before)) select.value = before;
}
