// The keyboard. Every page works without this file; with it the mouse can stay where it is.
//   /  go to the find box        r  refer this patient        arrows or j k  move in a list        Esc  back
(() => {
  const find = () => document.getElementById("find");
  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");
  const links = (list) => [...list.querySelectorAll("a[href]")];

  const step = (list, by) => {
    const all = links(list);
    const at = all.indexOf(document.activeElement);
    const next = all[at + by];
    if (next) next.focus();
    else if (at === 0 && by < 0 && find()) find().focus();
  };

  const listFor = (element) => {
    if (element.id === "find") return document.querySelector("#found [data-keys=list]");
    return element.closest("[data-keys=list]") || (typing(element) ? null : document.querySelector("[data-keys=list]"));
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = event.target;
    const inField = typing(here);
    if (event.key === "Escape") {
      document.querySelectorAll("details.me[open]").forEach((menu) => menu.removeAttribute("open"));
      if (here.closest("#found") && find()) find().focus();
      else if (here.id === "find") close();
      return;
    }
    if (!inField && event.key === "/" && find()) {
      event.preventDefault();
      find().focus();
      find().select();
      return;
    }
    if (!inField && event.key === "r") {
      const refer = document.querySelector("[data-key=r]");
      if (refer) { event.preventDefault(); refer.click(); }
      return;
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key] || (!inField && { j: 1, k: -1 }[event.key]);
    if (!by || here.matches("textarea, select, [type=radio]")) return;
    const list = listFor(here);
    if (list && (here.id === "find" || here.closest("[data-keys=list]") || event.key === "j")) {
      event.preventDefault();
      step(list, by);
    }
  });

  // The drop-down under the find box goes away when one leaves it.
  const close = () => {
    const found = document.querySelector(".find #found");
    if (found) found.replaceChildren();
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".find")) close();
    if (!event.target.closest("details.me")) document.querySelector("details.me[open]")?.removeAttribute("open");
  });

  // A part that is drawn anew keeps the focus on the link that had it. (Elements with an id, htmx keeps itself.)
  let held = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const link = document.activeElement?.closest?.("a[href]");
    held = link && !link.id && event.detail.target.contains(link)
      ? { part: event.detail.target.id, href: link.getAttribute("href") } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const part = held && document.getElementById(held.part);
    const link = part && [...part.querySelectorAll("a[href]")].find((one) => one.getAttribute("href") === held.href);
    if (link && document.activeElement === document.body) link.focus({ preventScroll: true });
    held = null;
  });

  // After an invalid form was swapped in, its error summary gets the focus, as it does on a full page.
  document.addEventListener("htmx:afterSwap", (event) => {
    const summary = event.target.querySelector?.(".nhsuk-error-summary") || document.querySelector(".nhsuk-error-summary");
    if (summary && event.detail.xhr.status === 422) { summary.tabIndex = -1; summary.focus(); }
  });
  document.addEventListener("DOMContentLoaded", () => {
    const summary = document.querySelector(".nhsuk-error-summary");
    if (summary) { summary.tabIndex = -1; summary.focus(); }
  });
})();
