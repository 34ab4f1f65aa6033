// Connecting to SARE: what is wrong is said beside the field, and nothing typed is lost but the key.

import { test, expect } from "../harness/test.js";
import { openAlone } from "../harness/panel.js";
import { Path } from "../harness/steps.js";
import { say, saying } from "../harness/texts.js";

test.use({ begin: { customers: 3, subscribers: 2 }, expected: /status of 4/ });

test("a wrong UID and a wrong key are told apart, each at its field", async ({ page, world }) => {
  const { uid, api_key } = world.sare.facts;
  const base = await openAlone(page, world);
  await page.goto(`${base}connect`);
  const path = new Path(page, world);
  const field = (key) => page.getByLabel(say("pl", key));

  await path.connect({ uid: "12 a", api_key });
  await expect(field("connect.uid")).toHaveAccessibleDescription(new RegExp(say("pl", "connect.bad-uid").slice(0, 20)));
  await expect(field("connect.uid")).toBeFocused();
  await expect(field("connect.key"), "a key is never shown again").toHaveValue("");

  await path.connect({ uid, api_key: "not-a-key" });
  await expect(field("connect.key")).toHaveAttribute("aria-invalid", "true");
  await expect(field("connect.uid")).toHaveValue(uid);
  await expect(field("connect.key")).toHaveValue("");

  await path.connect();
  await path.title("mapping.customers");
});

test("a key is changed later, and all else stays", async ({ page, world }) => {
  await world.configure();
  const before = await world.operator(world.shop, "/config");
  const base = await openAlone(page, world);
  await page.goto(`${base}connect`);
  await world.sare.post("settings", { api_key: "11111111-2222-3333-4444-555555555555" });
  const path = new Path(page, world);
  await path.connect({ uid: world.sare.facts.uid, api_key: "11111111-2222-3333-4444-555555555555" });
  await expect(page.getByText(saying("pl", "connect.done-key"))).toBeVisible();
  expect(await world.operator(world.shop, "/config")).toBe(before);
});

test("while SARE does not answer it is said what that means, and it works when it is back", async ({ page, world }) => {
  const base = await openAlone(page, world);
  await page.goto(`${base}connect`);
  const path = new Path(page, world);
  await world.sare.fail({ status: 503 });
  await path.connect();
  await expect(page.getByRole("alert")).toContainText(say("pl", "connect.sare-away"));
  await world.sare.heal();
  await path.connect();
  await path.title("mapping.customers");
});
