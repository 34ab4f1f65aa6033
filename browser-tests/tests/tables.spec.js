// Rows of tables stay low: one contact is one line where there is room, and a small card on a telephone. An address, a
// date or a word in a pill that broke inside would show here as a tall row.

import { test, expect } from "../harness/test.js";
import { livelyWorld } from "../harness/lively.js";
import { openAlone } from "../harness/panel.js";
import { until } from "../harness/processes.js";

const WIDTHS = [320, 360, 768, 1280];
/** A row of a table: two lines of text and the room around them, in pixels. */
const ROW = 64;
/** A row that has become a card: some eight lines. */
const CARD = 230;
const LISTS = ["synchronised", "suppressed", "failed", "waiting"].map((list) => `contacts?list=${list}`);
const PAGES = [...LISTS, "unsubscribes", "problems", "problems?kind=sare-refused", "advanced/history", "advanced/history/2"];
const LONG = "aleksandra.brzeczyszczykiewicz-wolodyjowska@poczta.bardzo-dluga-nazwa.example.com";

test.describe("tables", () => {
  // One world for all of them.
  test.describe.configure({ mode: "default" });
  let world;

  test.beforeAll(async () => {
    test.setTimeout(180_000);
    world = await livelyWorld();
    const { shop, sare } = world;
    const room = async (n) => sare.post("settings", { address_limit: (await sare.get("contacts")).length + n });
    const status = async () => (await sare.get(`contacts/${LONG}`))?.status;
    const register = (email) => {
      return shop.post("customers", { email, firstname: "Aleksandra", lastname: "B", newsletter: true });
    };
    // Long addresses among those who unsubscribed, and among those whom SARE refuses.
    await room(1);
    await register(LONG);
    await until("the long address to be in SARE", async () => (await status()) === 8);
    await shop.post("unsubscribe", { email: LONG });
    await until("it to be unsubscribed", async () => (await status()) === 4);
    await room(0);
    const { problems } = (await world.told()).counts;
    await register(`druga.${LONG}`);
    await until("the problem to be noted", async () => (await world.told()).counts.problems > problems);
  });

  test.afterAll(() => world?.stop());

  for (const language of ["pl", "en"]) {
    test(`rows are low on every screen, and nothing in them is cut apart (${language})`, async ({ page }) => {
      test.setTimeout(180_000);
      const base = await openAlone(page, world, language);
      const found = [];
      let rows = 0;
      for (const address of PAGES) {
        await page.goto(`${base}${address}`);
        await expect(page.locator("main h1")).toBeVisible();
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          const seen = await page.evaluate(measure, { row: ROW, card: CARD });
          rows += seen.rows;
          found.push(...seen.wrong.map((line) => `${address} at ${width}: ${line}`));
        }
      }
      expect(rows, "rows that were measured").toBeGreaterThan(100);
      expect(found).toEqual([]);
    });
  }
});

/** Runs in the page: how many rows of lists there are, and what is wrong with them, one line each. */
function measure(most) {
  const wrong = [];
  const all = [...document.querySelectorAll("main table:not(.mapping) > tbody > tr")].filter((row) => row.offsetHeight > 0);
  const inside = (row) => row.innerText.replace(/\s+/g, " ").slice(0, 60);
  for (const row of all) {
    const kind = getComputedStyle(row).display === "block" ? "card" : "row";
    if (row.offsetHeight > most[kind]) wrong.push(`a ${kind} of ${row.offsetHeight} pixels: ${inside(row)}`);
    for (const one of row.querySelectorAll(".chip, .address, time")) {
      if (one.getClientRects().length > 1) wrong.push(`broken inside: ${one.textContent}`);
    }
  }
  // Not by hiding what is too wide.
  for (const box of document.querySelectorAll("main .scroll")) {
    if (box.scrollWidth > box.clientWidth + 1) wrong.push(`scrolls within itself: ${box.scrollWidth} of ${box.clientWidth}`);
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`the page scrolls sideways: ${root.scrollWidth}`);
  return { rows: all.length, wrong: [...new Set(wrong)].slice(0, 6) };
}
