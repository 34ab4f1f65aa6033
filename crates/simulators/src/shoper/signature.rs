//! Signatures as Shoper makes them, written from the reference alone so that the client is checked
//! against a second, independent reading (shoper-api.md A.3, C.2, F.4).

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha512;

/// Hash of a lifecycle message or of an iframe's address: HMAC-SHA512 over `key=value` pairs sorted
/// by key and joined with `&`, values not URL-encoded (A.3). A pair named `hash` is left out.
pub fn message_hash(secret: &str, params: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = params.iter().filter(|(key, _)| key != "hash").collect();
    pairs.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let joined: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    hmac_sha512(secret, joined.join("&").as_bytes())
}

/// The secret that the shop with this licence signs an app-wide webhook with (F.4).
pub fn derived_webhook_secret(appstore_secret: &str, license: &str, webhook_secret: &str) -> String {
    hmac_sha512(appstore_secret, format!("{license}:{webhook_secret}").as_bytes())
}

/// `X-Webhook-SHA1` of a delivery: SHA-1 over `id:secret:body` (F.4).
pub fn webhook_sha1(webhook_id: i64, secret: &str, body: &[u8]) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(format!("{webhook_id}:{secret}:"));
    sha1.update(body);
    hex::encode(sha1.finalize())
}

fn hmac_sha512(key: &str, message: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(message);
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "appstore-secret-example";
    const LICENSE: &str = "0123456789abcdef0123456789abcdef01234567";
    const BODY: &str = r#"{"subscriber_id":"7","email":"jan@example.com","active":"1","dateadd":"2026-11-23 12:00:00","lang_id":"1","groups":[]}"#;

    fn message(action: &str, extra: &[(&str, &str)]) -> Vec<(String, String)> {
        [
            ("timestamp", "2026-11-23 12:00:00"),
            ("shop_url", "https://sklep000001.shoparena.pl"),
            ("shop", LICENSE),
            ("application_code", "abcdef0123456789abcdef0123456789"),
            ("action", action),
            ("hash", "not part of what is hashed"),
        ]
        .iter()
        .chain(extra)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
    }

    #[test]
    fn lifecycle_messages_hash_as_in_the_reference() {
        let install = [
            ("application_version", "1"),
            ("auth_code", "AUTHCODE123"),
            ("trial", "0"),
        ];
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: [Case<'_>; 5] = [
            (
                "install",
                &install,
                "d8e59bb367896736b84c1d033f871ee0f18d75eadccd77f3b302a57ead698d27de6d931964f0ec6193fb125a89fd342de7d92a50c02909c1d3274e86476db651",
            ),
            (
                "upgrade",
                &[("application_version", "2")],
                "458922a29d242b9ba47e6bd186060b70fc83a0e8026d4428009beb6c78f46649dff62cb5c11c197c618ef03ada924be4cc406aaf4618e2046025f98f64d39481",
            ),
            (
                "billing_install",
                &[],
                "d57bf498dbfa7db546699e37b0e7c164305f4fbb389395d79f7fca3826a9424dfece1cb52ec3b2fa618f53c3a206204fb2d6a10b001f46e1867a267ebc3caf06",
            ),
            (
                "billing_subscription",
                &[("subscription_end_time", "2026-12-23 12:00:00")],
                "be34485fc10368e7b2b8d925d717d45943402140a4e76989596ec34c7881184fc85d043268a7003188d36b36267a2c399d9cf20141fbdf002c5adbccd2c19c81",
            ),
            (
                "uninstall",
                &[],
                "37cd13895050703d23de89407fb0b9c0559d7b7d8283b0b64d9dd16404c434892d3e2c13121bdb577ac0f9fd04fc1f3adb1a76ce71ce02b800369430382ade47",
            ),
        ];
        for (action, extra, hash) in cases {
            assert_eq!(message_hash(SECRET, &message(action, extra)), hash, "{action}");
        }
    }

    #[test]
    fn iframe_addresses_hash_as_in_the_reference() {
        let params = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let place = params(&[
            ("timestamp", "2026-11-23 12:00:00"),
            ("shop", LICENSE),
            ("place", "my-apps"),
        ]);
        assert_eq!(
            message_hash(SECRET, &place),
            "4ad5cccfc887478a5b30a2ab8ac31a93b4989fe028c2ca711d85d035eca75d19274887e9a96dbef7540967794b7ffebc2af7ef300c5d684375a131807deacc0e"
        );
        let mut admin = place;
        admin.extend(params(&[("admin-name", "Jan Kowalski"), ("admin-id", "1")]));
        assert_eq!(
            message_hash(SECRET, &admin),
            "2abe774b496c03c026b4092f322f57dd373fefadbfe87e499a9fe6a9535afcb01e2227a236897fe075effda6ef3e50ce60906da8540745c33e430861cb94359a"
        );
    }

    #[test]
    fn webhooks_are_signed_as_in_the_reference() {
        let derived = derived_webhook_secret(SECRET, LICENSE, "webhook-secret-example");
        assert_eq!(
            derived,
            "0b199054f732ba417c61f3b04a628d881a39fca973f760b3d908ca3c06884c6b97952aaa1b7a10a4f43956e283539e9eae0ec7d58039837f539866a6ec35f989"
        );
        assert_eq!(
            webhook_sha1(5, &derived, BODY.as_bytes()),
            "c6cf46a1a622ad0449ed1f11bc994123b79b2360"
        );
        assert_eq!(
            webhook_sha1(5, "webhook-secret-example", BODY.as_bytes()),
            "0fd6a54199f2cd7410a29efbd8bcd89366880a4b"
        );
        assert_eq!(
            webhook_sha1(5, "", BODY.as_bytes()),
            "8bccedc79e8113808ba8869a7422e92686b980a3"
        );
    }
}
