//! Lifecycle messages of the AppStore (shoper-api.md A.2): what a verified message says.
//!
//! Verify first: [`crate::signature::verify_lifecycle`].

use secrecy::SecretString;

use crate::time::moment;

/// A message, whatever its action.
#[derive(Debug, Clone)]
pub struct Message {
    /// What happened.
    pub action: Action,
    /// `shop`: the licence hash, the shop's stable identity.
    pub shop: String,
    /// `shop_url`: a base URL, which may redirect to the shop's own domain. Empty when it was not sent.
    pub shop_url: String,
    /// `application_code`: our app id. Empty when it was not sent.
    pub application_code: String,
    /// `auth_code`. Required with `install`; taken from any message, as it is unknown whether `upgrade`
    /// carries one.
    pub auth_code: Option<SecretString>,
    /// `application_version`
    pub application_version: Option<i64>,
    /// `trial`; optional everywhere.
    pub trial: Option<bool>,
    /// `timestamp`, as it came.
    pub timestamp: String,
    /// The same in milliseconds since 1970, where it can be read.
    pub at: Option<i64>,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The app was installed: exchange the code for tokens at once.
    Install,
    /// An installation fee was paid.
    BillingInstall,
    /// The subscription is paid.
    BillingSubscription {
        /// `subscription_end_time`, as it came.
        until: Option<String>,
        /// The same in milliseconds since 1970, where it can be read.
        until_at: Option<i64>,
    },
    /// The shop moved to another version of the app.
    Upgrade,
    /// The app was removed.
    Uninstall,
    /// An action we do not know: store it and answer 200 (shoper-api.md H.6).
    Other(String),
}

impl Action {
    /// The action's name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Install => "install",
            Self::BillingInstall => "billing_install",
            Self::BillingSubscription { .. } => "billing_subscription",
            Self::Upgrade => "upgrade",
            Self::Uninstall => "uninstall",
            Self::Other(name) => name,
        }
    }
}

/// A message that says neither what happened nor where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lifecycle message has no `{0}`")]
pub struct Incomplete(pub &'static str);

impl Message {
    /// Reads a message out of decoded names and values. Nothing but `action` and `shop` is insisted on: a
    /// message with a valid signature is worth storing whatever else it lacks.
    ///
    /// # Errors
    /// [`Incomplete`] without `action` or `shop`.
    pub fn parse(params: &[(String, String)]) -> Result<Self, Incomplete> {
        let get = |wanted: &str| {
            let found = params.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.trim().is_empty())
        };
        let action = match get("action").ok_or(Incomplete("action"))? {
            "install" => Action::Install,
            "billing_install" => Action::BillingInstall,
            "billing_subscription" => {
                let until = get("subscription_end_time");
                Action::BillingSubscription {
                    until: until.map(str::to_owned),
                    until_at: until.and_then(moment),
                }
            }
            "upgrade" => Action::Upgrade,
            "uninstall" => Action::Uninstall,
            other => Action::Other(other.to_owned()),
        };
        let text = |name: &str| get(name).unwrap_or_default().to_owned();
        Ok(Self {
            action,
            shop: get("shop").ok_or(Incomplete("shop"))?.to_owned(),
            shop_url: text("shop_url"),
            application_code: text("application_code"),
            auth_code: get("auth_code").map(SecretString::from),
            application_version: get("application_version").and_then(|version| version.trim().parse().ok()),
            trial: get("trial").and_then(|trial| match trial.trim() {
                "0" | "false" => Some(false),
                "1" | "true" => Some(true),
                _ => None,
            }),
            timestamp: text("timestamp"),
            at: get("timestamp").and_then(moment),
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Message, Incomplete> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Message::parse(&pairs)
    }

    #[test]
    fn an_install_brings_everything_the_shop_needs() {
        let message = parse(&[
            ("action", "install"),
            ("application_code", "abcdef"),
            ("application_version", "3"),
            ("auth_code", "AUTHCODE123"),
            ("shop", "0123"),
            ("shop_url", "https://sklep000001.shoparena.pl"),
            ("timestamp", "2026-11-23 12:00:00"),
            ("trial", "1"),
            ("hash", "00"),
        ])
        .unwrap();
        assert_eq!(message.action, Action::Install);
        assert_eq!(
            message.auth_code.as_ref().map(ExposeSecret::expose_secret),
            Some("AUTHCODE123")
        );
        assert_eq!(
            (message.application_version, message.trial),
            (Some(3), Some(true))
        );
        assert_eq!(
            (message.timestamp.as_str(), message.at),
            ("2026-11-23 12:00:00", Some(1_795_431_600_000))
        );
        assert!(!format!("{message:?}").contains("AUTHCODE123"));
    }

    #[test]
    fn every_action_is_known_by_its_name_and_an_unknown_one_is_kept() {
        for name in [
            "install",
            "billing_install",
            "billing_subscription",
            "upgrade",
            "uninstall",
            "trial_end",
        ] {
            assert_eq!(
                parse(&[("action", name), ("shop", "0123")])
                    .unwrap()
                    .action
                    .name(),
                name
            );
        }
    }

    #[test]
    fn a_subscription_says_until_when() {
        let with = |end| {
            parse(&[
                ("action", "billing_subscription"),
                ("shop", "0123"),
                ("subscription_end_time", end),
            ])
        };
        let Action::BillingSubscription { until, until_at } = with("2026-12-23 12:00:00").unwrap().action
        else {
            panic!("a subscription");
        };
        assert_eq!(
            (until.as_deref(), until_at),
            (Some("2026-12-23 12:00:00"), Some(1_798_023_600_000))
        );
        let unreadable = Action::BillingSubscription {
            until: Some("soon".to_owned()),
            until_at: None,
        };
        assert_eq!(with("soon").unwrap().action, unreadable);
    }

    #[test]
    fn a_message_needs_an_action_and_a_shop_and_nothing_else() {
        assert_eq!(parse(&[("shop", "0123")]).unwrap_err(), Incomplete("action"));
        assert_eq!(
            parse(&[("action", "install"), ("shop", " ")]).unwrap_err(),
            Incomplete("shop")
        );
        let bare = parse(&[("action", "upgrade"), ("shop", "0123"), ("trial", "maybe")]).unwrap();
        assert_eq!(
            (bare.application_version, bare.trial, bare.at),
            (None, None, None)
        );
        assert!(bare.auth_code.is_none() && bare.timestamp.is_empty());
    }
}
