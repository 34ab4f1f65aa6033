//! The operator's settings: environment variables, or a TOML file with the same names.
//!
//! The environment wins over the file, so that a secret can be kept out of it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use engine::PublicUrl;
use secrecy::SecretString;
use shoper_api::{ShopUrl, ShopUrlError};
use sync_core::Lang;
use url::Url;

/// Where SARE's API is reached unless told otherwise.
pub const SARE_API_URL: &str = "https://s.enewsletter.pl/api/v1";
/// Where new clients of SARE register unless told otherwise.
pub const SARE_REGISTER_URL: &str = "https://sare.pl/";

/// Every name that is understood, with its meaning, for `--help` and error messages.
pub const NAMES: &[(&str, &str)] = &[
    (
        "DATABASE_URL",
        "the ledger: sqlite:FILE or postgres://… (default sqlite:shoper-sare.db)",
    ),
    ("LISTEN", "address and port to serve on (default 127.0.0.1:8080)"),
    (
        "PUBLIC_URL",
        "where shops and SARE reach this server, e.g. https://sync.example.com",
    ),
    ("SHOPER_APP_ID", "the app's id (OAuth client id)"),
    ("SHOPER_APP_SECRET", "the app's OAuth secret"),
    (
        "SHOPER_APPSTORE_SECRET",
        "the secret that signs lifecycle messages and the iframe",
    ),
    (
        "SHOPER_WEBHOOK_SECRET",
        "the app's webhook secret, where webhooks are declared in the app (optional)",
    ),
    ("SARE_API_URL", "what stands before /{uid} in SARE's API"),
    ("SARE_REGISTER_URL", "SARE's registration form for new clients"),
    ("SARE_RATE", "requests a second to one SARE account (default 2)"),
    (
        "SARE_BURST",
        "requests to one SARE account that may come at once (default 8)",
    ),
    (
        "LOOK_MINUTES",
        "minutes between two looks for new records in a quiet shop, 2 to 60 (default 60)",
    ),
    (
        "SARE_POLL_MINUTES",
        "minutes in which SARE is asked once for the status of every contact, 5 to 1440 (default 1440)",
    ),
    (
        "AUDIT_HOURS",
        "hours between two audits of a shop by the server (default 24; 0 = none)",
    ),
    (
        "OUTGOING_IPS",
        "the addresses that this server's requests come from, comma separated; shown where SARE limits a key to some",
    ),
    (
        "PANEL_LINK_MINUTES",
        "how old the signed address that opens the panel may be (default: 1440, a day)",
    ),
    (
        "ENCRYPTION_KEYS",
        "keys for data at rest, newest first, comma separated (see `shoper-sare generate-key`)",
    ),
    (
        "ALLOW_HTTP",
        "1 = accept shops and SARE on loopback, also over plain http (demo and tests only)",
    ),
    ("LOG_FORMAT", "text or json (default text)"),
    (
        "LOG",
        "what is logged, e.g. info or engine=debug (default info; warn for commands)",
    ),
    (
        "METRICS_TOKEN",
        "bearer token for /metrics (without it /metrics is closed)",
    ),
    (
        "OPERATOR_TOKEN",
        "bearer token for /api/v1 (without it the operator's API is closed)",
    ),
    (
        "SARE_API_KEY",
        "SARE API key for `shop config import`, instead of the file",
    ),
];

/// The settings, read and checked.
#[derive(Clone)]
pub struct Settings {
    /// The ledger.
    pub database_url: String,
    /// Address to listen on.
    pub listen: String,
    /// Where we are reached.
    pub public_url: Option<PublicUrl>,
    /// The app's id.
    pub app_id: Option<String>,
    /// The app's OAuth secret.
    pub app_secret: Option<SecretString>,
    /// The AppStore secret.
    pub appstore_secret: Option<SecretString>,
    /// The webhook secret of the app definition.
    pub webhook_secret: Option<SecretString>,
    /// SARE's API.
    pub sare_api_url: Url,
    /// SARE's registration form.
    pub sare_register_url: Url,
    /// Requests a second to SARE.
    pub sare_rate: f64,
    /// Requests at once to SARE.
    pub sare_burst: f64,
    /// Longest pause between two looks at a shop.
    pub look_most: Duration,
    /// How long a pass over SARE's statuses takes.
    pub poll_every: Duration,
    /// Pause between two audits of a shop; `None` = the server makes none.
    pub audit_every: Option<Duration>,
    /// Where our requests come from.
    pub outgoing_ips: Vec<IpAddr>,
    /// How old the panel's signed address may be.
    pub panel_link_max_age: Duration,
    /// Keys for data at rest.
    pub encryption_keys: Option<SecretString>,
    /// Plain HTTP on loopback.
    pub allow_http: bool,
    /// JSON logs.
    pub log_json: bool,
    /// What is logged.
    pub log: Option<String>,
    /// Bearer token for metrics.
    pub metrics_token: Option<SecretString>,
    /// Bearer token for the operator's API.
    pub operator_token: Option<SecretString>,
    /// SARE key for imports.
    pub sare_api_key: Option<SecretString>,
    /// The language of findings, by the usual variables of the environment.
    pub lang: Lang,
    /// Whether somebody chose the ledger, or it is the default one.
    pub database_given: bool,
}

