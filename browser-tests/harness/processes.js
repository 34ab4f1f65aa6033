// Starts and ends the real program: the server, and the simulators of Shoper and SARE as servers of their own.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.SHOPER_SARE ?? fileURLToPath(new URL("../../target/debug/shoper-sare", import.meta.url));
/** How long anything of ours may take to begin, in ms. A busy machine of two cores is slow. */
const PATIENCE = 60_000;

/** A port nobody listens on now. */
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Asks again and again until `ask` gives something, or fails with `what` when it takes too long. */
export async function until(what, ask, patience = PATIENCE) {
  const begun = Date.now();
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() - begun > patience) throw new Error(`waited ${patience / 1000} s in vain for ${what}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** One running program. */
export class Program {
  #child;
  #output = "";
  #over;
  #isStopped = false;

  constructor(args, env = {}) {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not built; set SHOPER_SARE to the program's path`);
    // Nothing of the machine's own settings gets in.
    this.#child = spawn(PROGRAM, args, { env: { PATH: process.env.PATH, LOG: "warn", ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => (this.#output += text));
    }
    this.#over = new Promise((done) => this.#child.on("exit", done));
  }

  /** What it has printed. */
  get output() {
    return this.#output;
  }

  /** Waits for `ask`, and fails at once when the program ends before. */
  async ready(what, ask) {
    return until(what, async () => {
      if (this.#child.exitCode !== null) throw new Error(`${what}: the program ended.\n${this.#output}`);
      return ask();
    });
  }

  /** The JSON it prints at its start. */
  json(what) {
    return this.ready(what, () => {
      try {
        return JSON.parse(this.#output);
      } catch {
        return null;
      }
    });
  }

  /** Ends it; one that has ended by itself is told with what it printed. */
  async stop(signal = "SIGTERM") {
    const { exitCode, signalCode } = this.#child;
    if (!this.#isStopped && (exitCode !== null || signalCode !== null)) {
      throw new Error(`the program ended by itself (${exitCode ?? signalCode}).\n${this.#output}`);
    }
    this.#isStopped = true;
    if (exitCode === null) this.#child.kill(signal);
    const gone = await Promise.race([this.#over.then(() => true), new Promise((done) => setTimeout(done, 10_000))]);
    if (gone !== true) {
      this.#child.kill("SIGKILL");
      await this.#over;
    }
  }
}
