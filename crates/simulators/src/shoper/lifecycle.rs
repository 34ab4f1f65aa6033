//! The AppStore's side: signed lifecycle messages and the address of the configuration panel
//! (shoper-api.md A, C).

use ports::Millis;
use rand::seq::SliceRandom;

use super::settings::TimestampFormat;
use super::signature::message_hash;
use super::state::State;
use super::{Shop, access, warsaw};

/// A message or an iframe's query: decoded names and values.
pub type Params = Vec<(String, String)>;

/// The administrator who opens the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// `admin-id`
    pub id: i64,
    /// `admin-name`
    pub name: String,
}

/// How long the app's tokens outlive the uninstall message where they do at all, in milliseconds.
const GRACE: Millis = 60_000;

/// The parameters as a form body or a query string.
pub fn form(params: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

impl Shop {
    /// Installs the app: the message carries a fresh authorization code.
    pub fn install_message(&self) -> Params {
        let mut state = self.lock();
        state.installed = true;
        let code = access::new_code(&mut state);
        let mut extra = vec![("application_version", "1".to_owned()), ("auth_code", code)];
        extra.extend(
            state
                .settings
                .trial
                .map(|trial| ("trial", i64::from(trial).to_string())),
        );
        message(&state, "install", &extra)
    }

    /// Moves the shop to another version of the app.
    pub fn upgrade_message(&self, version: u32) -> Params {
        let mut state = self.lock();
        let mut extra = vec![("application_version", version.to_string())];
        if state.settings.upgrade_carries_code {
            extra.push(("auth_code", access::new_code(&mut state)));
        }
        message(&state, "upgrade", &extra)
    }

    /// Pays the installation fee.
    pub fn billing_install_message(&self) -> Params {
        message(&self.lock(), "billing_install", &[])
    }

    /// Pays the subscription until `end`.
    pub fn billing_subscription_message(&self, end: Millis) -> Params {
        let state = self.lock();
        let end = warsaw::format(end, state.settings.lifecycle_timestamp);
        message(&state, "billing_subscription", &[("subscription_end_time", end)])
    }

    /// Removes the app, with its tokens and webhooks as the settings say.
    pub fn uninstall_message(&self) -> Params {
        let mut state = self.lock();
        state.installed = false;
        if state.settings.token_works_at_uninstall {
            let until = state.now() + GRACE;
            state.access.end_app_by(until);
        } else {
            state.access.revoke_app();
        }
        if state.settings.webhooks_deleted_at_uninstall {
            let ours: Vec<i64> = state
                .webhooks
                .iter()
                .filter(|hook| hook.by_app)
                .map(|hook| hook.id)
                .collect();
            for hook in ours {
                state.webhooks.remove(hook);
                state.outbox.drop_of(hook);
            }
        }
        message(&state, "uninstall", &[])
    }

    /// The messages as they arrive: repeated and out of order where the settings say so.
    pub fn as_sent(&self, messages: Vec<Params>) -> Vec<Params> {
        let mut state = self.lock();
        let how = state.settings.lifecycle;
        let mut sent: Vec<Params> = messages
            .into_iter()
            .flat_map(|message| std::iter::repeat_n(message, 1 + how.repeats as usize))
            .collect();
        if how.out_of_order {
            sent.shuffle(&mut state.rng);
        }
        sent
    }

    /// The query of the panel's address when it is opened from `place`.
    pub fn iframe_query(&self, place: &str, admin: Option<Admin>) -> Params {
        let state = self.lock();
        let settings = &state.settings;
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let mut signed = vec![
            pair("place", place.to_owned()),
            pair("shop", settings.license.clone()),
            pair("timestamp", stamp(&state, settings.iframe_timestamp)),
        ];
        let hash = message_hash(&settings.appstore_secret, &signed);
        let mut admin_hash = None;
        if let Some(admin) = admin {
            signed.push(pair("admin-id", admin.id.to_string()));
            signed.push(pair("admin-name", admin.name));
            admin_hash = Some(message_hash(&settings.appstore_secret, &signed));
        }
        let mut query = signed;
        query.push(pair("hash", hash));
        query.extend(admin_hash.map(|hash| pair("admin-hash", hash)));
        query.push(pair("translations", "pl_PL".to_owned()));
        query.push(pair("application", settings.app_id.clone()));
        query
    }

    /// As [`form`].
    pub fn form(&self, params: &[(String, String)]) -> String {
        form(params)
    }
}

fn message(state: &State, action: &str, extra: &[(&str, String)]) -> Params {
    let settings = &state.settings;
    let mut params: Params = [
        ("action", action.to_owned()),
        ("application_code", settings.app_id.clone()),
        ("shop", settings.license.clone()),
        ("shop_url", settings.base_url.clone()),
        ("timestamp", stamp(state, settings.lifecycle_timestamp)),
    ]
    .into_iter()
    .chain(extra.iter().cloned())
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let hash = message_hash(&settings.appstore_secret, &params);
    params.push(("hash".to_owned(), hash));
    params
}

fn stamp(state: &State, shape: TimestampFormat) -> String {
    warsaw::format(state.now(), shape)
}