impl Settings {
    /// Reads `file` (where given) and then the environment over it.
    ///
    /// # Errors
    /// A file that cannot be read, a name that is not known, a value that is not what its name asks for.
    pub fn load(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let values = Values::read(file, &environment)?;
        let allow_http = match values.get("ALLOW_HTTP").as_deref() {
            None | Some("0" | "false" | "no") => false,
            Some("1" | "true" | "yes") => true,
            Some(other) => bail!("ALLOW_HTTP is {other:?}; write 1 or 0"),
        };
        let sare_api_url = values.sare_api_url(allow_http)?;
        let log_json = match values.get("LOG_FORMAT").as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => bail!("LOG_FORMAT is {other:?}; write text or json"),
        };
        Ok(Self {
            database_url: values
                .get("DATABASE_URL")
                .unwrap_or_else(|| "sqlite:shoper-sare.db".to_owned()),
            listen: values
                .get("LISTEN")
                .unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            public_url: values
                .get("PUBLIC_URL")
                .map(|text| text.parse())
                .transpose()
                .context("PUBLIC_URL cannot be used")?,
            app_id: values.get("SHOPER_APP_ID"),
            app_secret: values.secret("SHOPER_APP_SECRET"),
            appstore_secret: values.secret("SHOPER_APPSTORE_SECRET"),
            webhook_secret: values.secret("SHOPER_WEBHOOK_SECRET"),
            sare_api_url,
            sare_register_url: values.url("SARE_REGISTER_URL", SARE_REGISTER_URL)?,
            sare_rate: values.number("SARE_RATE", 2.0)?,
            sare_burst: values.number("SARE_BURST", 8.0)?,
            look_most: values.minutes("LOOK_MINUTES", 60.0, 2.0, 60.0)?,
            poll_every: values.minutes("SARE_POLL_MINUTES", 1_440.0, 5.0, 1_440.0)?,
            audit_every: match values.get("AUDIT_HOURS").as_deref() {
                Some("0") => None,
                _ => Some(Duration::from_secs_f64(
                    values.number("AUDIT_HOURS", 24.0)?.min(8760.0) * 3600.0,
                )),
            },
            outgoing_ips: values.addresses("OUTGOING_IPS")?,
            panel_link_max_age: Duration::from_secs_f64(
                values.number("PANEL_LINK_MINUTES", 24.0 * 60.0)?.min(525_600.0) * 60.0,
            ),
            encryption_keys: values.secret("ENCRYPTION_KEYS"),
            allow_http,
            log_json,
            log: values.get("LOG"),
            metrics_token: values.secret("METRICS_TOKEN"),
            operator_token: values.secret("OPERATOR_TOKEN"),
            sare_api_key: values.secret("SARE_API_KEY"),
            lang: language(&environment),
            database_given: values.get("DATABASE_URL").is_some(),
        })
    }
}

/// The settings as they were written, by name.
struct Values(BTreeMap<String, String>);

