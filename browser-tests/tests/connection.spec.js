// What a page does when the line to the server is lost for a while.

import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";

/** Longer than any part of a page waits before it looks again (static/panel.js). */
const NEXT_LOOK = 40_000;

test.use({ expected: /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED/ });

/** Time passes for the page until `seen` holds. */
async function later(page, seen) {
  await expect(async () => {
    await page.clock.fastForward(NEXT_LOOK);
    await seen({ timeout: 1_000 });
  }).toPass();
}

test("a lost network is told, and the page is current again when it comes back", async ({ page, context, synced }) => {
  await page.clock.install();
  await openAlone(page, synced);
  const told = page.locator("#offline");
  await expect(told).toBeHidden();
  await context.setOffline(true);
  await later(page, (wait) => expect(told).toBeVisible(wait));
  await expect(told).toContainText("Brak połączenia");
  await context.setOffline(false);
  await later(page, (wait) => expect(told).toBeHidden(wait));
});

test("a server that is away for an update is told, and nothing has to be opened anew", async ({ page, world }) => {
  await world.configure();
  await page.clock.install();
  const base = await openAlone(page, world);
  await world.stopServer();
  const told = page.locator("#offline");
  await later(page, (wait) => expect(told).toBeVisible(wait));
  await world.startServer();
  await later(page, (wait) => expect(told).toBeHidden(wait));
  await page.goto(`${base}contacts`);
  await expect(page.getByRole("link", { name: "Kontakty" })).toHaveAttribute("aria-current", "page");
});

test("while nobody looks at a page it asks for nothing", async ({ page, synced }) => {
  await page.clock.install();
  await openAlone(page, synced);
  let asked = 0;
  page.on("request", () => (asked += 1));
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  });
  await page.clock.fastForward(NEXT_LOOK);
  await page.clock.fastForward(NEXT_LOOK);
  expect(asked).toBe(0);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect.poll(() => asked).toBeGreaterThan(0);
});
