// Long lists: whoever types on a list of more than twelve, or opens it with a mouse or the keyboard, gets a field
// that leaves what matches. The list itself stays as it is and is all there is without this script, and for fingers.
(function () {
  "use strict";

  var MOST = 12;
  var box = null;

  function plain(text) {
    var folded = text.toLowerCase().replace(/ł/g, "l");
    return folded.normalize ? folded.normalize("NFD").replace(/[\u0300-\u036f]/g, "") : folded;
  }

  function isLong(at) {
    return at && at.tagName === "SELECT" && at.closest("#editor") && at.options.length > MOST + 1;
  }

  function close(focus) {
    if (!box) return;
    var old = box;
    box = null;
    old.place.remove();
    if (focus) old.list.focus();
  }

  function show() {
    var wanted = plain(box.input.value.trim());
    var heading = null;
    box.at = -1;
    box.found = [];
    box.options.textContent = "";
    Array.prototype.forEach.call(box.list.options, function (one) {
      var of = one.parentNode.tagName === "OPTGROUP" ? one.parentNode.label : "";
      if (wanted && (!one.value || plain(one.textContent).indexOf(wanted) < 0)) return;
      if (of && of !== heading) {
        var head = document.createElement("li");
        head.className = "soft";
        head.setAttribute("role", "presentation");
        head.textContent = of;
        box.options.appendChild(head);
      }
      heading = of;
      var item = document.createElement("li");
      item.id = "chooser-" + box.found.length;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.textContent = one.textContent;
      item.dataset.at = String(box.found.length);
      box.options.appendChild(item);
      box.found.push({ one: one, item: item });
      if (!wanted && one.selected) mark(box.found.length - 1);
    });
    if (wanted && box.found.length) mark(0);
    box.input.setAttribute("aria-expanded", String(box.found.length > 0));
  }

  function mark(at) {
    if (box.at >= 0) box.found[box.at].item.setAttribute("aria-selected", "false");
    box.at = at;
    var item = box.found[at].item;
    item.setAttribute("aria-selected", "true");
    box.input.setAttribute("aria-activedescendant", item.id);
    if (box.options.scrollHeight > box.options.clientHeight) {
      box.options.scrollTop = item.offsetTop - box.options.clientHeight / 2;
    }
  }

  function choose(at) {
    var list = box.list;
    var found = box.found[at];
    close(true);
    if (!found || found.one.selected) return;
    found.one.selected = true;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function open(list, typed) {
    close(false);
    var label = list.labels && list.labels[0] ? list.labels[0].textContent : list.getAttribute("aria-label") || "";
    var place = document.createElement("div");
    place.className = "chooser";
    place.innerHTML = '<input type="text" role="combobox" id="chooser" autocomplete="off" aria-autocomplete="list" aria-expanded="true" aria-controls="chooser-list"><ul role="listbox" id="chooser-list"></ul>';
    box = { list: list, place: place, input: place.firstChild, options: place.lastChild, found: [], at: -1 };
    box.input.setAttribute("aria-label", label);
    box.options.setAttribute("aria-label", label);
    box.input.value = typed;
    // Beside the list, so that the next key goes on from there; it is no part of the form.
    list.parentNode.insertBefore(place, list.nextSibling);
    show();
    box.input.focus();
    var here = box;
    ["input", "change"].forEach(function (name) {
      place.addEventListener(name, function (event) {
        event.stopPropagation();
        if (name === "input") show();
      });
    });
    box.input.addEventListener("keydown", function (event) {
      var last = box.found.length - 1;
      event.stopPropagation();
      if (event.key === "ArrowDown" && last >= 0) mark(box.at >= last ? 0 : box.at + 1);
      else if (event.key === "ArrowUp" && last >= 0) mark(box.at <= 0 ? last : box.at - 1);
      else if (event.key === "Enter") choose(box.at);
      else if (event.key === "Escape") close(true);
      else if (event.key === "Tab") return close(true);
      else return;
      event.preventDefault();
    });
    box.input.addEventListener("blur", function () { if (box === here) close(false); });
    box.options.addEventListener("mousedown", function (event) { event.preventDefault(); });
    box.options.addEventListener("click", function (event) {
      var item = event.target.closest("[role=option]");
      if (item) choose(Number(item.dataset.at));
    });
  }

  document.addEventListener("keydown", function (event) {
    if (!isLong(event.target) || event.ctrlKey || event.metaKey) return;
    var opens = event.key === " " || event.key === "Enter" || (event.altKey && event.key === "ArrowDown");
    if (!opens && (event.altKey || event.key.length !== 1)) return;
    event.preventDefault();
    open(event.target, opens ? "" : event.key);
  });

  var finger = false;
  document.addEventListener("pointerdown", function (event) { finger = event.pointerType !== "mouse"; }, true);
  document.addEventListener("mousedown", function (event) {
    if (finger || event.button !== 0 || !isLong(event.target)) return;
    event.preventDefault();
    open(event.target, "");
  });
})();
