// Puts updates that the server renders into the page. Without this script, the page reloads itself at intervals.
"use strict";

const rows = document.getElementById("rows");
const live = document.getElementById("live");
const events = new EventSource("/events");

function show(text, isLive) {
  live.textContent = text;
  live.hidden = false;
  live.classList.toggle("lost", !isLive);
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// Screen readers announce the status only when it changes.
function change(element, html) {
  const other = document.createElement("div");
  other.innerHTML = html;
  if (element.innerHTML !== other.innerHTML) element.innerHTML = html;
}

events.addEventListener("open", () => show("live", true));
events.addEventListener("error", () => show("connecting…", false));
events.addEventListener("update", (event) => {
  const update = JSON.parse(event.data);
  const fresh = update.rows.map(parse);
  if (update.all) {
    rows.replaceChildren(...fresh);
  } else {
    for (const row of fresh) {
      const old = [...rows.children].find((other) => other.dataset.name === row.dataset.name);
      // Keep the keyboard focus on its link.
      const hadFocus = old?.contains(document.activeElement);
      old?.replaceWith(row);
      if (hadFocus) row.querySelector("a")?.focus();
    }
  }
  change(document.getElementById("summary"), update.summary);
  document.title = update.title;
});
