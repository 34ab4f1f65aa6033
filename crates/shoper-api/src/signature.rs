//! Signatures of the AppStore: lifecycle messages, the panel's iframe, webhooks
//! (shoper-api.md A.3, C.2, F.4).
//!
//! The first thing that happens to whatever comes from outside. All comparisons take the same time
//! whatever is compared, and an empty secret verifies nothing.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use sha2::Sha512;
use subtle::ConstantTimeEq;

/// Why something signed is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature, or nothing that it could be a signature of.
    #[error("a parameter that a signature needs is missing")]
    Missing,
    /// A shape no genuine message has: a repeated name, a name like `a[b]`, a value that could be read as
    /// several parameters, a signature that is no hexadecimal number of the right length.
    #[error("the parameters or the signature have no genuine shape")]
    Malformed,
    /// The signature is of something else, or made with another secret.
    #[error("the signature does not match")]
    Mismatch,
}

/// Names that mean something in a lifecycle message (shoper-api.md A.2).
const LIFECYCLE_NAMES: [&str; 10] = [
    "action",
    "application_code",
    "application_version",
    "auth_code",
    "hash",
    "shop",
    "shop_url",
    "subscription_end_time",
    "timestamp",
    "trial",
];

/// Verifies a lifecycle message: decoded names and values as they arrived (shoper-api.md A.3). Every
/// parameter but `hash` is signed, unknown ones included.
///
/// # Errors
/// [`SignatureError::Missing`] without `hash`; the other two as they say.
pub fn verify_lifecycle(params: &[(String, String)], secret: &SecretString) -> Result<(), SignatureError> {
    let mut signed: Vec<(&str, &str)> = Vec::with_capacity(params.len());
    let mut hash = None;
    for (name, value) in params {
        if name.is_empty() || name.contains(['[', ']', '=', '&']) || holds_parameters(value) {
            return Err(SignatureError::Malformed);
        }
        if name == "hash" {
            if hash.replace(value.as_str()).is_some() {
                return Err(SignatureError::Malformed);
            }
        } else {
            signed.push((name, value));
        }
    }
    let hash = hash.ok_or(SignatureError::Missing)?;
    signed.sort_unstable();
    if signed.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(SignatureError::Malformed);
    }
    verify_joined(&signed, hash, secret)
}

/// Whether a value could be taken for several parameters, as values are signed without encoding: the
/// same text can then be cut up in another way.
fn holds_parameters(value: &str) -> bool {
    value.split('&').skip(1).any(|rest| {
        rest.split_once('=')
            .is_some_and(|(name, _)| LIFECYCLE_NAMES.contains(&name))
    })
}

/// An administrator of the shop, as the panel names them.
#[derive(Clone, PartialEq, Eq)]
pub struct Admin {
    /// `admin-id`
    pub id: String,
    /// `admin-name`
    pub name: String,
}

