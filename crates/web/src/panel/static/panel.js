// The panel's script: shows the frame where the shop's own script is there, keeps pages current, and guards what is
// not saved yet. Every page works without it.
(function () {
  "use strict";

  var shop = null;
  var asked = false;

  function fit() {
    if (!shop) return;
    try { shop.adjustIframeSize(); } catch (error) { shop = null; }
  }

  // The administration's own style sheets go before ours, so that ours have the last word.
  function dress(params) {
    var sheets = (params && (params.newStyles || params.styles)) || [];
    var ours = document.querySelector("link[rel=stylesheet]");
    for (var i = 0; i < sheets.length; i++) {
      if (typeof sheets[i] !== "string") continue;
      var link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = sheets[i];
      link.addEventListener("load", fit);
      ours.parentNode.insertBefore(link, ours);
    }
  }

  // The shop keeps the frame hidden until it is told to show it.
  function show() {
    if (asked || typeof window.ShopApp !== "function") return;
    asked = true;
    try {
      window.shopAppInstance = new window.ShopApp(function (app) {
        app.init(null, function (params, app) {
          dress(params);
          app.show(null, function () { shop = app; fit(); });
        }, function () {});
      }, true);
    } catch (error) {
      asked = false;
    }
  }

  show();
  var scripts = document.querySelectorAll("script[async]");
  for (var i = 0; i < scripts.length; i++) scripts[i].addEventListener("load", show);
  if (window.ResizeObserver) new ResizeObserver(fit).observe(document.documentElement);

  // ---- Parts that change by themselves: asked for again only after the last answer, and not while nobody looks.

  function tellOffline(isOffline) {
    var told = document.getElementById("offline");
    if (told && told.hidden === isOffline) { told.hidden = !isOffline; fit(); }
  }

  // Nobody who typed something loses the page to one that says the session is over.
  function tellEnded() {
    if (unsaved) document.dispatchEvent(new CustomEvent("panel:ended"));
    else if (!isKept) window.location.reload();
  }

  // Whoever is in the middle of a part keeps their place when it is replaced.
  function replace(part, text) {
    var here = document.activeElement;
    var id = here && part.contains(here) ? here.id : "";
    var open = [];
    part.querySelectorAll("details[open][id]").forEach(function (one) { open.push(one.id); });
    part.innerHTML = text;
    open.forEach(function (one) { var again = document.getElementById(one); if (again) again.open = true; });
    if (id) { var same = document.getElementById(id); if (same) same.focus(); }
    fit();
  }

  function isBusy(part) { return part.querySelector("[data-busy]") !== null; }

  function parsed(text) {
    var box = document.createElement("template");
    box.innerHTML = text;
    return box.content;
  }

  function keepCurrent(part) {
    var last = part.innerHTML;
    // Often while something is under way, rarely otherwise.
    function usual() { return isBusy(part) ? 2000 : 15000; }
    var pause = usual();
    var timer = 0;
    function again() { window.clearTimeout(timer); timer = window.setTimeout(ask, pause); }
    function lost() { tellOffline(true); pause = Math.min(pause * 2, 30000); again(); }
    function ask() {
      if (document.hidden) return again();
      fetch(part.getAttribute("data-live"), { credentials: "same-origin" }).then(function (answer) {
        if (answer.status === 401 || answer.status === 410) return tellEnded();
        if (!answer.ok) return lost();
        return answer.text().then(function (text) {
          tellOffline(false);
          // What was waited for is there: what stands around the part may look different now.
          if (text !== last && part.hasAttribute("data-then-reload") && isBusy(part) && !isBusy(parsed(text))) {
            return window.location.reload();
          }
          if (text !== last) { replace(part, text); last = text; }
          pause = usual();
          again();
        });
      }).catch(lost);
    }
    again();
    window.addEventListener("online", ask);
    document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
  }

  document.querySelectorAll("[data-live]").forEach(keepCurrent);

  // The page that was waited for takes the place of this one, once this one is there as a whole.
  function go(address) {
    function now() { window.location.replace(address); }
    if (document.readyState === "complete") return now();
    window.addEventListener("load", now);
    window.setTimeout(now, 2000);
  }

  // A part that takes the services a while is fetched once, after the page is there, and again only when that failed.
  document.querySelectorAll("[data-once]").forEach(function (part) {
    var left = 3;
    part.querySelectorAll("[hidden]").forEach(function (one) { one.hidden = false; });
    // What cannot stand in an address is posted, by the form within.
    var form = part.querySelector("form");
    function load() {
      var how = { credentials: "same-origin" };
      if (form) { how.method = "POST"; how.body = new URLSearchParams(new FormData(form)); }
      fetch(part.getAttribute("data-once"), how).then(function (answer) {
        if (answer.status === 401 || answer.status === 410) return tellEnded();
        if (!answer.ok) return again(function () { replace(part, ""); });
        return answer.text().then(function (text) {
          tellOffline(false);
          if (part.hasAttribute("data-then")) return go(part.getAttribute("data-then"));
          replace(part, text);
        });
      }).catch(function () { again(function () { tellOffline(true); }); });
    }
    function again(orElse) {
      left -= 1;
      if (left > 0) window.setTimeout(load, 3000);
      else orElse();
    }
    load();
  });

  // ---- What only a script can serve (class `scripted`) is left out by the style sheet where none runs.

  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.addEventListener("click", function () { window.print(); });
  });
  document.querySelectorAll("[data-shows]").forEach(function (button) {
    var field = document.getElementById(button.getAttribute("data-shows"));
    if (!field) return;
    button.addEventListener("click", function () {
      var shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    });
  });
  document.querySelectorAll("[data-reads-into]").forEach(function (input) {
    input.addEventListener("change", function () {
      var file = input.files && input.files[0];
      var field = document.getElementById(input.getAttribute("data-reads-into"));
      if (!file || !field) return;
      var reader = new FileReader();
      reader.onload = function () { field.value = String(reader.result); };
      reader.readAsText(file);
    });
  });
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var field = document.getElementById(button.getAttribute("data-copy"));
    if (!field) return;
    button.addEventListener("click", function () {
      field.focus();
      field.select();
      var told = function () { button.textContent = button.getAttribute("data-copied"); };
      // A frame may be kept from the clipboard: then the older way is tried.
      var older = function () { if (document.execCommand("copy")) told(); };
      if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(told, older);
      else older();
    });
  });

  // ---- Forms

  // What is not saved is not lost by leaving: the browser asks, and so do links within the panel.
  var unsaved = false;
  // The session is over, and what was typed waits for the next one.
  var isKept = false;
  document.addEventListener("input", function (event) {
    if (event.target.closest && event.target.closest("form[data-guard]")) unsaved = true;
  });
  window.addEventListener("panel:changed", function () { unsaved = true; });
  document.addEventListener("panel:over", tellEnded);
  document.addEventListener("panel:kept", function () { unsaved = false; isKept = true; });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) { event.preventDefault(); event.returnValue = ""; }
  });
  // A form that comes back with errors still holds what was not saved.
  if (document.querySelector("form[data-guard][data-unsaved]")) unsaved = true;

  // A form is sent once.
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) return;
    unsaved = false;
    var buttons = event.target.querySelectorAll("button[type=submit]");
    window.setTimeout(function () {
      buttons.forEach(function (one) { one.disabled = true; });
    }, 0);
  });
  // Back from another page out of the browser's memory: the buttons work again.
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    document.querySelectorAll("button[type=submit]:disabled").forEach(function (one) { one.disabled = false; });
  });

  // An error is where the eyes and the keyboard should be.
  var wrong = document.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
})();
