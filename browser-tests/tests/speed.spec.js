// What opening a page costs the browser: bytes on the wire, what is kept for good, and that nothing moves once it is
// drawn. Times are printed, not judged: they are the machine's.

import { test, expect } from "../harness/test.js";
import { openAlone, SCREENS } from "../harness/panel.js";

/** Of the first page that somebody opens: document, styles and scripts, their headers included. */
const MOST_BYTES = 25_000;
/** The browser's own sum; it counts no movement that a click or a key has caused. */
const MOST_SHIFT = 0.01;
/** Far beyond what any machine needs: only a page that waits for a service takes so long. */
const MOST_LCP_MS = 10_000;

/** Runs before a page's own scripts. */
function watch() {
  window.measured = { shift: 0, moved: [], lcp: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      window.measured.shift += entry.value;
      window.measured.moved.push(...entry.sources.map(({ node, previousRect: from, currentRect: to }) => `${node?.nodeName}#${node?.id}.${node?.className} by ${Math.round(to.x - from.x)}, ${Math.round(to.y - from.y)}, ${Math.round(to.height - from.height)}`));
    }
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.measured.lcp = entry.startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
}

/** Runs in the page: what came over the wire for it, by name. */
function loaded() {
  const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const ours = all.filter((one) => new URL(one.name).origin === window.location.origin);
  const parts = ours.filter((one) => ["navigation", "link", "script", "css"].includes(one.initiatorType));
  const name = (one) => new URL(one.name).pathname.split("/").pop().replace(/\.[0-9a-f]{16}\./, ".") || "page";
  return Object.fromEntries(parts.map((one) => [name(one), one.transferSize]));
}

test("the first page is small, its files are kept for good, and nothing moves on any page", async ({ page, synced }) => {
  await page.addInitScript(watch);
  const kept = {};
  page.on("response", (answer) => {
    if (answer.url().includes("/panel/assets/")) kept[answer.url()] = answer.headers()["cache-control"];
  });
  const base = await openAlone(page, synced);
  await page.waitForLoadState("networkidle");
  const sizes = await page.evaluate(loaded);
  const bytes = Object.values(sizes).reduce((sum, n) => sum + n, 0);
  console.log(`first load: ${bytes} bytes: ${JSON.stringify(sizes)}`);
  expect(Object.keys(sizes)).toEqual(expect.arrayContaining(["panel.css", "panel.js"]));
  expect(bytes, JSON.stringify(sizes)).toBeLessThanOrEqual(MOST_BYTES);
  expect(Object.keys(kept).length).toBeGreaterThan(1);
  for (const [url, how] of Object.entries(kept)) {
    expect(url, "its name changes with its content").toMatch(/\.[0-9a-f]{16}\.(css|js)$/);
    expect(how).toBe("public, max-age=31536000, immutable");
  }

  const times = {};
  for (const [name, address] of SCREENS) {
    await page.goto(`${base}${address}`);
    await page.waitForLoadState("networkidle");
    const { shift, moved, lcp } = await page.evaluate(() => window.measured);
    times[name] = Math.round(lcp);
    expect.soft(shift, `${name}: ${moved.join(", ")}`).toBeLessThan(MOST_SHIFT);
    expect.soft(lcp, `${name}: drawn after`).toBeLessThan(MOST_LCP_MS);
  }
  console.log(`largest contentful paint, ms: ${JSON.stringify(times)}`);
});
