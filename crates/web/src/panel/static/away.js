// What is done when the server does not answer, or the session is over: a page that is there stays, says so, and tries
// again by itself. Before a link is followed or a form is sent the server is asked whether it is there, as what a browser
// shows otherwise is its own error in place of the page. Nothing typed is lost: it stays, or waits in the tab's own
// storage for the next session. Never kept: passwords, and every form that is not one of settings.
(function () {
  "use strict";

  var place = /^(.*\/panel\/s\/[0-9a-f]{64}\/)(.*)$/.exec(window.location.pathname);
  if (!place || !window.fetch || !HTMLFormElement.prototype.requestSubmit) return;
  var base = place[1];
  var shop = document.body.getAttribute("data-shop");
  var KEPT = "panel:kept";
  var RESTORED = "panel:restored";
  var PATIENCE_MS = 8000;
  var PAUSE_MS = 3000;

  // ---- What is told, one thing at a time.

  var told = document.getElementById("told");
  function tell(id) {
    if (!told) return;
    Array.prototype.forEach.call(told.children, function (one) { one.hidden = one.id !== id; });
    if (id) told.scrollIntoView({ block: "nearest" });
  }

  /** Gives "here", "ended" for a session that is over, or "away". */
  function ask() {
    var stop = new AbortController();
    var timer = window.setTimeout(function () { stop.abort(); }, PATIENCE_MS);
    var how = { credentials: "same-origin", cache: "no-store", signal: stop.signal };
    return fetch(base + "alive", how).then(function (answer) {
      if (answer.status === 401 || answer.status === 410) return "ended";
      return answer.ok ? "here" : "away";
    }, function () { return "away"; }).then(function (state) {
      window.clearTimeout(timer);
      return state;
    });
  }

  // ---- Links: what was wanted last is opened once the server is there.

  var wanted = "";
  function go(address) {
    wanted = address;
    ask().then(function (state) {
      if (wanted !== address) return;
      if (state !== "away") {
        tell("");
        window.location.href = address;
        return;
      }
      tell("offline");
      window.setTimeout(function () { if (wanted === address) go(address); }, PAUSE_MS);
    });
  }

  document.addEventListener("click", function (event) {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    var link = event.target.closest && event.target.closest("a[href]");
    if (!link || link.target || link.hasAttribute("download")) return;
    if (link.origin !== window.location.origin || link.pathname.indexOf(base) !== 0) return;
    var isHere = link.pathname === window.location.pathname && link.search === window.location.search;
    if (isHere && link.hash) return;
    event.preventDefault();
    go(link.href);
  });

  // ---- Forms: sent when the server is there, and never later by themselves.

  var asking = null;
  var sure = null;
  window.addEventListener("submit", function (event) {
    var form = event.target;
    if (form === sure) { sure = null; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form === asking) return;
    asking = form;
    wanted = "";
    var button = event.submitter;
    ask().then(function (state) {
      asking = null;
      if (state === "here") {
        send(form, button);
      } else if (state === "ended") {
        ended(form);
      } else {
        tell("unsent");
        waitFor(form);
      }
    });
  }, true);

  // A part that is kept current may have been drawn anew meanwhile, its form with it.
  function send(form, button) {
    var isSame = function (one) { return one.getAttribute("action") === form.getAttribute("action"); };
    var now = form.isConnected ? form : Array.prototype.find.call(document.forms, isSame);
    if (!now) return tell("back-again");
    var isPressed = function (one) {
      return one === button || (now !== form && button && one.name === button.name && one.value === button.value);
    };
    var pressed = Array.prototype.find.call(now.elements, function (one) {
      return one.type === "submit" && !one.disabled && isPressed(one);
    });
    tell("");
    sure = now;
    now.requestSubmit(pressed);
  }

  function waitFor(form) {
    window.setTimeout(function () {
      if (asking) return;
      ask().then(function (state) {
        if (state === "away") waitFor(form);
        else if (state === "ended") ended(form);
        else tell("back-again");
      });
    }, PAUSE_MS);
  }

  // ---- A session that is over: what was typed into settings waits for the next one.

  var isOver = false;
  function ended(form) {
    var note = document.getElementById("ended-kept");
    if (note) note.hidden = !keep(form);
    tell("ended");
    if (isOver) return;
    isOver = true;
    // What is typed after that waits as well.
    document.addEventListener("input", function () { keep(form); });
  }

  document.addEventListener("panel:ended", function () { ended(document.querySelector("form[data-guard]")); });

  function isSecret(form, name) {
    return form.querySelector("input[type=password][name=\"" + CSS.escape(name) + "\"]") !== null;
  }

  /** Whether it could be kept: a browser may refuse a frame its storage. */
  function keep(form) {
    if (!form || !form.hasAttribute("data-guard")) return false;
    var fields = [];
    new FormData(form).forEach(function (value, name) {
      if (typeof value === "string" && name !== "csrf" && !isSecret(form, name)) fields.push([name, value]);
    });
    var title = document.querySelector("h1");
    var page = form.getAttribute("action").slice(base.length);
    var kept = { shop: shop, page: page, title: title ? title.textContent : page, fields: fields };
    try {
      window.sessionStorage.setItem(KEPT, JSON.stringify(kept));
      document.dispatchEvent(new CustomEvent("panel:kept"));
      return true;
    } catch (error) {
      return false;
    }
  }

  function take(name) {
    try {
      var text = window.sessionStorage.getItem(name);
      return text ? JSON.parse(text) : null;
    } catch (error) {
      return null;
    }
  }

  function drop(name) {
    try { window.sessionStorage.removeItem(name); } catch (error) { /* There was none. */ }
  }

  function hidden(form, name, value) {
    var input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.appendChild(input);
  }

  /** A form that can be checked without saving is drawn by the server, which knows what rows it has. */
  function redraw(form, fields) {
    var copy = document.createElement("form");
    copy.method = "post";
    copy.action = form.getAttribute("action");
    copy.hidden = true;
    hidden(copy, "csrf", form.querySelector("input[name=csrf]").value);
    fields.forEach(function (field) { hidden(copy, field[0], field[1]); });
    hidden(copy, "op", "check");
    document.body.appendChild(copy);
    try { window.sessionStorage.setItem(RESTORED, "true"); } catch (error) { /* It is not told. */ }
    copy.submit();
  }

  function fill(form, fields) {
    var left = fields.slice();
    Array.prototype.forEach.call(form.elements, function (one) {
      if (!one.name || one.name === "csrf" || one.type === "password" || one.tagName === "BUTTON") return;
      var isBox = one.type === "checkbox" || one.type === "radio";
      var at = left.findIndex(function (field) {
        return field[0] === one.name && (!isBox || field[1] === one.value);
      });
      if (isBox) one.checked = at >= 0;
      else if (at >= 0) one.value = left[at][1];
      if (at >= 0) left.splice(at, 1);
    });
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  if (take(RESTORED)) {
    drop(RESTORED);
    tell("restored");
  }
  var kept = take(KEPT);
  if (kept && kept.shop === shop) {
    var form = document.querySelector("form[data-guard]");
    if (form && form.getAttribute("action") === base + kept.page) {
      drop(KEPT);
      if (form.querySelector("button[name=op][value=check]")) {
        redraw(form, kept.fields);
      } else {
        fill(form, kept.fields);
        tell("restored");
      }
    } else {
      var link = document.getElementById("kept-page");
      if (link) {
        link.href = base + kept.page;
        link.textContent = kept.title;
        tell("kept");
      }
    }
  }
})();
