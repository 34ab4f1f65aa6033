// Looks at a screen as nobody has the patience to: barriers that a machine can find, sideways scrolling, its picture.

import axe from "axe-core";
import { expect } from "@playwright/test";
import { FONTS, setIn } from "./fonts.js";
import { frameOf } from "./panel.js";

const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
const USUAL = { width: 1280, height: 900 };
/** A small telephone; and what is left of a screen of 1280 by 1024 at 400 % (WCAG 1.4.10). */
const NARROW = [{ width: 360, height: 740 }, { width: 320, height: 256 }];

/** What is wrong with the screen that the app's frame shows now, one line each. */
export async function inspect(page, name) {
  // A page that gives way to another by itself is not looked at.
  await expect(page.frameLocator("#app").locator("[data-then]")).toHaveCount(0);
  const frame = await frameOf(page);
  const found = [...(await barriers(frame)), ...(await frame.evaluate(unranked))].map((line) => `${name}: ${line}`);
  await picture(page, name, USUAL);
  for (const size of NARROW) {
    await page.setViewportSize(size);
    for (const font of Object.keys(FONTS)) {
      await setIn(frame, font);
      const wide = await frame.evaluate(tooWide, size.width);
      if (wide) found.push(`${name}: scrolls sideways at ${size.width} pixels in the ${font} font: ${wide}`);
    }
    await setIn(frame, "own");
    if (size === NARROW[0]) await picture(page, `${name}-narrow`, size);
  }
  await page.setViewportSize(USUAL);
  return found;
}

/**
 * Runs in the frame: what makes it hard to see what matters on a page. One button leads on; what cannot be undone stands
 * apart, on a page that names what is lost.
 */
function unranked() {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "var(--main)";
  const main = getComputedStyle(probe).color;
  probe.remove();
  const seen = [...document.querySelectorAll("main button, main .button")].filter((one) => {
    return one.checkVisibility({ visibilityProperty: true }) && !one.matches(".unseen");
  });
  const found = [];
  const first = seen.filter((one) => getComputedStyle(one).backgroundColor === main);
  if (first.length > 1) found.push(`${first.length} primary buttons: ${first.map((one) => one.textContent).join(" | ")}`);
  for (const one of seen.filter((button) => button.classList.contains("danger"))) {
    const apart = one.closest("section.danger, [role=alert]");
    if (!apart) found.push(`does not stand apart: ${one.textContent}`);
    else if (!apart.querySelector("ul") && !document.querySelector("main .lost")) found.push(`names no loss: ${one.textContent}`);
  }
  return found;
}

/** Of the whole page; a browser paints of a frame no more than what is in sight. */
async function picture(page, name, { width }) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.screenshot({ path: `artefacts/screens/${name}.png` });
}

/** What a machine can find in a page or frame that keeps people out, one line each. */
export async function barriers(frame) {
  if (!(await frame.evaluate(() => "axe" in window))) await frame.evaluate(axe.source);
  return frame.evaluate(async (rules) => {
    const options = { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"], preload: false };
    const { violations } = await window.axe.run(document, options);
    return violations.map(({ id, help, nodes }) => {
      return `${id}: ${help}: ${nodes.map((node) => node.target.flat().at(-1)).join(" | ")}`;
    });
  }, RULES);
}

/** Runs in the frame: what makes the page wider than it is, once it has the width that is tried. */
async function tooWide(width) {
  while (window.innerWidth > width) await new Promise((next) => requestAnimationFrame(next));
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return "";
  const tooFar = (box) => box.right > page.clientWidth + 1;
  const out = [...document.querySelectorAll("body *")].filter((one) => {
    if (one.closest(".scroll, .page > nav")) return false;
    // Words may be wider than what they stand in.
    const words = document.createRange();
    words.selectNodeContents(one);
    return tooFar(one.getBoundingClientRect()) || (one.children.length === 0 && tooFar(words.getBoundingClientRect()));
  });
  return out.map((one) => `${one.tagName}.${one.className}`).slice(0, 5).join(", ") || "something";
}
