// The panel's parts on one page: for everybody, and photographed light and dark, wide and narrow.

import { test, expect } from "../harness/test.js";
import { barriers } from "../harness/inspect.js";
import { openAlone } from "../harness/panel.js";

for (const colorScheme of ["light", "dark"]) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const width of [1280, 360]) {
      test(`every part in every state has no barrier, ${colorScheme}, at ${width}`, async ({ page, synced }) => {
        await page.setViewportSize({ width, height: 900 });
        const base = await openAlone(page, synced);
        await page.goto(`${base}_parts`);
        await expect(page.locator("section.danger")).toBeVisible();
        expect(await barriers(page.mainFrame())).toEqual([]);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(over, "pixels that scroll sideways").toBeLessThanOrEqual(0);
        await page.screenshot({ path: `artefacts/screens/parts-${colorScheme}-${width}.png`, fullPage: true });
      });
    }
  });
}
