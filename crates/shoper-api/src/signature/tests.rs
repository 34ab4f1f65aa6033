//! The reference's vectors, and what must never be believed.

use super::*;

const LICENCE: &str = "0123456789abcdef0123456789abcdef01234567";
const BODY: &[u8] = br#"{"subscriber_id":"7","email":"jan@example.com","active":"1","dateadd":"2026-11-23 12:00:00","lang_id":"1","groups":[]}"#;
const BY_DERIVED: &str = "c6cf46a1a622ad0449ed1f11bc994123b79b2360";
const BY_PLAIN: &str = "0fd6a54199f2cd7410a29efbd8bcd89366880a4b";
const BY_EMPTY: &str = "8bccedc79e8113808ba8869a7422e92686b980a3";
const IFRAME_HASH: &str = "4ad5cccfc887478a5b30a2ab8ac31a93b4989fe028c2ca711d85d035eca75d19274887e9a96dbef7540967794b7ffebc2af7ef300c5d684375a131807deacc0e";
const ADMIN_HASH: &str = "2abe774b496c03c026b4092f322f57dd373fefadbfe87e499a9fe6a9535afcb01e2227a236897fe075effda6ef3e50ce60906da8540745c33e430861cb94359a";

fn secret() -> SecretString {
    "appstore-secret-example".into()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn message(action: &str, extra: &[(&str, &str)], hash: &str) -> Vec<(String, String)> {
    let mut params = pairs(&[
        ("timestamp", "2026-11-23 12:00:00"),
        ("shop_url", "https://sklep000001.shoparena.pl"),
        ("hash", hash),
        ("shop", LICENCE),
        ("application_code", "abcdef0123456789abcdef0123456789"),
        ("action", action),
    ]);
    params.extend(pairs(extra));
    params
}

const INSTALL: &str = "d8e59bb367896736b84c1d033f871ee0f18d75eadccd77f3b302a57ead698d27de6d931964f0ec6193fb125a89fd342de7d92a50c02909c1d3274e86476db651";
const UNINSTALL: &str = "37cd13895050703d23de89407fb0b9c0559d7b7d8283b0b64d9dd16404c434892d3e2c13121bdb577ac0f9fd04fc1f3adb1a76ce71ce02b800369430382ade47";

#[test]
fn every_lifecycle_vector_verifies() {
    let install = [
        ("trial", "0"),
        ("application_version", "1"),
        ("auth_code", "AUTHCODE123"),
    ];
    let vectors = [
        ("install", &install[..], INSTALL),
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
        ("uninstall", &[], UNINSTALL),
    ];
    for (action, extra, hash) in vectors {
        assert_eq!(
            verify_lifecycle(&message(action, extra, hash), &secret()),
            Ok(()),
            "{action}"
        );
    }
}

#[test]
fn a_lifecycle_message_that_was_touched_does_not_verify() {
    let mut params = message("uninstall", &[], UNINSTALL);
    params[3].1.push('0');
    assert_eq!(
        verify_lifecycle(&params, &secret()),
        Err(SignatureError::Mismatch)
    );
    let with_more = message("uninstall", &[("unknown", "1")], UNINSTALL);
    assert_eq!(
        verify_lifecycle(&with_more, &secret()),
        Err(SignatureError::Mismatch)
    );
    let other = message("uninstall", &[], UNINSTALL);
    assert_eq!(
        verify_lifecycle(&other, &"another".into()),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn a_lifecycle_message_needs_one_hash_of_the_right_shape() {
    let mut without = message("uninstall", &[], UNINSTALL);
    without.retain(|(name, _)| name != "hash");
    assert_eq!(
        verify_lifecycle(&without, &secret()),
        Err(SignatureError::Missing)
    );
    for hash in ["", "zz", &UNINSTALL[2..]] {
        let params = message("uninstall", &[], hash);
        assert_eq!(
            verify_lifecycle(&params, &secret()),
            Err(SignatureError::Malformed),
            "{hash:?}"
        );
    }
    let twice = message("uninstall", &[("hash", UNINSTALL)], UNINSTALL);
    assert_eq!(
        verify_lifecycle(&twice, &secret()),
        Err(SignatureError::Malformed)
    );
}

#[test]
fn repeated_and_array_style_names_are_refused() {
    for extra in [
        ("shop", LICENCE),
        ("shop[0]", "x"),
        ("a[b]", "x"),
        ("", "x"),
        ("a=b", "x"),
        ("a&b", "x"),
    ] {
        let params = message("uninstall", &[extra], UNINSTALL);
        assert_eq!(
            verify_lifecycle(&params, &secret()),
            Err(SignatureError::Malformed),
            "{extra:?}"
        );
    }
}

#[test]
fn the_same_signed_text_cannot_be_cut_up_in_another_way() {
    // `shop` and `shop_url` merged into one value: the text to sign stays the same.
    let mut params = message("uninstall", &[], UNINSTALL);
    params.retain(|(name, _)| name != "shop" && name != "shop_url");
    params.push((
        "shop".to_owned(),
        format!("{LICENCE}&shop_url=https://sklep000001.shoparena.pl"),
    ));
    assert_eq!(
        verify_lifecycle(&params, &secret()),
        Err(SignatureError::Malformed)
    );
}

#[test]
fn an_empty_secret_verifies_nothing() {
    let mac = Hmac::<Sha512>::new_from_slice(b"")
        .unwrap()
        .chain_update(b"action=uninstall&shop=1")
        .finalize();
    let params = pairs(&[
        ("action", "uninstall"),
        ("shop", "1"),
        ("hash", &hex::encode(mac.into_bytes())),
    ]);
    assert_eq!(
        verify_lifecycle(&params, &"".into()),
        Err(SignatureError::Mismatch)
    );
}

fn iframe(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut params = pairs(&[
        ("place", "my-apps"),
        ("shop", LICENCE),
        ("timestamp", "2026-11-23 12:00:00"),
        ("hash", IFRAME_HASH),
        ("translations", "pl_PL"),
        ("application", "abcdef"),
        ("id", "[1,2]"),
    ]);
    params.extend(pairs(extra));
    params
}

#[test]
fn the_iframe_vectors_verify_with_and_without_an_administrator() {
    let entry = verify_iframe(&iframe(&[]), &secret()).unwrap();
    assert_eq!((entry.shop.as_str(), entry.place.as_str()), (LICENCE, "my-apps"));
    assert_eq!(
        (entry.timestamp.as_str(), entry.locale.as_deref()),
        ("2026-11-23 12:00:00", Some("pl_PL"))
    );
    assert_eq!(entry.admin, None);

    let admin = [
        ("admin-id", "1"),
        ("admin-name", "Jan Kowalski"),
        ("admin-hash", ADMIN_HASH),
    ];
    let entry = verify_iframe(&iframe(&admin), &secret()).unwrap();
    assert_eq!(
        entry.admin,
        Some(Admin {
            id: "1".to_owned(),
            name: "Jan Kowalski".to_owned()
        })
    );
    assert!(!format!("{entry:?}").contains("Kowalski"));
}

#[test]
fn an_administrator_nobody_vouches_for_is_not_named() {
    for admin in [
        [
            ("admin-id", "2"),
            ("admin-name", "Jan Kowalski"),
            ("admin-hash", ADMIN_HASH),
        ],
        [
            ("admin-id", "1"),
            ("admin-name", "Jan Kowalski"),
            ("admin-hash", IFRAME_HASH),
        ],
        [
            ("admin-id", "1"),
            ("admin-name", "Jan Kowalski"),
            ("admin-hash", "nonsense"),
        ],
        [("admin-id", "1"), ("admin-id", "1"), ("admin-hash", ADMIN_HASH)],
    ] {
        assert_eq!(verify_iframe(&iframe(&admin), &secret()).unwrap().admin, None);
    }
}

#[test]
fn an_iframe_query_that_was_touched_does_not_verify() {
    for at in 0..3 {
        let mut params = iframe(&[]);
        params[at].1.push('1');
        assert_eq!(verify_iframe(&params, &secret()), Err(SignatureError::Mismatch));
    }
    for at in 0..4 {
        let mut params = iframe(&[]);
        params.remove(at);
        assert_eq!(verify_iframe(&params, &secret()), Err(SignatureError::Missing));
    }
    for extra in [("shop", LICENCE), ("hash", IFRAME_HASH)] {
        assert_eq!(
            verify_iframe(&iframe(&[extra]), &secret()),
            Err(SignatureError::Malformed)
        );
    }
    let mut params = iframe(&[]);
    params[1].1.push_str("&timestamp=1");
    assert_eq!(verify_iframe(&params, &secret()), Err(SignatureError::Malformed));
}

fn derived() -> DerivedSecret {
    DerivedSecret::new(&secret(), &"webhook-secret-example".into(), LICENCE)
}

#[test]
fn the_derived_secret_is_that_of_the_reference() {
    let expected = "0b199054f732ba417c61f3b04a628d881a39fca973f760b3d908ca3c06884c6b97952aaa1b7a10a4f43956e283539e9eae0ec7d58039837f539866a6ec35f989";
    assert_eq!(derived().0.expose_secret(), expected);
    assert!(!format!("{:?}", derived()).contains("0b19"));
}

#[test]
fn a_webhook_verifies_by_the_plain_secret_then_by_the_derived_one() {
    let plain: SecretString = "webhook-secret-example".into();
    let by = |signature: &str| verify_webhook("5", BODY, signature, Some(&plain), Some(&derived()), None);
    assert_eq!(by(BY_PLAIN), Some(WebhookSecretKind::Plain));
    assert_eq!(by(BY_DERIVED), Some(WebhookSecretKind::Derived));
    assert_eq!(by(&BY_DERIVED.to_uppercase()), Some(WebhookSecretKind::Derived));
    assert_eq!(
        verify_webhook("5", BODY, BY_DERIVED, Some(&plain), None, None),
        None
    );
    assert_eq!(
        verify_webhook("5", BODY, BY_PLAIN, None, Some(&derived()), None),
        None
    );
    assert_eq!(verify_webhook("5", BODY, BY_PLAIN, None, None, None), None);
}

#[test]
fn a_webhook_of_another_id_or_body_does_not_verify() {
    let plain: SecretString = "webhook-secret-example".into();
    assert_eq!(
        verify_webhook("6", BODY, BY_PLAIN, Some(&plain), Some(&derived()), None),
        None
    );
    assert_eq!(
        verify_webhook("5", &BODY[1..], BY_PLAIN, Some(&plain), Some(&derived()), None),
        None
    );
    for signature in ["", "zz", &BY_PLAIN[2..]] {
        assert_eq!(
            verify_webhook("5", BODY, signature, Some(&plain), None, None),
            None,
            "{signature:?}"
        );
    }
}

#[test]
fn neither_the_empty_secret_nor_the_appstore_secret_signs_webhooks() {
    let plain: SecretString = "webhook-secret-example".into();
    let empty = SecretString::default();
    let underived = DerivedSecret::new(&secret(), &empty, LICENCE);
    assert_eq!(
        verify_webhook(
            "5",
            BODY,
            BY_EMPTY,
            Some(&empty),
            Some(&underived),
            Some(&underived)
        ),
        None
    );
    let unkeyed = DerivedSecret::new(&empty, &"webhook-secret-example".into(), LICENCE);
    assert_eq!(
        verify_webhook("5", BODY, BY_EMPTY, None, Some(&unkeyed), Some(&unkeyed)),
        None
    );

    let by_appstore_secret = Sha1::new()
        .chain_update(b"5:appstore-secret-example:")
        .chain_update(BODY)
        .finalize();
    let by_appstore_secret = hex::encode(by_appstore_secret);
    assert_eq!(
        verify_webhook(
            "5",
            BODY,
            &by_appstore_secret,
            Some(&plain),
            Some(&derived()),
            None
        ),
        None
    );
}

#[test]
fn a_webhook_verifies_by_its_own_secret_derived_for_the_shop() {
    let own: SecretString = "own-secret-of-the-hook".into();
    let from_own = DerivedSecret::new(&secret(), &own, LICENCE);
    let signed = |with: &SecretString| {
        let sha = Sha1::new()
            .chain_update(b"5:")
            .chain_update(with.expose_secret())
            .chain_update(b":")
            .chain_update(BODY)
            .finalize();
        hex::encode(sha)
    };
    let by_own = signed(&from_own.0);
    let verify = |own_derived| verify_webhook("5", BODY, &by_own, Some(&own), Some(&derived()), own_derived);
    assert_eq!(verify(Some(&from_own)), Some(WebhookSecretKind::OwnDerived));
    assert_eq!(verify(None), None);
    let of_another_shop = DerivedSecret::new(&secret(), &own, "another licence");
    assert_eq!(verify(Some(&of_another_shop)), None);
    // The other two are still known by what they are.
    for (with, kind) in [
        (&own, WebhookSecretKind::Plain),
        (&derived().0, WebhookSecretKind::Derived),
    ] {
        let found = verify_webhook(
            "5",
            BODY,
            &signed(with),
            Some(&own),
            Some(&derived()),
            Some(&from_own),
        );
        assert_eq!(found, Some(kind));
    }
}
