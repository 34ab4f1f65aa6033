// Plays Shoper's script for apps in the administration's frame (shoper-api.md C.4): the same names and manners, with
// messages of our own to the page around it.
(function () {
  "use strict";

  var waiting = {};
  var last = 0;

  function call(name, value, done, failed) {
    last += 1;
    waiting[last] = { done: done, failed: failed };
    window.parent.postMessage({ shopCall: name, value: value, id: last }, "*");
  }

  window.addEventListener("message", function (event) {
    var answer = event.data;
    if (event.source !== window.parent || !answer || !waiting[answer.shopAnswer]) return;
    var asked = waiting[answer.shopAnswer];
    delete waiting[answer.shopAnswer];
    if (answer.error) {
      if (asked.failed) asked.failed(answer.error);
    } else if (asked.done) {
      asked.done(answer.result);
    }
  });

  function ShopApp(ready, debug) {
    var app = this;
    this.debug = debug === true;
    window.setTimeout(function () { ready(app); }, 0);
  }
  ShopApp.prototype.init = function (options, done, failed) {
    var app = this;
    call("init", null, function (params) { if (done) done(params, app); },
      function (message) { if (failed) failed(message, app); });
  };
  ShopApp.prototype.show = function (options, done) {
    var app = this;
    call("show", null, function () { if (done) done(app); });
  };
  ShopApp.prototype.adjustIframeSize = function () {
    call("adjustIframeSize", document.documentElement.getBoundingClientRect().height);
  };

  window.ShopApp = ShopApp;
})();
