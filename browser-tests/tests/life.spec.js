// A shop at work: what is seen of changes, of refusals on both sides, of one person's story, and of problems.

import { test, expect } from "../harness/test.js";
import { openAlone, openInAdmin } from "../harness/panel.js";
import { counting, say, saying } from "../harness/texts.js";
import { until } from "../harness/processes.js";

const words = (key) => say("pl", key);

test.use({ begin: { configured: true, customers: 8, subscribers: 6 } });

/** Registers somebody who consents, and waits until SARE has them. */
async function register(world, email, more = {}) {
  await world.shop.post("customers", { email, firstname: "Anna", lastname: "Kowalska", newsletter: true, ...more });
  await until("the new customer to be in SARE", async () => (await world.sare.get(`contacts/${email}`))?.status === 8);
}

async function find(page, base, email) {
  await page.goto(`${base}contacts`);
  await page.getByLabel(words("contacts.email")).fill(email);
  await page.getByRole("button", { name: words("contacts.find"), exact: true }).click();
}

test("the first synchronisation is watched to its end without loading the page", async ({ page, world }) => {
  const other = await world.anotherShop({ customers: 60, subscribers: 20 });
  await world.install(other);
  // However busy the machine is, the page is there before SARE has answered everything.
  await world.sare.post("settings", { latency: 2000 });
  await world.configureWithoutWaiting(other);
  const app = await openInAdmin(page, world, {}, other);
  await app.locator("body").evaluate(() => (window.stayed = true));
  await expect(app.getByRole("progressbar").first()).toBeVisible();
  await world.sare.post("settings", { latency: 0 });
  await expect(app.getByText(words("standing.current"))).toBeVisible({ timeout: 60_000 });
  expect(await app.locator("body").evaluate(() => window.stayed)).toBe(true);
});

test("a change in the shop is seen on the overview by itself", async ({ page, world }) => {
  await page.clock.install();
  await openAlone(page, world);
  const main = page.locator("main");
  await expect(main).not.toContainText("nowa@example.com");
  await register(world, "nowa@example.com");
  await expect(async () => {
    await page.clock.fastForward(16_000);
    await expect(main).toContainText("nowa@example.com", { timeout: 1_000 });
  }).toPass();
});

test("unsubscribes of both sides are told with cause and time", async ({ page, world }) => {
  await world.watchSare();
  await register(world, "anna@example.com");
  await world.shop.post("subscribers", { email: "jan@example.com", active: true });
  await until("the subscriber to be in SARE", async () => (await world.sare.get("contacts/jan@example.com"))?.status === 8);

  await world.shop.post("unsubscribe", { email: "anna@example.com" });
  await until("SARE to know", async () => (await world.sare.get("contacts/anna@example.com")).status === 4);
  await world.sare.post("unsubscribe", { email: "jan@example.com" });
  await until("the shop to know", async () => !(await world.shop.get("subscribers/jan@example.com")).active);

  await openAlone(page, world);
  await page.getByRole("link", { name: words("menu.unsubscribes"), exact: true }).click();
  const part = (key) => page.locator("section", { has: page.getByRole("heading", { name: new RegExp(`^${words(key)} \\(`) }) });
  await expect(part("unsubscribes.to-sare")).toContainText("anna@example.com");
  await expect(part("unsubscribes.to-sare")).toContainText(words("refusal.withdrawn-in-shop"));
  await expect(part("unsubscribes.to-shop")).toContainText("jan@example.com");
  await expect(part("unsubscribes.to-sare")).not.toContainText("jan@example.com");
});

test("why Anna does not get the newsletter is answered by her address", async ({ page, world }) => {
  await register(world, "anna@example.com");
  await world.shop.post("unsubscribe", { email: "anna@example.com" });
  await until("SARE to know", async () => (await world.sare.get("contacts/anna@example.com")).status === 4);

  const base = await openAlone(page, world);
  await find(page, base, "anna@example.com");
  await expect(page.getByRole("heading", { level: 1, name: "anna@example.com" })).toBeVisible();
  expect(page.url(), "an address is never in a URL").not.toContain("anna");
  // Both sides as they are now, fetched by the page itself.
  await expect(page.getByRole("heading", { name: words("contacts.columns") })).toBeVisible();
  await expect(page.locator("main")).not.toContainText(words("contacts.asking"));
  await expect(page.getByRole("columnheader", { name: words("contacts.in-sare") })).toBeVisible();
  await expect(page.getByRole("heading", { name: words("contacts.history") })).toBeVisible();

  // The proof for a data-protection officer.
  await page.getByRole("link", { name: words("contacts.proof"), exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: words("contacts.proof-title") })).toBeVisible();
  const file = page.waitForEvent("download");
  await page.getByRole("link", { name: words("contacts.proof-file") }).click();
  const name = (await file).suggestedFilename();
  expect(name).toMatch(/\.json$/);
  expect(name).not.toContain("anna");

  // Somebody nobody knows.
  await find(page, base, "nikt@example.com");
  await expect(page.getByText(saying("pl", "contacts.not-known"))).toBeVisible();
});

test("one person's data are erased, after it was said what goes and what stays", async ({ page, world }) => {
  await register(world, "barbara@example.com");
  const base = await openAlone(page, world);
  await find(page, base, "barbara@example.com");
  await page.getByRole("link", { name: words("contacts.erase"), exact: true }).click();
  const erase = page.getByRole("button", { name: words("contacts.erase-now") });
  await erase.click();
  // Without the tick nothing happens; the browser or the page says so.
  await expect(erase).toBeVisible();
  await page.getByLabel(words("contacts.erase-sure")).check();
  await erase.click();
  await expect(page.getByText(words("contacts.erased"))).toBeVisible();
  await expect(page.locator("main")).not.toContainText("barbara@example.com");
});

test("a contact that SARE rejects is a problem with cause and remedy, and is gone once mended", async ({ page, world }) => {
  const full = (await world.sare.get("contacts")).length;
  await world.sare.post("settings", { address_limit: full });
  await world.shop.post("customers", { email: "zbyt@example.com", newsletter: true });
  await until("the problem to be noted", async () => (await world.told()).counts.problems > 0);

  await openAlone(page, world);
  await page.getByRole("link", { name: words("menu.problems") }).click();
  await expect(page.getByText(counting("pl", "problems.open"))).toBeVisible();
  const row = page.getByRole("row", { name: /zbyt@example\.com/ });
  await expect(row).toBeVisible();
  await world.sare.post("settings", { address_limit: null });
  await row.getByRole("button", { name: words("problems.retry"), exact: true }).click();
  await expect(page.getByText(words("problems-done.retry"))).toBeVisible();
  await until("SARE to have the contact", async () => (await world.sare.get("contacts/zbyt@example.com"))?.status === 8);
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(row).toHaveCount(0, { timeout: 1_000 });
  }).toPass();
  expect((await world.told()).counts.problems).toBe(0);
});
