// The pictures for the documentation, each in both languages: NAME.png in Polish, NAME-en.png in English.

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test, expect } from "../harness/test.js";
import { ANNA } from "../harness/lively.js";
import { openAlone } from "../harness/panel.js";
import { shrink } from "../harness/png.js";
import { Path } from "../harness/steps.js";
import { say } from "../harness/texts.js";

const DIRECTORY = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
/** What is below is cut off: a picture is to show what a page is like, not all of it. */
const TALLEST = 1400;

async function picture(page, name, language) {
  await expect(page.locator("[data-live] [data-busy]")).toHaveCount(0);
  const height = await page.evaluate(() => Math.ceil(document.documentElement.getBoundingClientRect().height));
  await page.setViewportSize({ width: 1000, height: Math.min(height, TALLEST) });
  await page.evaluate(() => {
    document.activeElement?.blur();
    window.scrollTo(0, 0);
  });
  const png = await page.screenshot();
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(`${DIRECTORY}${name}${language === "pl" ? "" : "-en"}.png`, shrink(png));
  await page.setViewportSize({ width: 1000, height: 700 });
}

for (const language of ["pl", "en"]) {
  test.describe(language, () => {
    test.use({ begin: { customers: 60, subscribers: 40 } });

    test("the first time", async ({ page, world }) => {
      await openAlone(page, world, language);
      const path = new Path(page, world, language);
      await path.title("start.title");
      await picture(page, "start", language);
      await path.start();
      await path.title("connect.title");
      await picture(page, "connect", language);
      await path.connect();
      await path.title("mapping.customers");
      await expect(page.locator("#people")).toContainText("@");
      await picture(page, "customers", language);
      await path.customers();
      await path.skipSubscribers();
      await path.look();
      await picture(page, "launch", language);
    });

    test("at work", async ({ page, lively }) => {
      const base = await openAlone(page, lively, language);
      for (const name of ["overview", "unsubscribes", "problems", "advanced"]) {
        await page.goto(`${base}${name === "overview" ? "" : name}`);
        await picture(page, name, language);
      }
      await page.goto(`${base}contacts`);
      await page.getByLabel(say(language, "contacts.email")).fill(ANNA);
      await page.getByRole("button", { name: say(language, "contacts.find"), exact: true }).click();
      await expect(page.getByRole("columnheader", { name: say(language, "contacts.in-sare") })).toBeVisible();
      await picture(page, "contact", language);
    });
  });
}
