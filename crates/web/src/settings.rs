//! What the operator decides for everything that is called from outside.

use std::net::IpAddr;
use std::time::Duration;

use engine::PublicUrl;
use secrecy::SecretString;
use url::Url;

/// Settings of the outside's side, once for all shops.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where shops, SARE and browsers reach us. Decides whether cookies are marked `Secure`; without it they are.
    pub public_url: Option<PublicUrl>,
    /// Our app id (`application_code`); without it lifecycle messages are refused.
    pub app_id: Option<String>,
    /// Signs lifecycle messages and the panel's address; without it both are refused.
    pub appstore_secret: Option<SecretString>,
    /// The secret of webhooks declared in the app's definition, where it declares any (shoper-api.md F.1).
    pub webhook_secret: Option<SecretString>,
    /// Accept shops on loopback over plain HTTP.
    pub allow_http: bool,
    /// What stands before `/{uid}` in SARE's API.
    pub sare_api_url: Url,
    /// SARE's registration form for new clients.
    pub sare_register_url: Url,
    /// Bearer token of `/metrics`; without it the page is closed.
    pub metrics_token: Option<SecretString>,
    /// Bearer token of the operator's API; without it the API is off.
    pub operator_token: Option<SecretString>,
    /// The addresses that our requests come from, where the operator has said so: what a key of SARE may be limited to.
    pub outgoing_ips: Vec<IpAddr>,
    /// How old the panel's signed address may be (shoper-api.md C.3).
    pub panel_link_max_age: Duration,
    /// How long a session of the panel lasts. Opening the panel again begins another.
    pub session_life: Duration,
}

impl Settings {
    /// Everything closed that has no secret; sessions of a working day.
    pub fn new(sare_api_url: Url, sare_register_url: Url) -> Self {
        Self {
            public_url: None,
            app_id: None,
            appstore_secret: None,
            webhook_secret: None,
            allow_http: false,
            sare_api_url,
            sare_register_url,
            metrics_token: None,
            operator_token: None,
            outgoing_ips: Vec::new(),
            panel_link_max_age: Duration::from_secs(24 * 3600),
            session_life: Duration::from_secs(10 * 3600),
        }
    }

    /// Whether browsers reach us by plain HTTP, which only a demonstration on loopback does.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|public| public.url().scheme() == "http")
    }

    /// The path that every address of ours begins with; empty where there is none.
    pub(crate) fn base_path(&self) -> &str {
        self.public_url.as_ref().map_or("", PublicUrl::base_path)
    }
}
