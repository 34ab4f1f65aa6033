// The administration's side of the SDK: answers what the app in the frame asks, and keeps the frame hidden until the
// app wants to be shown. The app's language with SDK and page is of our own making (`sdk.js`): Shoper's is unpublished.
(function () {
  "use strict";

  var settings = document.body.dataset;
  var frame = document.getElementById("app");
  var state = document.getElementById("state");
  var asked = [];
  // For tests: what the app asked, in its order.
  window.asked = asked;

  function show() {
    frame.hidden = false;
    state.hidden = true;
  }

  function sheets(name) {
    return settings.styles === "missing" ? ["/_sim/admin/no-such-sheet.css"] : ["/_sim/admin/" + name + ".css"];
  }

  function full(path) { return window.location.origin + path; }

  function styles() {
    if (settings.styles === "none") return {};
    var params = { styles: sheets("styles").map(full) };
    if (settings.styles !== "old") params.newStyles = sheets("new-styles").map(full);
    return params;
  }

  var calls = {
    init: function () {
      if (settings.init === "silent") return null;
      if (settings.init === "fail") return { error: "the administration does not know this app" };
      return { result: styles() };
    },
    show: function () { show(); return { result: null }; },
    adjustIframeSize: function (height) {
      if (height > 0) frame.style.height = Math.ceil(height) + "px";
      return { result: null };
    }
  };

  window.addEventListener("message", function (event) {
    var call = event.data && event.data.shopCall;
    if (event.source !== frame.contentWindow || !Object.prototype.hasOwnProperty.call(calls, call)) return;
    asked.push(call);
    var answer = calls[call](event.data.value);
    if (!answer) return;
    answer.shopAnswer = event.data.id;
    event.source.postMessage(answer, event.origin);
  });

  if (!frame.dataset.src) {
    state.textContent = state.dataset.nowhere;
    return;
  }
  frame.src = frame.dataset.src;
  window.setTimeout(show, Number(settings.showAfter));
})();
