// The panel's script: shows the frame where the shop's own script is there, and keeps pages current. Every page
// works without it.
(function () {
  "use strict";

  var shop = null;
  var asked = false;

  function fit() {
    if (!shop) return;
    try { shop.adjustIframeSize(); } catch (error) { shop = null; }
  }

  // The shop keeps the frame hidden until it is told to show it.
  function show() {
    if (asked || typeof window.ShopApp !== "function") return;
    asked = true;
    try {
      window.shopAppInstance = new window.ShopApp(function (app) {
        app.init(null, function (params, app) {
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

  // Parts that change by themselves. Asked for again only after the last answer, and not while nobody looks.
  function keepCurrent(part) {
    // Often while something is under way, rarely otherwise.
    function usual() { return part.querySelector("[data-busy]") ? 3000 : 15000; }
    var pause = usual();
    function again() { window.setTimeout(ask, pause); }
    function ask() {
      if (document.hidden) return again();
      fetch(part.getAttribute("data-live"), { credentials: "same-origin" }).then(function (answer) {
        if (answer.status === 401 || answer.status === 410) return window.location.reload();
        if (!answer.ok) { pause = Math.min(pause * 2, 60000); return again(); }
        return answer.text().then(function (text) {
          if (part.innerHTML !== text) { part.innerHTML = text; fit(); }
          pause = usual();
          again();
        });
      }, function () { pause = Math.min(pause * 2, 60000); again(); });
    }
    again();
  }

  var parts = document.querySelectorAll("[data-live]");
  for (var j = 0; j < parts.length; j++) keepCurrent(parts[j]);

  // A form is sent once.
  document.addEventListener("submit", function (event) {
    var buttons = event.target.querySelectorAll("button[type=submit]");
    window.setTimeout(function () {
      for (var k = 0; k < buttons.length; k++) buttons[k].disabled = true;
    }, 0);
  });
})();