/// The id alone: the name is a person's.
impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the panel says when it opens our page (shoper-api.md C.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IframeEntry {
    /// `shop`: the licence hash.
    pub shop: String,
    /// `place`: the entry point in the panel; opaque.
    pub place: String,
    /// `timestamp`, as it came; see [`crate::time::moment`].
    pub timestamp: String,
    /// `translations`, such as `pl_PL`. Not signed.
    pub locale: Option<String>,
    /// Who opened it; only where `admin-hash` vouches for it.
    pub admin: Option<Admin>,
}

/// Verifies the query of the panel's iframe: decoded names and values as they arrived (shoper-api.md
/// C.2). Only `place`, `shop` and `timestamp` are signed. A wrong `admin-hash` is no error: the shop is
/// known all the same, and nobody is named (shoper-api.md H.9).
///
/// # Errors
/// [`SignatureError`].
pub fn verify_iframe(
    params: &[(String, String)],
    secret: &SecretString,
) -> Result<IframeEntry, SignatureError> {
    let hash = required(params, "hash")?;
    let place = required(params, "place")?;
    let shop = required(params, "shop")?;
    let timestamp = required(params, "timestamp")?;
    // Values are joined without encoding: one with `&` could be cut up in another way.
    if [place, shop, timestamp].iter().any(|value| value.contains('&')) {
        return Err(SignatureError::Malformed);
    }
    let signed = [("place", place), ("shop", shop), ("timestamp", timestamp)];
    verify_joined(&signed, hash, secret)?;
    let locale = params
        .iter()
        .find(|(name, value)| name == "translations" && !value.is_empty());
    Ok(IframeEntry {
        shop: shop.to_owned(),
        place: place.to_owned(),
        timestamp: timestamp.to_owned(),
        locale: locale.map(|(_, value)| value.clone()),
        admin: admin(params, signed, secret),
    })
}

fn admin(params: &[(String, String)], signed: [(&str, &str); 3], secret: &SecretString) -> Option<Admin> {
    let hash = required(params, "admin-hash").ok()?;
    let id = required(params, "admin-id").ok().filter(|id| !id.contains('&'))?;
    let name = required(params, "admin-name").ok()?;
    let [place, shop, timestamp] = signed;
    let signed = [("admin-id", id), ("admin-name", name), place, shop, timestamp];
    verify_joined(&signed, hash, secret).ok()?;
    Some(Admin {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn required<'a>(params: &'a [(String, String)], wanted: &str) -> Result<&'a str, SignatureError> {
    let mut values = params
        .iter()
        .filter(|(name, _)| name == wanted)
        .map(|(_, value)| value.as_str());
    let value = values.next().ok_or(SignatureError::Missing)?;
    if values.next().is_some() {
        Err(SignatureError::Malformed)
    } else {
        Ok(value)
    }
}

/// Compares `hash` with the HMAC-SHA512 of `a=1&b=2`; the parameters come sorted by name.
fn verify_joined(signed: &[(&str, &str)], hash: &str, secret: &SecretString) -> Result<(), SignatureError> {
    let mut claimed = [0; 64];
    hex::decode_to_slice(hash, &mut claimed).map_err(|_| SignatureError::Malformed)?;
    let mut mac = hmac(secret).ok_or(SignatureError::Mismatch)?;
    for (at, (name, value)) in signed.iter().enumerate() {
        if at > 0 {
            mac.update(b"&");
        }
        mac.update(name.as_bytes());
        mac.update(b"=");
        mac.update(value.as_bytes());
    }
    let genuine: [u8; 64] = mac.finalize().into_bytes().into();
    if bool::from(genuine.ct_eq(&claimed)) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// An HMAC under the secret; none under an empty one, which anybody could make.
fn hmac(secret: &SecretString) -> Option<Hmac<Sha512>> {
    let key = secret.expose_secret().as_bytes();
    (!key.is_empty()).then(|| Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
}

/// A secret that a shop derives for itself from the AppStore secret: of a webhook declared in the app's definition from
/// the definition's webhook secret (shoper-api.md F.4), perhaps of a webhook registered by the app from the webhook's
/// own (shoper-api.md I).
#[derive(Clone)]
pub struct DerivedSecret(SecretString);

impl std::fmt::Debug for DerivedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DerivedSecret([hidden])")
    }
}

impl DerivedSecret {
    /// The secret of the shop with that licence hash. From an empty secret comes one that matches nothing.
    pub fn new(appstore_secret: &SecretString, webhook_secret: &SecretString, licence: &str) -> Self {
        let webhook_secret = webhook_secret.expose_secret();
        let Some(mut mac) = hmac(appstore_secret).filter(|_| !webhook_secret.is_empty()) else {
            return Self(SecretString::default());
        };
        mac.update(licence.as_bytes());
        mac.update(b":");
        mac.update(webhook_secret.as_bytes());
        Self(hex::encode(mac.finalize().into_bytes()).into())
    }
}

/// Which secret a webhook was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookSecretKind {
    /// The webhook's own.
    Plain,
    /// The one of the app's definition, derived for the shop.
    Derived,
    /// The webhook's own, derived for the shop as that of the app's definition is.
    OwnDerived,
}

impl WebhookSecretKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Derived, Self::OwnDerived];

    /// The name that is kept and shown: `plain`, `derived`, `own-derived`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Derived => "derived",
            Self::OwnDerived => "own-derived",
        }
    }
}

/// Verifies a webhook: `X-Webhook-Id`, the raw body, `X-Webhook-SHA1` (shoper-api.md F.4). Which secret signs a webhook
/// that an app registered is not published, so three are tried and nothing else (shoper-api.md H.1, I): its own, the one
/// derived for the shop from the app's definition, and the one derived in the same way from its own. `None`: do not
/// believe it.
pub fn verify_webhook(
    id: &str,
    body: &[u8],
    signature: &str,
    plain: Option<&SecretString>,
    derived: Option<&DerivedSecret>,
    own_derived: Option<&DerivedSecret>,
) -> Option<WebhookSecretKind> {
    let mut claimed = [0; 20];
    hex::decode_to_slice(signature.trim(), &mut claimed).ok()?;
    let matches = |secret: &SecretString| {
        let secret = secret.expose_secret().as_bytes();
        let mut sha = Sha1::new();
        for part in [id.as_bytes(), b":", secret, b":", body] {
            sha.update(part);
        }
        let genuine: [u8; 20] = sha.finalize().into();
        !secret.is_empty() && bool::from(genuine.ct_eq(&claimed))
    };
    [
        (WebhookSecretKind::Plain, plain),
        (WebhookSecretKind::Derived, derived.map(|secret| &secret.0)),
        (WebhookSecretKind::OwnDerived, own_derived.map(|secret| &secret.0)),
    ]
    .into_iter()
    .find_map(|(kind, secret)| secret.is_some_and(matches).then_some(kind))
}

#[cfg(test)]
mod tests;
