// Puts what the server renders anew into the page. Without it, the page reloads itself now and then.
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

// A status is read aloud when it changes, and only then.
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
      // Whoever has come to a link with the keyboard stays there.
      const hadFocus = old?.contains(document.activeElement);
      old?.replaceWith(row);
      if (hadFocus) row.querySelector("a")?.focus();
    }
  }
  change(document.getElementById("summary"), update.summary);
  document.title = update.title;
});
