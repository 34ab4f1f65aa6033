// The steps of the first path, as a person takes them. `app` is the app's frame or the page itself.

import { expect } from "@playwright/test";
import { GROUPS } from "./world.js";
import { say, counting } from "./texts.js";

export class Path {
  /** `world` gives the account's words; `count` is called for everything a person does: "click" or "type". */
  constructor(app, world, language = "pl", count = () => {}) {
    this.app = app;
    this.world = world;
    this.language = language;
    this.count = count;
  }

  say(key) {
    return say(this.language, key);
  }

  /** Waits for a page. One that is shown while another is fetched has the same title: it is not the page yet. */
  async title(key) {
    await expect(this.app.getByRole("heading", { level: 1, name: this.say(key), exact: true })).toBeVisible();
    await expect(this.app.locator("[data-then]")).toHaveCount(0);
  }

  async press(key, role = "button") {
    this.count("click");
    await this.app.locator("main").getByRole(role, { name: this.say(key), exact: true }).first().click();
  }

  async fill(key, value) {
    this.count("type");
    await this.app.getByLabel(this.say(key)).fill(value);
  }

  async start() {
    await this.title("start.title");
    await this.press("start.configure", "link");
  }

  async connect({ uid, api_key } = this.world.sare.facts) {
    await this.title("connect.title");
    await this.fill("connect.uid", uid);
    await this.fill("connect.key", api_key);
    await this.press("connect.check");
  }

  /** Turns customers on, chooses their group; the mapping is the suggested one. */
  async customers() {
    await this.title("mapping.customers");
    const enabled = this.app.getByLabel(this.say("mapping.enabled-customers"));
    if (!(await enabled.isChecked())) {
      this.count("click");
      await enabled.check();
    }
    this.count("click");
    await this.app.getByLabel(this.say("mapping.group"), { exact: true }).selectOption(`${GROUPS.customers}`);
    await this.press("common.save");
  }

  /** After the customers come the subscribers, who may wait. */
  async skipSubscribers() {
    await this.title("mapping.subscribers");
    await this.press("mapping.skip-subscribers", "link");
  }

  /** Looks at what would happen. */
  async look() {
    await this.title("launch.title");
    await this.press("launch.look-do");
    await expect(this.app.getByRole("button", { name: this.say("launch.look-again") })).toBeVisible({ timeout: 60_000 });
  }

  /** Tries it on ten, to the proof that SARE has what was sent. */
  async ten() {
    await this.press("launch.try-do", "link");
    await this.title("launch.trial-title");
    await this.sendTen();
  }

  /** Has the ten that are shown sent, and waits for the proof. */
  async sendTen() {
    await this.press("launch.trial-send");
    await this.title("launch.arrived-title");
    await expect(this.app.getByText(counting(this.language, "launch.all-equal"))).toBeVisible({ timeout: 60_000 });
  }

  /** The word to begin. */
  async begin() {
    await this.press("launch.begin");
    await this.title("overview.title");
  }
}
