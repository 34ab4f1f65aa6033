// The bar that saves stays in sight in a frame that is as tall as its page, as in the shop's administration: there the
// administration scrolls, and nothing within sticks. Its script does not tell how far (shoper-api.md C.4), but a browser
// tells which of our own boxes can be seen: strips beside the page say where the window ends.
(function () {
  "use strict";

  var bar = document.querySelector("section.save");
  if (!bar || window.parent === window || !window.IntersectionObserver || !window.ResizeObserver) return;

  /** The height of a strip, in pixels: the bar is so far from the window's end at most. */
  var STEP = 24;
  /** Where less is seen at once, the bar would hide what it is about: as the style sheet has it. */
  var LEAST = 480;
  var strips = document.createElement("div");
  strips.className = "strips";
  strips.setAttribute("aria-hidden", "true");
  document.body.appendChild(strips);
  var seen = new Set();
  var shift = 0;

  function place() {
    var isGrown = document.documentElement.scrollHeight <= window.innerHeight + 1;
    var top = Infinity;
    var bottom = 0;
    seen.forEach(function (one) {
      top = Math.min(top, one.offsetTop);
      bottom = Math.max(bottom, one.offsetTop + STEP);
    });
    var box = bar.getBoundingClientRect();
    var own = box.bottom + shift;
    var start = bar.parentNode.getBoundingClientRect().top + box.height;
    var wanted = isGrown && bottom - top >= LEAST ? Math.max(0, Math.min(own - bottom, own - start)) : 0;
    if (Math.abs(wanted - shift) < 1) return;
    shift = wanted;
    bar.style.transform = shift ? "translateY(" + -shift + "px)" : "";
  }

  var observer = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (entry.intersectionRatio > 0.99) seen.add(entry.target);
      else seen.delete(entry.target);
    });
    place();
  }, { threshold: [0, 1] });

  function fill() {
    var count = Math.floor(document.body.offsetHeight / STEP);
    while (strips.childElementCount > count) {
      observer.unobserve(strips.lastChild);
      seen.delete(strips.lastChild);
      strips.removeChild(strips.lastChild);
    }
    while (strips.childElementCount < count) observer.observe(strips.appendChild(document.createElement("i")));
    place();
  }

  new ResizeObserver(fill).observe(document.body);
  window.addEventListener("resize", place);
})();
