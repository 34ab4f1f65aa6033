// The mapping's script: rows move at once, and what is typed is looked at with real contacts. The page works without
// it: every button posts the form.
(function () {
  "use strict";

  var editor = document.getElementById("editor");
  var form = editor && editor.querySelector("form");
  var rows = document.getElementById("rows");
  var fresh = document.getElementById("new-row");
  if (!form || !rows || !fresh || !window.fetch || !window.URLSearchParams) return;

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  // ---- Looking: a moment after the last change; an answer that was overtaken is thrown away.

  var timer = 0;
  var round = 0;

  function lookSoon(pause) {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, pause);
  }

  function look() {
    var mine = ++round;
    editor.classList.add("looking");
    fetch(editor.getAttribute("data-preview"), {
      method: "POST",
      credentials: "same-origin",
      body: new URLSearchParams(new FormData(form))
    }).then(function (answer) {
      if (answer.status === 401 || answer.status === 410) {
        document.dispatchEvent(new CustomEvent("panel:over"));
        round += 1;
        return null;
      }
      return answer.ok ? answer.text() : null;
    }).then(function (text) {
      if (mine !== round) return;
      editor.classList.remove("looking");
      if (!text) return lookSoon(10000);
      show(text);
    }).catch(function () {
      if (mine !== round) return;
      editor.classList.remove("looking");
      lookSoon(10000);
    });
  }

  function show(text) {
    var box = document.createElement("template");
    box.innerHTML = text;
    each(box.content.querySelectorAll("[data-for]"), function (piece) {
      var place = document.getElementById(piece.getAttribute("data-for"));
      if (!place || place.innerHTML === piece.innerHTML) return;
      var here = document.activeElement;
      var name = here && place.contains(here) ? here.value : "";
      place.innerHTML = piece.innerHTML;
      if (name) each(place.querySelectorAll("button"), function (one) { if (one.value === name) one.focus(); });
      var row = place.closest("li.row");
      if (row && place.classList.contains("preview-notes")) {
        var wrong = place.querySelector(".error") !== null;
        row.classList.toggle("wrong", wrong);
        each(row.querySelectorAll("[aria-invalid]"), function (one) { if (!wrong) one.removeAttribute("aria-invalid"); });
      }
    });
    if (editor.querySelector("#people [data-busy]")) lookSoon(2000);
  }

  function changed() {
    window.dispatchEvent(new CustomEvent("panel:changed"));
    count();
    lookSoon(50);
  }

  // ---- What is not saved: each setting that differs, and each row, counts once.

  var told = form.querySelector("[data-changes]");

  function state() {
    var found = { order: [] };
    new FormData(form).forEach(function (value, name) {
      if (["csrf", "version", "from", "row", "new_group"].indexOf(name) >= 0) return;
      var row = /\.(\d+)$/.exec(name);
      var of = row ? "row " + row[1] : name;
      if (row && !(of in found)) found.order.push(row[1]);
      found[of] = (found[of] || "") + "\n" + value;
    });
    return found;
  }

  var saved = form.hasAttribute("data-unsaved") ? null : state();

  function count() {
    if (!told || !saved) return;
    var now = state();
    var n = 0;
    // The order counts once, by what was there before and still is.
    var kept = function (one, other) {
      return one.order.filter(function (key) { return other.order.indexOf(key) >= 0; }).join();
    };
    if (kept(saved, now) !== kept(now, saved)) n++;
    Object.keys(saved).concat(Object.keys(now).filter(function (of) { return !(of in saved); })).forEach(function (of) {
      if (of !== "order" && saved[of] !== now[of]) n++;
    });
    told.hidden = n === 0;
    told.textContent = told.getAttribute("data-changes").replace("{n}", String(n));
  }

  form.addEventListener("input", count);

  // ---- Rows

  function add(source) {
    var n = 0;
    // Not the number of the row that may come back.
    while (document.getElementById("row-" + n) || (removed && removed.row.id === "row-" + n)) n++;
    var box = document.createElement("template");
    box.innerHTML = fresh.innerHTML.replace(/NEWROW/g, String(n));
    var row = box.content.querySelector("li");
    rows.appendChild(row);
    if (source) row.querySelector("select[name^='source.']").value = source;
    row.querySelector("select").focus();
    changed();
  }

  // The row removed last comes back to its place.
  var removed = null;
  var undo = form.querySelector("[data-undo]");
  if (undo) {
    undo.addEventListener("click", function () {
      if (!removed) return;
      var next = removed.next && removed.next.parentNode === rows ? removed.next : null;
      rows.insertBefore(removed.row, next);
      removed.row.querySelector("select").focus();
      removed = null;
      undo.hidden = true;
      changed();
    });
  }

  function move(row, op, button) {
    if (op === "remove") {
      var near = row.nextElementSibling || row.previousElementSibling;
      removed = { row: row, next: row.nextElementSibling };
      row.remove();
      if (undo) undo.hidden = false;
      var next = near ? near.querySelector("[data-op=remove]") : form.querySelector("[data-add='']");
      if (next) next.focus();
    } else {
      var other = op === "up" ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      rows.insertBefore(row, op === "up" ? other : other.nextElementSibling);
      button.focus();
      tell(row);
    }
    changed();
  }

  form.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    var op = button.getAttribute("data-op");
    if (op) {
      event.preventDefault();
      move(button.closest("li.row"), op, button);
    } else if (button.hasAttribute("data-add")) {
      event.preventDefault();
      add(button.getAttribute("data-add"));
    } else if (button.hasAttribute("data-next")) {
      event.preventDefault();
      var from = document.getElementById("from");
      from.value = String((parseInt(from.value, 10) || 0) + 3);
      look();
    } else if (button.hasAttribute("data-check")) {
      event.preventDefault();
      look();
    }
  });

  // Enter in a field looks; it neither saves nor loads the page anew.
  form.addEventListener("keydown", function (event) {
    var at = event.target;
    if (event.key !== "Enter" || at.tagName !== "INPUT" || at.type === "checkbox" || at.type === "radio") return;
    event.preventDefault();
    if (at.id === "new_group") form.querySelector("button[value=group]").click();
    else look();
  });

  form.addEventListener("input", function (event) {
    if (event.target.id !== "new_group") lookSoon(400);
  });

  // ---- A row is moved by its handle: dragged, or with the arrow keys.

  var moved = document.getElementById("moved");
  var drag = null;

  function grip(within) {
    each(within.querySelectorAll("[data-handle]"), function (one) { one.hidden = false; });
  }

  function tell(row) {
    var chosen = row.querySelector("select[name^='target.']").selectedOptions[0];
    moved.textContent = moved.getAttribute("data-moved")
      .replace("{name}", chosen ? chosen.textContent.trim() : "")
      .replace("{n}", String(Array.prototype.indexOf.call(rows.children, row) + 1))
      .replace("{of}", String(rows.children.length));
  }

  grip(rows);
  grip(fresh.content);

  rows.addEventListener("keydown", function (event) {
    var handle = event.target.closest("[data-handle]");
    if (!handle || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    move(handle.closest("li.row"), event.key === "ArrowUp" ? "up" : "down", handle);
  });

  rows.addEventListener("pointerdown", function (event) {
    var handle = event.target.closest("[data-handle]");
    if (!handle || event.button !== 0) return;
    var row = handle.closest("li.row");
    drag = { row: row, handle: handle, next: row.nextElementSibling, pointer: event.pointerId };
    row.classList.add("dragged");
  });

  function drop(back) {
    if (!drag) return;
    var was = drag;
    drag = null;
    was.row.classList.remove("dragged");
    if (back) rows.insertBefore(was.row, was.next);
    was.handle.focus();
    if (was.row.nextElementSibling === was.next) return;
    tell(was.row);
    changed();
  }

  window.addEventListener("pointermove", function (event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    var before = null;
    each(rows.children, function (one) {
      var box = one.getBoundingClientRect();
      if (!before && one !== drag.row && event.clientY < box.top + box.height / 2) before = one;
    });
    if (before !== drag.row.nextElementSibling) rows.insertBefore(drag.row, before);
  });
  window.addEventListener("pointerup", function () { drop(false); });
  window.addEventListener("pointercancel", function () { drop(true); });
  window.addEventListener("keydown", function (event) { if (event.key === "Escape") drop(true); });

  look();
})();
