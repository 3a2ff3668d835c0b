// Every page works without this: it counts down to the next run, and reads the page anew where something happened.
"use strict";

const MINUTE = 60_000;

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

async function look(place) {
  const answer = await fetch(place.dataset.state, { headers: { "if-none-match": place.dataset.seen || "" } });
  if (answer.status !== 200) return;
  const seen = answer.headers.get("etag") || "";
  if (place.dataset.seen && seen !== place.dataset.seen) location.reload();
  place.dataset.seen = seen;
}

count();
setInterval(count, MINUTE / 4);
for (const place of document.querySelectorAll("[data-state]")) {
  const again = () => look(place).catch(() => undefined); // the server may be gone: what is shown stays
  again();
  setInterval(again, MINUTE / 12);
}