impl Values {
    fn read(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let mut values = BTreeMap::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the settings file {} cannot be read", path.display()))?;
            let table: toml::Table = text
                .parse()
                .with_context(|| format!("{} is not TOML", path.display()))?;
            for (name, value) in table {
                if !NAMES.iter().any(|(known, _)| *known == name) {
                    bail!(
                        "{}: `{name}` is not a setting; the settings are listed by `shoper-sare --help`",
                        path.display()
                    );
                }
                let value = match value {
                    toml::Value::String(text) => text,
                    toml::Value::Boolean(on) => i64::from(on).to_string(),
                    other => other.to_string(),
                };
                values.insert(name, value);
            }
        }
        for (name, _) in NAMES {
            if let Some(value) = environment(name) {
                values.insert((*name).to_owned(), value);
            }
        }
        Ok(Self(values))
    }

    /// A value without the white space round it; `None` when there is none.
    fn get(&self, name: &str) -> Option<String> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.get(name).map(SecretString::from)
    }

    /// Addresses of the internet, separated by commas.
    fn addresses(&self, name: &str) -> anyhow::Result<Vec<IpAddr>> {
        let text = self.get(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let address = part.parse();
                address.with_context(|| format!("{name}: {part:?} is not an address such as 203.0.113.7"))
            })
            .collect()
    }

    /// A number above 0.
    fn number(&self, name: &str, default: f64) -> anyhow::Result<f64> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        match text.parse::<f64>() {
            Ok(n) if n.is_finite() && n > 0.0 => Ok(n),
            _ => bail!("{name} is {text:?}; write a number above 0"),
        }
    }

    /// A pause in minutes between `least` and `most`.
    fn minutes(&self, name: &str, default: f64, least: f64, most: f64) -> anyhow::Result<Duration> {
        let minutes = self.number(name, default)?;
        if !(least..=most).contains(&minutes) {
            bail!("{name} is {minutes}; write a number of minutes from {least} to {most}");
        }
        Ok(Duration::from_secs_f64(minutes * 60.0))
    }

    /// An address of the web.
    fn url(&self, name: &str, default: &str) -> anyhow::Result<Url> {
        let text = self.get(name).unwrap_or_else(|| default.to_owned());
        let url = Url::parse(&text)
            .with_context(|| format!("{name} is not an address such as https://example.com"))?;
        if !(url.scheme() == "https" || url.scheme() == "http") {
            bail!("{name} must begin with https://");
        }
        Ok(url)
    }

    /// Where SARE's API is: the key of every account is sent there.
    fn sare_api_url(&self, allow_http: bool) -> anyhow::Result<Url> {
        let sare_api_url = self.url("SARE_API_URL", SARE_API_URL)?;
        let loopback = matches!(sare_api_url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if sare_api_url.scheme() == "http" && !(allow_http && loopback) {
            bail!("SARE_API_URL must begin with https:// (plain http only on loopback with ALLOW_HTTP=1)");
        }
        let origin = sare_api_url.origin().ascii_serialization();
        if let Err(error @ ShopUrlError::NotPublic) = ShopUrl::parse(&origin, allow_http) {
            let host = sare_api_url.host_str().unwrap_or_default();
            bail!(
                "SARE_API_URL leads to {host}: {error}. The key of every account is sent there, so it must be SARE's public \
                 address (loopback only with ALLOW_HTTP=1)"
            );
        }
        Ok(sare_api_url)
    }
}

