// The panel's parts on one page: for everybody, and photographed light, dark and in forced colours, wide and narrow. The
// pictures are there to be looked at; fonts differ from machine to machine, so nothing compares them.

import { test, expect } from "../harness/test.js";
import { barriers } from "../harness/inspect.js";
import { openAlone } from "../harness/panel.js";

const LOOKS = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "light", forcedColors: "active" },
};

test("every part in every state has no barrier, in every look, wide and narrow", async ({ page, synced }, info) => {
  const base = await openAlone(page, synced);
  await page.goto(`${base}_parts`);
  await expect(page.locator("section.danger").first()).toBeVisible();
  for (const [look, media] of Object.entries(LOOKS)) {
    await page.emulateMedia(media);
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await barriers(page.mainFrame()), `${look}, ${width}`).toEqual([]);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(over, `${look}, ${width}: pixels that scroll sideways`).toBeLessThanOrEqual(0);
      const path = `artefacts/screens/parts-${look}-${width}.png`;
      await page.screenshot({ path, fullPage: true });
      await info.attach(`parts-${look}-${width}`, { path, contentType: "image/png" });
    }
  }
});
