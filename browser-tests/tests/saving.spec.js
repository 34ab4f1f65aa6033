// Saving a mapping: wrong rows are named and mended, and two people do not overwrite each other unawares; and what the
// page says where the shop has nobody to show.

import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";
import { say, saying } from "../harness/texts.js";

const words = (key) => say("pl", key);
const save = (page) => page.locator("main").getByRole("button", { name: words("common.save"), exact: true }).click();

async function openCustomers(page, world) {
  const base = await openAlone(page, world);
  await page.goto(`${base}customers`);
  await expect(page.locator("#editor")).toBeVisible();
  return base;
}

test.describe("rows that are wrong", () => {
  test.use({ begin: { configured: true, customers: 6, subscribers: 4 }, expected: /status of 422/ });

  test("are told at the row and above, keep what was typed, and are saved once mended", async ({ page, world }) => {
    await openCustomers(page, world);
    const rows = page.locator("#rows > li");
    const before = await rows.count();
    await page.getByRole("button", { name: words("mapping.add"), exact: true }).click();
    await expect(rows).toHaveCount(before + 1);
    const row = rows.last();
    await row.getByLabel(words("mapping.column-target")).selectOption("prop5");
    await save(page);

    // Above: which row, with the way to it. At the row: what is missing, said with the field.
    await expect(page.getByRole("alert")).toContainText(words("mapping.not-saved"));
    const source = page.locator("#rows > li").last().getByLabel(words("mapping.column-source"));
    await expect(source).toHaveAttribute("aria-invalid", "true");
    await expect(source).toHaveAccessibleDescription(new RegExp(words("mapping.error-no-source").slice(0, 20)));
    await expect(page.locator("#rows > li").last().getByLabel(words("mapping.column-target"))).toHaveValue("prop5");

    await source.selectOption("address.company");
    await save(page);
    await expect(page.getByText(new RegExp(`^${words("mapping.saved")}`)).first()).toBeVisible();
    expect(await world.operator(world.shop, "/config")).toContain('prop5 = "address.company"');
  });
});

test.describe("two people at once", () => {
  test.use({ begin: { configured: true, customers: 6, subscribers: 4 }, expected: /status of 409/ });

  test("who saves second is told what the first changed, and decides", async ({ page, world, context }) => {
    await openCustomers(page, world);
    const other = await context.newPage();
    await openCustomers(other, world);
    const group = (tab) => tab.getByLabel(words("mapping.group"), { exact: true });

    // Chosen before, they are folded into a line.
    for (const tab of [page, other]) {
      await expect(group(tab)).toBeHidden();
      await expect(tab.locator("#settled")).toContainText("21");
      await tab.locator("#settings > summary").click();
    }
    await group(page).selectOption("22");
    await save(page);
    await expect(page.getByText(new RegExp(`^${words("mapping.saved")}`)).first()).toBeVisible();

    await group(other).selectOption("1");
    await save(other);
    await expect(other.getByRole("heading", { name: words("mapping.conflict") })).toBeVisible();
    expect(await world.operator(world.shop, "/config"), "nothing was overwritten").toMatch(/\[customers\][^[]*group = 22/);
    await expect(group(other), "what was chosen is still there").toHaveValue("1");
    await other.getByRole("button", { name: words("mapping.save-mine") }).click();
    await expect(other.getByText(new RegExp(`^${words("mapping.saved")}`)).first()).toBeVisible();
    expect(await world.operator(world.shop, "/config")).toMatch(/\[customers\][^[]*group = 1/);
  });
});

test.describe("a shop without anybody yet", () => {
  test.use({ begin: { configured: true, customers: 0, subscribers: 0 } });

  test("is told so, and its mapping is tried on people made up for it", async ({ page, world }) => {
    const base = await openCustomers(page, world);
    await expect(page.locator("#people")).toContainText(words("mapping.people-none-customers"));
    await page.goto(`${base}subscribers`);
    await expect(page.getByText(words("mapping.numbers-no-subscribers"))).toBeVisible();
    await page.goto(base);
    await expect(page.getByText(words("standing.empty"))).toBeVisible();
  });
});

test.describe("a shop that does not let the app read its subscribers", () => {
  test.use({ begin: { configured: true, customers: 6, subscribers: 4 } });

  test("is told so where it matters", async ({ page, world }) => {
    await world.shop.post("settings", { refused: ["subscribers"] });
    const base = await openAlone(page, world);
    await page.goto(`${base}subscribers`);
    await expect(page.locator("#people")).toContainText(saying("pl", "mapping.people-not-allowed"));
  });
});