/// Polish where the environment asks for it, else English.
fn language(environment: impl Fn(&str) -> Option<String>) -> Lang {
    let first = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| environment(name))
        .find(|v| !v.is_empty());
    if first.is_some_and(|locale| locale.to_lowercase().starts_with("pl")) {
        Lang::Pl
    } else {
        Lang::En
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> anyhow::Result<Settings> {
        Settings::load(None, |name| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn our_own_addresses_are_addresses() {
        let addresses = |text| load(&[("OUTGOING_IPS", text)]).map(|settings| settings.outgoing_ips.len());
        assert_eq!(addresses("203.0.113.7, 2001:db8::7,").unwrap(), 2);
        assert_eq!(load(&[]).unwrap().outgoing_ips.len(), 0);
        let error = format!("{:#}", addresses("203.0.113.7 sync.example.com").unwrap_err());
        assert!(
            error.contains("OUTGOING_IPS") && error.contains("203.0.113.7"),
            "{error}"
        );
    }

    #[test]
    fn everything_has_a_default_but_secrets() {
        let settings = load(&[]).unwrap();
        assert_eq!(settings.database_url, "sqlite:shoper-sare.db");
        assert_eq!(settings.listen, "127.0.0.1:8080");
        assert_eq!(settings.sare_api_url.as_str(), SARE_API_URL);
        assert!(settings.encryption_keys.is_none());
    }

    #[test]
    fn quiet_shops_are_looked_at_hourly_and_sare_daily_and_more_often_where_told_so() {
        let settings = load(&[]).unwrap();
        let seconds = |settings: &Settings| (settings.look_most.as_secs(), settings.poll_every.as_secs());
        assert_eq!(seconds(&settings), (3_600, 86_400));
        let settings = load(&[("LOOK_MINUTES", "2"), ("SARE_POLL_MINUTES", "30")]).unwrap();
        assert_eq!(seconds(&settings), (120, 1_800));
        for (name, value) in [
            ("LOOK_MINUTES", "1"),
            ("LOOK_MINUTES", "61"),
            ("SARE_POLL_MINUTES", "4"),
            ("SARE_POLL_MINUTES", "1441"),
        ] {
            let error = format!("{:#}", load(&[(name, value)]).err().unwrap());
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn audits_are_daily_unless_told_otherwise() {
        let every = |pairs: &[(&str, &str)]| load(pairs).unwrap().audit_every.map(|every| every.as_secs());
        assert_eq!(every(&[]), Some(86_400));
        assert_eq!(every(&[("AUDIT_HOURS", "0.5")]), Some(1_800));
        assert_eq!(every(&[("AUDIT_HOURS", "0")]), None);
        assert!(load(&[("AUDIT_HOURS", "daily")]).is_err());
    }

    #[test]
    fn people_are_answered_in_the_language_of_their_environment() {
        assert_eq!(load(&[]).unwrap().lang, Lang::En);
        assert_eq!(load(&[("LANG", "pl_PL.UTF-8")]).unwrap().lang, Lang::Pl);
        assert_eq!(
            load(&[("LANG", "pl_PL.UTF-8"), ("LC_ALL", "C")]).unwrap().lang,
            Lang::En
        );
    }

    #[test]
    fn plain_http_to_sare_is_refused_beyond_loopback() {
        assert!(load(&[("SARE_API_URL", "http://sare.example/api/v1")]).is_err());
        assert!(
            load(&[
                ("SARE_API_URL", "http://sare.example/api/v1"),
                ("ALLOW_HTTP", "1")
            ])
            .is_err()
        );
        assert!(load(&[("SARE_API_URL", "http://127.0.0.1:9/api/v1")]).is_err());
        assert!(load(&[("SARE_API_URL", "http://127.0.0.1:9/api/v1"), ("ALLOW_HTTP", "1")]).is_ok());
        for url in [
            "https://10.0.0.1/api/v1",
            "https://169.254.169.254",
            "https://sare.internal/api/v1",
            "https://127.0.0.1/",
        ] {
            let error = load(&[("SARE_API_URL", url)]).err().unwrap().to_string();
            assert!(error.contains("public"), "{error}");
        }
        assert!(load(&[("SARE_API_URL", "https://10.0.0.1/api/v1"), ("ALLOW_HTTP", "1")]).is_err());
    }

    #[test]
    fn a_value_that_is_none_is_named_with_what_would_be_right() {
        let error = load(&[("ALLOW_HTTP", "maybe")]).err().unwrap().to_string();
        assert!(
            error.contains("ALLOW_HTTP") && error.contains("write 1 or 0"),
            "{error}"
        );
        assert!(load(&[("SARE_RATE", "-1")]).is_err());
        assert!(load(&[("LOG_FORMAT", "xml")]).is_err());
    }

    #[test]
    fn the_environment_wins_over_the_file_and_unknown_names_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        std::fs::write(
            &path,
            "LISTEN = \"0.0.0.0:1\"\nALLOW_HTTP = true\nDATABASE_URL = \"sqlite:a.db\"\n",
        )
        .unwrap();
        let env = |name: &str| (name == "LISTEN").then(|| "0.0.0.0:2".to_owned());
        let settings = Settings::load(Some(&path), env).unwrap();
        assert_eq!(settings.listen, "0.0.0.0:2");
        assert_eq!(settings.database_url, "sqlite:a.db");
        assert!(settings.allow_http);
        std::fs::write(&path, "LISTENN = \"x\"\n").unwrap();
        assert!(
            Settings::load(Some(&path), |_| None)
                .err()
                .unwrap()
                .to_string()
                .contains("LISTENN")
        );
    }
}
