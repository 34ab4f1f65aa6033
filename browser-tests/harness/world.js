// A world of its own for a test: a simulated shop and SARE account, and the real server with a new ledger.
//
// The administration's page is on http://localhost, the app on http://127.0.0.1: to a browser they are different sites,
// as the shop and the app are in reality.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Program, until } from "./processes.js";
import { Front } from "./tls.js";

const OPERATOR = "operator-token-of-the-browser-tests";

export const GROUPS = { customers: 21, subscribers: 22 };

/** A configuration of both kinds, for tests that begin after the first path. */
function configuration(sare) {
  return `[sare]
uid = "${sare.uid}"
api_key = "${sare.api_key}"

[customers]
enabled = true
group = ${GROUPS.customers}
[customers.mapping]
name = "{firstname|title} {lastname|title}"
gsm = "address.phone"
prop1 = "address.city"

[subscribers]
enabled = true
group = ${GROUPS.subscribers}
[subscribers.mapping]
prop2 = "language"
`;
}

async function ask(url, options = {}) {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${options.method ?? "GET"} ${new URL(url).pathname}: ${answer.status} ${text}`);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const json = (method, body) => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body ?? {}),
});

/** A simulated service, moved by its routes under `/_sim/` (crates/simulators/src/server.rs). */
class Simulated {
  constructor(url, facts) {
    this.url = url;
    this.facts = facts;
  }

  get(route) {
    return ask(`${this.url}/_sim/${route}`);
  }

  post(route, body) {
    return ask(`${this.url}/_sim/${route}`, json("POST", body));
  }

  delete(route) {
    return ask(`${this.url}/_sim/${route}`, json("DELETE"));
  }

  /** Everything asked of the service is answered so, until `heal`. */
  fail(fault, where = {}) {
    return this.post("faults", { fault, probability: 1, ...where });
  }

  heal() {
    return this.delete("faults");
  }
}

export class World {
  #programs = [];
  #server;
  #front;
  #env;
  #directory;

  /**
   * `customers`, `subscribers`: how many the shop has; `installed`: whether the AppStore has sent its message;
   * `configured`: whether it has a configuration, and the first synchronisation is done; `https`: browsers reach the app
   * over TLS; `keepsCookies`: `false` where they refuse every cookie of the app's, partitioned or not.
   */
  static async start(options = {}) {
    const world = new World();
    try {
      await world.#start({ customers: 24, subscribers: 16, installed: true, configured: false, seed: 7, ...options });
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #start(options) {
    this.#directory = await mkdtemp(join(tmpdir(), "shoper-sare-browser-"));
    const [shopPort, appPort] = await Promise.all([freePort(), freePort()]);
    this.app = `http://127.0.0.1:${appPort}`;
    if (options.https) this.#front = await Front.before(appPort, options.keepsCookies ?? true);
    /** Where browsers reach the app. */
    this.seen = this.#front?.url ?? this.app;
    this.shop = await this.#shop("shop", shopPort, options, ["both"]);
    this.#env = {
      DATABASE_URL: `sqlite:${join(this.#directory, "ledger.db")}`,
      LISTEN: `127.0.0.1:${appPort}`,
      PUBLIC_URL: this.seen,
      ALLOW_HTTP: "1",
      ENCRYPTION_KEYS: randomBytes(32).toString("hex"),
      SHOPER_APP_ID: this.shop.facts.app_id,
      SHOPER_APP_SECRET: this.shop.facts.app_secret,
      SHOPER_APPSTORE_SECRET: this.shop.facts.appstore_secret,
      SARE_API_URL: this.sare.facts.api_url,
      SARE_REGISTER_URL: "https://sare.example/register",
      SARE_RATE: "500",
      SARE_BURST: "500",
      OPERATOR_TOKEN: OPERATOR,
    };
    await this.startServer();
    if (options.installed) await this.install(this.shop);
    if (options.configured) await this.configure(this.shop);
  }

  /** Starts a shop, and beside the first one the SARE account. */
  async #shop(name, port, options, [which]) {
    const file = join(this.#directory, `${name}.json`);
    const url = `http://localhost:${port}`;
    const license = randomBytes(20).toString("hex");
    await writeFile(file, JSON.stringify({ base_url: url, license, shop_name: "Sklep Testowy", ...options.shop }));
    const args = ["--customers", options.customers, "--subscribers", options.subscribers, "--seed", options.seed];
    const ports = ["--shoper-listen", `127.0.0.1:${port}`];
    if (which === "both") ports.push("--sare-listen", "127.0.0.1:0");
    const program = new Program(
      ["simulate", which, "--json", "--no-limits", "--shoper-settings", file, ...ports, ...args.map(String)],
    );
    this.#programs.push(program);
    const told = await program.json("the simulators");
    if (told.sare) this.sare = new Simulated(told.sare.address, told.sare);
    return new Simulated(url, told.shoper);
  }

  /** Another shop of the same server. */
  async anotherShop(options = {}) {
    const all = { customers: 5, subscribers: 5, seed: 8, ...options };
    return this.#shop("another", await freePort(), all, ["shoper"]);
  }

  async startServer() {
    this.#server = new Program(["serve"], this.#env);
    this.#programs.push(this.#server);
    await this.#server.ready("the server", async () => {
      const answer = await fetch(`${this.app}/readyz`).catch(() => null);
      return answer?.ok;
    });
  }

  /** The server goes away, as in an update. */
  stopServer() {
    return this.#server.stop();
  }

  async stop() {
    await Promise.all(this.#programs.map((program) => program.stop()));
    await this.#front?.stop();
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  /** The AppStore's signed message, sent on to the server. */
  async message(shop, kind, body) {
    const { form } = await shop.post(`messages/${kind}`, body);
    return ask(`${this.app}/shoper/lifecycle`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: form,
    });
  }

  async install(shop) {
    await this.message(shop, "install");
    await until("the shop to be connected", async () => {
      const { state } = await this.told(shop);
      return state === "connected";
    });
  }

  /** One call of the operator's API about a shop. */
  operator(shop, route, options = {}) {
    const headers = { authorization: `Bearer ${OPERATOR}`, ...options.headers };
    return ask(`${this.app}/api/v1/shops/${shop.facts.license}${route}`, { ...options, headers });
  }

  /** What the operator's API says of the shop. */
  told(shop = this.shop) {
    return this.operator(shop, "");
  }

  /** Puts a configuration in and waits for the end of the first synchronisation. */
  async configure(shop = this.shop) {
    await this.configureWithoutWaiting(shop);
    await this.quiet(shop);
  }

  configureWithoutWaiting(shop = this.shop) {
    return this.#putConfiguration(shop, configuration(this.sare.facts));
  }

  /** Puts the configuration in again, changed. */
  async reconfigure(change, shop = this.shop) {
    return this.#putConfiguration(shop, change(await this.operator(shop, "/config")));
  }

  #putConfiguration(shop, body) {
    return this.operator(shop, "/config", { method: "PUT", headers: { "content-type": "application/toml" }, body });
  }

  /** Tells SARE where to report refusals, as its people do by hand. */
  async watchSare(shop = this.shop) {
    const { sare_webhook_url } = await this.told(shop);
    await this.sare.post("settings", { webhook: { urls: [sare_webhook_url] } });
  }

  /** Somebody else installs the app for the shop, which ends the tokens that the server has (shoper-api.md B.1). */
  async loseAccess(shop = this.shop) {
    const { form } = await shop.post("messages/install");
    const { app_id, app_secret } = shop.facts;
    await ask(`${shop.url}/webapi/rest/oauth/token?grant_type=authorization_code`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${app_id}:${app_secret}`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ code: new URLSearchParams(form).get("auth_code") }),
    });
  }

  /** Waits until so many runs there were are over and nothing waits. */
  quiet(shop = this.shop, runs = 1) {
    return until("the synchronisation to be done", async () => {
      const list = await this.operator(shop, "/runs");
      const { counts } = await this.told(shop);
      const over = list.every((run) => ["done", "refused", "failed", "cancelled"].includes(run.state));
      return list.length >= runs && over && counts.waiting <= counts.problems;
    });
  }

  /** The administration's page with the app in it. */
  admin(query = {}, shop = this.shop) {
    return `${shop.url}/_sim/admin?${new URLSearchParams({ app: this.seen, ...query })}`;
  }

  /** The panel's own signed address. */
  async panel(shop = this.shop) {
    const { form } = await shop.post("messages/iframe");
    return `${this.seen}/panel?${form}`;
  }
}
