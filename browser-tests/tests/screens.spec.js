// Every screen in both languages: for everybody (WCAG 2.2 AA), on narrow and magnified screens, light and quick.
// Pictures of them all are left in artefacts/screens.

import { test, expect } from "../harness/test.js";
import { braked } from "../harness/brake.js";
import { barriers, inspect } from "../harness/inspect.js";
import { ANNA } from "../harness/lively.js";
import { frameOf, openAlone, openInAdmin, SCREENS, session } from "../harness/panel.js";
import { until } from "../harness/processes.js";
import { Path } from "../harness/steps.js";
import { say } from "../harness/texts.js";

/** Opens a screen in the frame and waits until what it fetches by itself is there. */
async function go(page, address) {
  const frame = await frameOf(page);
  await frame.goto(`${session(frame.url())}${address}`);
  const app = page.frameLocator("#app");
  await expect(app.locator("main h1")).toBeVisible();
  await expect(app.locator("[data-then]")).toHaveCount(0);
  await expect(app.locator("[data-live] [data-busy]")).toHaveCount(0);
  return app;
}

for (const language of ["pl", "en"]) {
  const words = (key) => say(language, key);

  test(`the screens of a shop at work have no barrier and do not scroll sideways (${language})`, async ({ page, lively }) => {
    test.setTimeout(240_000);
    await openInAdmin(page, lively, { lang: language });
    const found = [];
    for (const [name, address] of SCREENS) {
      await go(page, address);
      found.push(...(await inspect(page, `${name}-${language}`)));
    }
    expect(found).toEqual([]);
  });

  test(`the screens behind the menu's have no barrier and do not scroll sideways (${language})`, async ({ page, lively }) => {
    test.setTimeout(240_000);
    await openInAdmin(page, lively, { lang: language });
    const found = [];
    const lists = ["synchronised", "suppressed", "failed", "waiting"].map((list) => `contacts?list=${list}`);
    const behind = ["advanced/history", "advanced/history/2", "advanced/disconnect", "advanced/erase", "problems?kind=sare-refused"];
    for (const address of [...behind, ...lists]) {
      await go(page, address);
      found.push(...(await inspect(page, `${address.replace(/[^a-z0-9]+/g, "-")}-${language}`)));
    }
    await go(page, "advanced/file");
    const advanced = page.frameLocator("#app");
    await advanced.getByLabel(words("advanced.import-text")).fill("[customers]\ngroup = \"?\"\n");
    await advanced.getByRole("button", { name: words("advanced.import-check"), exact: true }).click();
    await expect(advanced.getByText(words("advanced.import-wrong"))).toBeVisible();
    found.push(...(await inspect(page, `advanced-wrong-${language}`)));
    const app = await go(page, "contacts");
    await app.getByLabel(words("contacts.email")).fill("nikt@example.com");
    await app.getByRole("button", { name: words("contacts.find"), exact: true }).click();
    await expect(app.getByText(words("contacts.check-typo"))).toBeVisible();
    found.push(...(await inspect(page, `contact-unknown-${language}`)));
    await app.getByLabel(words("contacts.email")).fill(ANNA);
    await app.getByRole("button", { name: words("contacts.find"), exact: true }).click();
    await expect(app.getByRole("columnheader", { name: words("contacts.in-sare") })).toBeVisible();
    found.push(...(await inspect(page, `contact-${language}`)));
    const frame = await frameOf(page);
    const contact = frame.url();
    await app.getByRole("link", { name: words("contacts.erase"), exact: true }).click();
    await expect(app.getByRole("heading", { level: 1, name: words("contacts.erase-title") })).toBeVisible();
    found.push(...(await inspect(page, `contact-erase-${language}`)));
    await frame.goto(contact);
    await app.getByRole("link", { name: words("contacts.proof"), exact: true }).click();
    await expect(app.getByRole("heading", { level: 1, name: words("contacts.proof-title") })).toBeVisible();
    await expect(app.getByRole("heading", { name: words("contacts.not-known-title") })).toBeVisible();
    found.push(...(await inspect(page, `contact-proof-${language}`)));
    // Printed, it is the proof alone, dark on white.
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await expect(app.locator("main")).toBeVisible();
    await expect(app.locator(".page > nav, footer, #told, .unprinted").filter({ visible: true })).toHaveCount(0);
    expect(await frame.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
    await page.screenshot({ path: `artefacts/screens/contact-proof-printed-${language}.png`, fullPage: true });
    await page.emulateMedia({ media: null, colorScheme: null });
    expect(found).toEqual([]);
  });

  test.describe("the first time", () => {
    test.use({ begin: { customers: 14, subscribers: 10 }, expected: /status of 422/ });

    test(`the screens of the first path have no barrier and do not scroll sideways (${language})`, async ({ page, world }) => {
      test.setTimeout(240_000);
      const app = await openInAdmin(page, world, { lang: language });
      const path = new Path(app, world, language);
      const found = [];
      const look = async (name) => found.push(...(await inspect(page, `first-${name}-${language}`)));
      await path.title("start.title");
      await look("start");
      await path.start();
      await path.title("connect.title");
      await look("connect");
      await path.connect({ uid: "12", api_key: "x" });
      await expect(app.getByLabel(words("connect.uid"))).toHaveAttribute("aria-invalid", "true");
      await look("connect-wrong");
      await path.connect();
      await path.title("mapping.customers");
      await expect(app.locator("[data-live] [data-busy]")).toHaveCount(0);
      await look("customers");
      await app.getByLabel(words("mapping.enabled-customers")).check();
      await app.getByLabel(words("mapping.group"), { exact: true }).selectOption("");
      await path.press("common.save");
      await expect(app.getByText(words("mapping.not-saved"))).toBeVisible();
      await look("customers-wrong");
      await path.customers();
      await path.skipSubscribers();
      await path.look();
      await look("launch");
      await path.press("launch.try-do", "link");
      await path.title("launch.trial-title");
      await expect(app.getByRole("button", { name: words("launch.trial-send"), exact: true })).toBeVisible();
      await look("trial");
      await path.sendTen();
      await look("trial-arrived");
      expect(found).toEqual([]);
    });
  });
}

/** The screens that are tables in the main. */
const TABLES = ["contacts", "contacts?list=failed", "unsubscribes", "problems", "advanced/history"];

for (const language of ["pl", "en"]) {
  test(`rows of tables are one line high, and cards on a telephone (${language})`, async ({ page, lively }) => {
    test.setTimeout(240_000);
    await openInAdmin(page, lively, { lang: language });
    const found = [];
    for (const address of TABLES) {
      for (const width of [1280, 768, 360, 320]) {
        await page.setViewportSize({ width, height: 800 });
        await go(page, address);
        const frame = await frameOf(page);
        const rows = await frame.evaluate(() => {
          const line = parseFloat(getComputedStyle(document.body).lineHeight);
          return [...document.querySelectorAll("main table tbody tr")].map((row) => {
            const wide = [...row.querySelectorAll(".time, .chip, .address")].filter((one) => one.getClientRects().length > 1);
            return { text: row.innerText.replace(/\s+/g, " "), lines: row.getBoundingClientRect().height / line, broken: wide.map((one) => one.textContent) };
          });
        });
        // One line where there are columns; a row with a button is somewhat higher than its text.
        const most = width >= 1280 ? 2.9 : 12;
        for (const { text, lines, broken } of rows) {
          if (lines > most) found.push(`${address} at ${width}: a row of ${lines.toFixed(1)} lines: ${text}`);
          if (broken.length > 0) found.push(`${address} at ${width}: in two lines: ${broken}`);
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(found).toEqual([]);
  });
}

test.describe("in the dark", () => {
  test.use({ colorScheme: "dark" });

  test("the screens of a shop at work have no barrier", async ({ page, lively }) => {
    test.setTimeout(240_000);
    await openInAdmin(page, lively);
    const found = [];
    for (const [name, address] of SCREENS) {
      await go(page, address);
      const frame = await frameOf(page);
      found.push(...(await barriers(frame)).map((line) => `${name}: ${line}`));
      if (name === SCREENS[0][0]) await page.screenshot({ path: "artefacts/screens/dark.png", fullPage: true });
    }
    expect(found).toEqual([]);
  });
});

for (const language of ["pl", "en"]) {
  test.describe("what is seldom seen", () => {
    test.use({ begin: { configured: true, customers: 16, subscribers: 12 }, expected: /status of (401|409)|stylesheet .* violates/ });

    test(`the screens of trouble have no barrier and do not scroll sideways (${language})`, async ({ page, world }) => {
      test.setTimeout(240_000);
      await braked(world);
      const app = await openInAdmin(page, world, { lang: language });
      const found = [];
      const look = async (name) => found.push(...(await inspect(page, `${name}-${language}`)));
      await expect(app.getByText(say(language, "standing.braked"), { exact: true })).toBeVisible();
      await look("overview-braked");
      await go(page, "problems");
      await expect(app.locator("#brake")).toBeVisible();
      await look("problems-braked");
      // Two people at once: the second to save is asked.
      await go(page, "customers");
      await expect(app.locator("#editor")).toBeVisible();
      await world.reconfigure((text) => text.replace("group = 21", "group = 22"));
      await app.locator("#settings > summary").click();
      await app.getByLabel(say(language, "mapping.group"), { exact: true }).selectOption("1");
      await app.locator("main").getByRole("button", { name: say(language, "common.save"), exact: true }).click();
      await expect(app.getByRole("heading", { name: say(language, "mapping.conflict") })).toBeVisible();
      await look("customers-conflict");
      await world.message(world.shop, "billing_subscription", { end: Date.now() - 86_400_000 });
      await world.sare.post("settings", { api_key: "11111111-2222-3333-4444-555555555555" });
      await world.shop.post("webhook_faults", { drop: 0 });
      await world.shop.post("customers", { email: "czeka@example.com", newsletter: true });
      await until("SARE to refuse the key", async () => (await world.told()).counts.problems > 0);
      await go(page, "");
      await expect(app.getByRole("heading", { name: say(language, "standing.key"), exact: true })).toBeVisible();
      await look("overview-trouble");
      // A session that is over.
      const frame = await frameOf(page);
      await frame.goto(`${world.app}/panel/s/${"0".repeat(64)}/`);
      await expect(app.getByRole("heading", { level: 1 })).toBeVisible();
      await look("closed");
      expect(found).toEqual([]);
    });
  });
}

test("each page answers at once", async ({ page, synced }) => {
  const base = await openAlone(page, synced);
  const slow = [];
  for (const [name, address] of SCREENS) {
    // The quickest of five: what is measured is the page, not what else the machine does.
    let best = Infinity;
    for (let i = 0; i < 5; i += 1) {
      const took = await page.evaluate(async (url) => {
        const begun = performance.now();
        await (await fetch(url)).text();
        return performance.now() - begun;
      }, `${base}${address}`);
      best = Math.min(best, took);
    }
    // The program is not optimised here.
    if (best > 250) slow.push(`${name}: ${Math.round(best)} ms`);
  }
  expect(slow).toEqual([]);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("every screen opens, and the menu leads from each to each", async ({ page, synced }) => {
    await page.goto(await synced.panel());
    const menu = page.getByRole("navigation").getByRole("link");
    const names = await menu.allTextContents();
    expect(names.length).toBeGreaterThanOrEqual(8);
    for (const name of names) {
      await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
      await expect(page.getByRole("link", { name, exact: true }).first()).toHaveAttribute("aria-current", "page");
      await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    }
    await page.getByRole("button", { name: "English" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    // What was chosen is kept for the next visit, and this world has more of them.
    await page.goto(await synced.panel());
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await page.getByRole("button", { name: "Polski" }).click();
    await expect(page.locator("html")).toHaveAttribute("lang", "pl");
  });
});
