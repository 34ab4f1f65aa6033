// What a page does when the line to the server is lost for a while.

import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";
import { say, saying } from "../harness/texts.js";

/** Longer than any part of a page waits before it looks again (static/panel.js). */
const NEXT_LOOK = 40_000;

test.use({ expected: /ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE)/ });

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

  // What is clicked meanwhile is told in the page, and opened by itself; a form stays as it is filled, and is not sent
  // later by itself.
  await page.clock.resume();
  await page.goto(`${base}subscribers`);
  await page.locator("#settings > summary").click();
  const group = page.getByLabel(say("pl", "mapping.group"), { exact: true });
  await group.selectOption("1");
  await world.stopServer();
  await page.locator("main").getByRole("button", { name: say("pl", "common.save"), exact: true }).click();
  await expect(page.getByText(say("pl", "common.unsent"))).toBeVisible();
  await world.startServer();
  await expect(page.getByText(say("pl", "common.back-again"))).toBeVisible();
  await expect(group).toHaveValue("1");
  expect(await world.operator(world.shop, "/config")).toMatch(/\[subscribers\][^[]*group = 22/);
  await page.locator("main").getByRole("button", { name: say("pl", "common.save"), exact: true }).click();
  await expect(page.getByText(saying("pl", "mapping.saved")).first()).toBeVisible();

  await world.stopServer();
  await page.getByRole("link", { name: say("pl", "menu.help"), exact: true }).click();
  await expect(page.getByText(say("pl", "common.offline"))).toBeVisible();
  await world.startServer();
  await expect(page.getByRole("heading", { level: 1, name: say("pl", "help.title") })).toBeVisible();
});

test.describe("a session that ends while a form is filled", () => {
  test.use({ begin: { configured: true, customers: 6, subscribers: 4 }, expected: /status of 401/ });

  test("keeps what was typed for the next one, and saves nothing by itself", async ({ page, world, context }) => {
    const words = (key) => say("pl", key);
    const save = () => page.locator("main").getByRole("button", { name: words("common.save"), exact: true }).click();
    let base = await openAlone(page, world);
    await page.goto(`${base}customers`);
    await page.locator("#settings > summary").click();
    const group = page.getByLabel(words("mapping.group"), { exact: true });
    await group.selectOption("1");
    // The session is tied to the browser's cookie.
    await context.clearCookies();
    await save();
    await expect(page.getByText(words("common.ended-kept"))).toBeVisible();
    await expect(group, "the page is still there").toHaveValue("1");
    expect(await page.evaluate(() => window.sessionStorage.getItem("panel:kept"))).not.toContain("csrf");

    // Opened again: the page that was not saved is a click away, as it was left.
    base = await openAlone(page, world);
    await page.getByRole("link", { name: words("mapping.customers"), exact: true }).last().click();
    await expect(page.getByText(words("common.restored"))).toBeVisible();
    await expect(group).toHaveValue("1");
    const config = () => world.operator(world.shop, "/config");
    expect(await config(), "nothing is saved by itself").toMatch(/\[customers\][^[]*group = 21/);
    await save();
    await expect(page.getByText(saying("pl", "mapping.saved")).first()).toBeVisible();
    expect(await config()).toMatch(/\[customers\][^[]*group = 1\n/);

    // So it is with a form that has no rows of its own.
    await page.goto(`${base}advanced/rules`);
    const least = page.getByLabel(words("advanced.at-least"), { exact: false });
    await least.fill("77");
    await context.clearCookies();
    await save();
    await expect(page.getByText(words("common.ended-kept"))).toBeVisible();
    base = await openAlone(page, world);
    await page.goto(`${base}advanced/rules`);
    await expect(page.getByText(words("common.restored"))).toBeVisible();
    await expect(least).toHaveValue("77");
  });
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
