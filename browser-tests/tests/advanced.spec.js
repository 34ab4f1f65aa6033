// What is needed seldom: forcing, the configuration as a file, the way back, leaving.

import { readFile } from "node:fs/promises";
import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";
import { say, saying } from "../harness/texts.js";

const words = (key) => say("pl", key);
const button = (page, key) => page.locator("main").getByRole("button", { name: words(key), exact: true });
const link = (page, key) => page.locator("main").getByRole("link", { name: words(key), exact: true });

test.use({ begin: { configured: true, customers: 6, subscribers: 4 }, expected: /status of 4/ });

async function openAdvanced(page, world, part = "") {
  const base = await openAlone(page, world);
  await page.goto(`${base}advanced${part}`);
  await expect(page.getByRole("heading", { level: 1, name: words("advanced.title") })).toBeVisible();
  return base;
}

test("a full synchronisation is forced behind a tick, and its end is told", async ({ page, world }) => {
  await openAdvanced(page, world);
  const statuses = await world.sare.get("status_log");
  await button(page, "advanced.force-start").click();
  expect(await world.operator(world.shop, "/runs"), "not without the tick").toHaveLength(1);
  await page.getByLabel(words("advanced.force-sure")).check();
  await button(page, "advanced.force-start").click();
  await expect(page.getByText(saying("pl", "advanced.force-counts"))).toBeVisible({ timeout: 60_000 });
  expect(await world.sare.get("status_log"), "nobody's status has changed").toEqual(statuses);
});

test("the configuration is taken out, changed, checked, put in, and the way back is there", async ({ page, world }) => {
  const base = await openAdvanced(page, world, "/file");
  const waiting = page.waitForEvent("download");
  await link(page, "advanced.export").click();
  const text = await readFile(await (await waiting).path(), "utf8");
  expect(text).toContain("group = 21");
  expect(text).not.toContain(world.sare.facts.api_key);

  const field = page.getByLabel(words("advanced.import-text"));
  await field.fill(text.replace("group = 21", 'group = "?"'));
  await button(page, "advanced.import-now").click();
  await expect(page.getByText(words("advanced.import-wrong"))).toBeVisible();
  await expect(field).toHaveValue(/group = "\?"/);

  await field.fill(text.replace("group = 21", "group = 22"));
  await button(page, "advanced.import-check").click();
  await expect(page.getByText(words("advanced.import-fine"))).toBeVisible();
  expect(await world.operator(world.shop, "/config")).toContain("group = 21");
  await button(page, "advanced.import-now").click();
  await expect(page.getByText(words("advanced.done-imported"))).toBeVisible();
  expect(await world.operator(world.shop, "/config")).toContain("group = 22");

  await page.goto(`${base}advanced/history`);
  await page.getByRole("link", { name: say("pl", "advanced.version-of").replace("{n}", "1"), exact: true }).click();
  await page.getByRole("button", { name: say("pl", "advanced.restore").replace("{n}", "1"), exact: true }).click();
  await expect(page.getByText(words("advanced.done-restored"))).toBeVisible();
  expect(await world.operator(world.shop, "/config")).toContain("group = 21");
});

test("the shop is disconnected from SARE, and connected again without losing anything", async ({ page, world }) => {
  const base = await openAdvanced(page, world, "/danger");
  const before = await world.operator(world.shop, "/config");
  await link(page, "advanced.disconnect").click();
  await page.getByLabel(words("advanced.disconnect-sure")).check();
  await button(page, "advanced.disconnect-now").click();
  await expect(page.getByText(words("advanced.done-disconnected"))).toBeVisible();
  // What was just done is told once; what is true now comes first on the first page, with the one way back.
  await page.reload();
  await expect(page.getByText(words("advanced.done-disconnected"))).toHaveCount(0);
  await page.goto(base);
  await expect(page.getByRole("heading", { level: 2 }).first()).toHaveText(words("standing.not-connected"));
  await expect(page.getByText(words("standing.current"))).toHaveCount(0);
  await expect(page.getByText(words("sare-side.answers"), { exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: words("standing.not-connected-do"), exact: true }).click();
  await page.getByLabel(words("connect.uid")).fill(world.sare.facts.uid);
  await page.getByLabel(words("connect.key")).fill(world.sare.facts.api_key);
  await button(page, "connect.check").click();
  await expect(page.getByText(saying("pl", "connect.done-key"))).toBeVisible();
  expect(await world.operator(world.shop, "/config")).toBe(before);
});

test("all data of a shop are erased only by its name", async ({ page, world }) => {
  await openAdvanced(page, world, "/danger");
  await link(page, "advanced.erase").click();
  const name = page.getByLabel(words("advanced.erase-type"));
  await name.fill("inny-sklep.pl");
  await button(page, "advanced.erase-now").click();
  await expect(page.getByText(words("advanced.erase-wrong"))).toBeVisible();
  expect((await world.told()).state).toBe("connected");
  const address = page.url();
  await name.fill(new URL(world.shop.url).host);
  await button(page, "advanced.erase-now").click();
  await expect(page.getByText(words("closed.erased"))).toBeVisible();
  expect((await page.request.get(address)).status(), "the session is over").toBeGreaterThanOrEqual(401);
  expect(await world.sare.get("contacts"), "SARE keeps what it has").not.toEqual([]);
});
