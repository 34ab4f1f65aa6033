// The panel as a person sees it: inside the administration's page, or alone.

import { expect } from "@playwright/test";

/** Opens the administration's page and waits until the app is shown in it; gives the app's frame. */
export async function openInAdmin(page, world, query = {}, shop = world.shop) {
  await page.goto(world.admin(query, shop));
  const app = page.frameLocator("#app");
  await expect(app.locator("main")).toBeVisible();
  return app;
}

/** Opens the panel alone, in the language asked for, and gives the address that its pages begin with. */
export async function openAlone(page, world, language = "pl", shop = world.shop) {
  const address = new URL(await world.panel(shop));
  address.searchParams.set("translations", language === "pl" ? "pl_PL" : "en_US");
  await page.goto(address.href);
  await expect(page.locator("html")).toHaveAttribute("lang", language);
  return session(page.url());
}

/** What the addresses of a session's pages begin with. */
export function session(url) {
  const found = /^(.*\/panel\/s\/[0-9a-f]{64}\/)/.exec(url);
  if (!found) throw new Error("this is no page of a session");
  return found[1];
}

/** The app's frame as an object, for what a locator cannot do. */
export async function frameOf(page) {
  await expect.poll(() => page.frames().some((frame) => frame.url().includes("/panel/s/"))).toBe(true);
  return page.frames().find((frame) => frame.url().includes("/panel/s/"));
}

/** Every screen of the panel that a shop at work has: its name and address. */
export const SCREENS = [
  ["overview", ""],
  ["customers", "customers"],
  ["subscribers", "subscribers"],
  ["contacts", "contacts"],
  ["unsubscribes", "unsubscribes"],
  ["problems", "problems"],
  ["advanced", "advanced"],
  ["advanced-rules", "advanced/rules"],
  ["advanced-file", "advanced/file"],
  ["advanced-connection", "advanced/connection"],
  ["advanced-danger", "advanced/danger"],
  ["help", "help"],
  ["launch", "launch"],
  ["connect", "connect"],
];
