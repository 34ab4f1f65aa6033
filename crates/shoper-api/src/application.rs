//! What a shop says about itself (shoper-api.md D.9).

use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient;

/// The useful part of about a hundred settings; `None` for what is empty or absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct ApplicationConfig {
    /// The shop's own address.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub shop_url: Option<String>,
    /// Its address at Shoper.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub technical_url: Option<String>,
    /// What it is called.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub shop_name: Option<String>,
    /// The number of its licence; not the licence hash (shoper-api.md A.2).
    #[serde(default, deserialize_with = "lenient::filled")]
    pub license_id: Option<String>,
    /// Such as `pl_PL`.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub default_language_name: Option<String>,
    /// `lang_id` of the same.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub default_language_id: Option<i64>,
    /// Such as `PLN`.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub default_currency_name: Option<String>,
    /// The zone of all dates, such as `Europe/Warsaw`.
    #[serde(default, deserialize_with = "lenient::filled")]
    pub locale_timezone: Option<String>,
    /// Whether a registration must be confirmed by mail.
    #[serde(default, deserialize_with = "lenient::switch")]
    pub registration_confirm: Option<bool>,
}

#[derive(Deserialize)]
struct Version {
    #[serde(deserialize_with = "lenient::text")]
    version: String,
}

impl Client {
    /// The shop's settings. Needs nothing but a valid token, so it is a test of the connection.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn application_config(&self) -> Result<ApplicationConfig, Error> {
        self.get("application-config", "")
            .await?
            .decode("the shop's settings")
    }

    /// The version of the shop, such as `5.26.35`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn application_version(&self) -> Result<String, Error> {
        let version: Version = self
            .get("application-version", "")
            .await?
            .decode("the shop's version")?;
        Ok(version.version)
    }
}
