// The keyboard. Every page works without this file; with it the mouse can stay where it is.
//   arrows or j k  move in a list        Esc  back        letters: as the help lists them (templates/ui/_keys.html)
(() => {
  const find = () => document.getElementById("find");
  const help = document.getElementById("keys");
  const singles = help ? [...help.querySelectorAll("[data-goes]")] : [];
  const singlesOn = document.body.dataset.singleKeys !== "off";
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

  // A letter goes to its part of the page: a link is followed, a field is typed into, a part is read from its heading.
  const goTo = (key) => {
    const entry = singles.find((one) => one.dataset.key === key);
    const target = entry && document.getElementById(entry.dataset.goes);
    if (!target) return false;
    if (target === help) openHelp();
    else if (target.matches("a, button")) target.click();
    else if (target.matches("input")) { target.focus(); target.select(); }
    else read(target);
    return true;
  };

  const read = (part) => {
    const heading = part.querySelector("h1, h2, h3") || part;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  };

  const openHelp = () => {
    singles.forEach((one) => { one.hidden = !singlesOn || !document.getElementById(one.dataset.goes); });
    const next = help.querySelector("[name=next]");
    if (next) next.value = location.pathname;
    help.showModal();
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens=keys]");
    if (opener && help) { event.preventDefault(); openHelp(); }
    const jump = event.target.closest(".jump a");
    const part = jump && document.getElementById(jump.hash.slice(1));
    if (part) { event.preventDefault(); read(part); }
  });

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
    if (help && help.open) return;
    if (!inField && singlesOn && goTo(event.key)) { event.preventDefault(); return; }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key] || (!inField && singlesOn && { j: 1, k: -1 }[event.key]);
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

  // A part that is exchanged keeps what the person had there: the focus, what was opened, what is half typed and what it
  // has found so far; and says that it changed.
  const name = (element) => element.id || element.getAttribute("href") || element.name || element.textContent.trim();
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  const TYPED = "input[type=search][id], input[type=text][id], textarea[id]";
  const foundBy = (field) => document.querySelector(field.getAttribute("hx-target") || "#nothing");
  const typedIn = (field) => ({
    id: field.id, value: field.value, from: field.selectionStart, to: field.selectionEnd, found: foundBy(field),
  });
  const held = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    const here = document.activeElement;
    if (!part || !part.id || !event.detail.shouldSwap) return;
    held.set(part.id, {
      focus: part.contains(here) && part !== here ? { name: name(here), tag: here.tagName } : null,
      open: [...part.querySelectorAll("details[open] > summary")].map(name),
      typed: [...part.querySelectorAll(TYPED)].filter((one) => one.value !== one.defaultValue).map(typedIn),
      heading: part.querySelector("h2")?.textContent.trim(),
    });
  });
  // Only the part that has settled: another, exchanged at the same moment, does not yet listen to what is typed into it.
  document.addEventListener("htmx:afterSettle", (event) => held.forEach((kept, id) => {
    const part = document.getElementById(id);
    if (!part || part.contains(event.target) || event.target.contains(part)) restore(kept, id);
  }));

  // The list stays as it was found, without a blink, until the same words have been looked for again.
  const retype = (typed) => {
    const field = document.getElementById(typed.id);
    if (!field || field.value === typed.value) return;
    field.value = typed.value;
    field.setSelectionRange(typed.from, typed.to);
    const found = foundBy(field);
    if (found && typed.found && found !== typed.found) found.replaceWith(typed.found);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const restore = (kept, id) => {
    const part = document.getElementById(id);
    held.delete(id);
    if (!part) return;
    part.querySelectorAll("details > summary").forEach((one) => {
      if (kept.open.includes(name(one))) one.parentElement.open = true;
    });
    kept.typed.forEach(retype);
    if (kept.focus && !part.contains(document.activeElement)) {
      const same = (one) => one.tagName === kept.focus.tag && name(one) === kept.focus.name;
      const again = [...part.querySelectorAll(FOCUSABLE)].find(same) || part.querySelector("h1, h2, h3");
      if (again) {
        if (!again.matches(FOCUSABLE)) again.tabIndex = -1;
        again.focus({ preventScroll: true });
      }
    }
    const heading = part.querySelector("h2")?.textContent.trim();
    const announced = document.getElementById("announced");
    if (announced && heading && heading !== kept.heading) announced.textContent = heading;
  };

  // Copying to the clinical system: the text can be selected without this.
  const copies = () => document.querySelectorAll("[data-copies][hidden]").forEach((one) => { one.hidden = !navigator.clipboard; });
  copies();
  document.addEventListener("htmx:afterSettle", copies);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    const text = button && document.getElementById(button.dataset.copies);
    if (text) navigator.clipboard.writeText(text.textContent).then(() => {
      const announced = document.getElementById("announced");
      if (announced) announced.textContent = "Copied";
      button.firstChild.textContent = "Copied";
    });
  });

  // A list that goes on where its last link stood: the focus goes to the first entry that came, not to the page's top.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const link = event.detail.target;
    if (!link.matches("[data-goes-on]") || !link.contains(document.activeElement)) return;
    const before = link.previousElementSibling;
    document.addEventListener("htmx:afterSettle", () => {
      for (let next = before && before.nextElementSibling; next; next = next.nextElementSibling) {
        const first = next.querySelector("a[href], summary");
        if (first) { first.focus({ preventScroll: true }); return; }
      }
    }, { once: true });
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
