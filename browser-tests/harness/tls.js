// TLS in front of the server, as in reality, with a certificate made for the test and thrown away after it.

import { createServer } from "node:https";
import { request } from "node:http";
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** One element of DER: its tag, and its content as buffers. */
function der(tag, ...content) {
  const body = Buffer.concat(content);
  const size = [];
  for (let left = body.length; left > 0; left >>= 8) size.unshift(left & 0xff);
  const length = body.length < 128 ? [body.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content) => der(0x30, ...content);
const identifier = (hex) => der(0x06, Buffer.from(hex, "hex"));
const moment = (date) => der(0x17, Buffer.from(date.toISOString().replace(/^20|[-:T]|\.\d+/g, "")));

/** ecdsa-with-SHA256 (RFC 5758). */
const ALGORITHM = sequence(identifier("2a8648ce3d040302"));

/** A certificate for `address`, an IPv4 address, signed by its own key, good for a day (RFC 5280). */
function certificate(address) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const commonName = sequence(identifier("550403"), der(0x0c, Buffer.from("browser-tests")));
  const name = sequence(der(0x31, commonName));
  const day = 86_400_000;
  const validity = sequence(moment(new Date(Date.now() - day)), moment(new Date(Date.now() + day)));
  const names = sequence(der(0x87, Buffer.from(address.split(".").map(Number))));
  const extensions = der(0xa3, sequence(sequence(identifier("551d11"), der(0x04, names))));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const content = sequence(version, serial, ALGORITHM, name, validity, name, publicKey, extensions);
  const signature = sign("sha256", content, createPrivateKey(privateKey));
  const whole = sequence(content, ALGORITHM, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g).join("\n");
  return { key: privateKey, cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` };
}

export class Front {
  #server;

  /** Everything asked of it is asked of the server at `port`; `keepsCookies`: see `World.start`. */
  static async before(port, keepsCookies) {
    const front = new Front();
    front.#server = createServer(certificate("127.0.0.1"), (asked, answer) => {
      const { method, url: path, headers } = asked;
      const onward = request({ host: "127.0.0.1", port, method, path, headers }, (from) => {
        const given = { ...from.headers };
        if (!keepsCookies) delete given["set-cookie"];
        answer.writeHead(from.statusCode, given);
        from.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      asked.pipe(onward);
    });
    await new Promise((done) => front.#server.listen(0, "127.0.0.1", done));
    front.url = `https://127.0.0.1:${front.#server.address().port}`;
    return front;
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }
}
