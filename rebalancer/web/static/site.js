// Every page works without this: it counts down to the next run, reads the page anew where something happened, and
// sends a form once where its button is pressed twice.
"use strict";

const MINUTE = 60_000;
const DOUBLE_PRESS = 2_000;

/** As in "in 3 h 05 min". */
function ahead(milliseconds) {
  const minutes = Math.ceil(milliseconds / MINUTE);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const rest = String(minutes % 60).padStart(2, "0");
  if (minutes <= 0) return "now";
  if (days > 0) return `in ${days} d ${hours} h`;
  return hours > 0 ? `in ${hours} h ${rest} min` : `in ${minutes} min`;
}

function count() {
  for (const place of document.querySelectorAll("[data-until]")) {
    place.textContent = ahead(Date.parse(place.dataset.until) - Date.now());
  }
}

/** Reads this page again; where the part that lives came out otherwise, shows the new one. */
async function look(part) {
  const answer = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.querySelector("[data-live]")?.outerHTML !== part.outerHTML) location.reload();
}

/** A button pressed twice sends its form once: else the refusal of the second would hide the answer to the first. */
const sent = new Set();
document.addEventListener("submit", (event) => {
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
  setTimeout(() => sent.delete(event.target), DOUBLE_PRESS);
});

count();
setInterval(count, MINUTE / 4);
for (const part of document.querySelectorAll("[data-live]")) {
  setInterval(() => look(part).catch(() => undefined), MINUTE / 20); // the server may be gone: what is shown stays
}
