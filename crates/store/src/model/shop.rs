//! Shops, with what lets us in and what calls us.

use secrecy::SecretString;
use sync_core::{ShopId, words};

use super::Millis;

/// How we came to serve a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Installed from the AppStore; OAuth tokens.
    AppStore,
    /// Connected by the operator with an administrator's login.
    Direct,
}
words!(Origin { AppStore = "app-store", Direct = "direct" });

/// Where a shop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopState {
    /// Known, the authorisation code not yet exchanged (or the login not yet tried).
    Connecting,
    /// Tokens work.
    Connected,
    /// The shop refuses our tokens for good; a reinstallation or a new login is needed.
    AccessLost,
    /// Uninstalled; our webhooks and the shop's data are being removed.
    Uninstalling,
    /// Uninstalled and erased; only the licence and the times remain.
    Removed,
}
words!(ShopState {
    Connecting = "connecting",
    Connected = "connected",
    AccessLost = "access-lost",
    Uninstalling = "uninstalling",
    Removed = "removed",
});

/// One shop.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Our number for it.
    pub id: ShopId,
    /// The shop's licence hash; for a shop connected without the AppStore, `direct:` and its host until a webhook tells it.
    pub license: String,
    /// Host with port where it is not the default one.
    pub host: String,
    /// Base URL.
    pub url: String,
    /// AppStore or direct.
    pub origin: Origin,
    /// Where it stands.
    pub state: ShopState,
    /// The merchant or operator stopped all synchronisation.
    pub paused: bool,
    /// On trial.
    pub trial: bool,
    /// Paid until.
    pub subscription_until: Option<Millis>,
    /// Version of the app in the shop.
    pub app_version: Option<i64>,
    /// Scopes granted, comma separated.
    pub scopes: Option<String>,
    /// The merchant's configuration as TOML, without the SARE key.
    pub config: Option<String>,
    /// Rises with every change of the configuration.
    pub config_version: i64,
    /// When the latest `install` was sent by the shop, by its own timestamp text.
    pub installed_stamp: Option<String>,
    /// When we first knew it.
    pub created_at: Millis,
    /// Last change.
    pub updated_at: Millis,
    /// When a synchronisation or look at the shop last succeeded (for the alarm on silence).
    pub last_success_at: Option<Millis>,
    /// Base URL at Shoper, where it is not `url` itself (shoper-api.md A.2).
    pub technical_url: Option<String>,
    /// The first synchronisation does not begin before.
    pub first_run_after: Option<Millis>,
    /// Its own address as it tells it itself (`shop_url` of its settings).
    pub own_url: Option<String>,
    /// `shop_url` of its newest lifecycle message, which is signed.
    pub announced_url: Option<String>,
    /// Where it was asked before it moved to `url`; asked again when `url` fails.
    pub previous_url: Option<String>,
    /// When it moved.
    pub moved_at: Option<Millis>,
    /// When a person last opened a page of its panel, to the minute.
    pub watched_at: Option<Millis>,
}

/// How long an access token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccessLife {
    /// When it ends, as far as the shop said; it may be used until it is refused.
    pub expires_at: Option<Millis>,
    /// When it is to be renewed.
    pub renew_at: Option<Millis>,
}

impl AccessLife {
    /// One that ends at `at`, its renewal left to whoever uses it.
    pub fn until(at: Millis) -> Self {
        Self {
            expires_at: Some(at),
            renew_at: None,
        }
    }
}

/// The longest hold of a first synchronisation that has an end.
const LONGEST_HOLD_MS: Millis = 60 * 60_000;
/// A hold beyond this is one without an end.
const FOR_GOOD_MS: Millis = 365 * 86_400_000;

impl Shop {
    /// Until when the first synchronisation is held back at `now`; `None` where it is not. One that is longer than any, and
    /// not for good, was made by a clock that was put back since.
    pub fn held_until(&self, now: Millis) -> Option<Millis> {
        let until = self.first_run_after.filter(|until| *until > now)?;
        let left = until - now;
        (left <= LONGEST_HOLD_MS || left > FOR_GOOD_MS).then_some(until)
    }
}

/// The secrets kept for a shop, each under its name, encrypted at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretName {
    /// Shoper access token.
    AccessToken,
    /// Shoper refresh token.
    RefreshToken,
    /// The refresh token before the one in use, kept until the new pair has proved itself.
    PreviousRefreshToken,
    /// An authorisation code waiting to be exchanged.
    AuthCode,
    /// Administrator's login (direct connection).
    AdminLogin,
    /// Administrator's password (direct connection).
    AdminPassword,
    /// SARE API key.
    SareKey,
    /// The key of the account before, under its UID, until the ledger has taken leave of that account.
    SareKeyBefore,
    /// Token in the URL of the shop's webhooks.
    ShoperHookToken,
    /// Secret with which the shop signs its webhooks.
    ShoperHookSecret,
    /// Token in the URL of SARE's webhook.
    SareHookToken,
}
words!(SecretName {
    AccessToken = "access-token",
    RefreshToken = "refresh-token",
    PreviousRefreshToken = "previous-refresh-token",
    AuthCode = "auth-code",
    AdminLogin = "admin-login",
    AdminPassword = "admin-password",
    SareKey = "sare-key",
    SareKeyBefore = "sare-key-before",
    ShoperHookToken = "shoper-hook-token",
    ShoperHookSecret = "shoper-hook-secret",
    SareHookToken = "sare-hook-token",
});

/// Which of a shop's two inbound hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// `POST /shoper/webhooks/{token}`.
    Shoper,
    /// `POST /sare/webhooks/{token}`.
    Sare,
}
words!(HookKind { Shoper = "shoper", Sare = "sare" });

/// A shop found by the token in a hook's URL.
#[derive(Debug, Clone)]
pub struct Hook {
    pub shop: ShopId,
    /// Its licence.
    pub license: String,
    /// The webhook's id in the shop, once registered.
    pub remote_id: Option<i64>,
    /// Secret for signatures.
    pub secret: Option<SecretString>,
    /// Which secret's signature matched last: `plain`, `derived` or `own-derived` (shoper-api.md F.4, I).
    pub matched: Option<String>,
    /// Last accepted call.
    pub last_at: Option<Millis>,
    /// Whether the shop is served (not uninstalled).
    pub active: bool,
}
