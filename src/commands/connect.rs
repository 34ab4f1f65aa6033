//! `shop connect`: a shop without the AppStore, by an administrator's login (shoper-api.md B.2).

use std::io::Read;

use anyhow::{Context, bail};
use secrecy::SecretString;
use shoper_api::{ShopUrl, oauth};

use super::output;
use crate::app::App;
use crate::cli::Connect;
use crate::exit;

/// Tries the login, reads the shop's own words about itself, and keeps both.
pub async fn connect(app: &App, options: Connect) -> anyhow::Result<u8> {
    let url = ShopUrl::parse(&options.url, app.settings.allow_http)
        .with_context(|| format!("{:?} is not a shop's address", options.url))?;
    let password = password(&options)?;
    let tokens = match oauth::admin_login(app.transport.as_ref(), &url, &options.login, &password).await {
        Ok(tokens) => tokens,
        Err(error) if error.is_transient() => {
            output::line(&format!("The shop cannot be reached now: {error}"));
            return Ok(exit::AWAY);
        }
        Err(error) => bail!(
            "the shop refused the login ({error}). The administrator must be in a group with WebAPI access, and the \
             shop may limit logins to certain addresses"
        ),
    };
    let client = shoper_api::Client::new(app.transport.clone(), url.clone(), tokens.access_token.clone());
    let named = client
        .application_config()
        .await
        .ok()
        .and_then(|config| config.shop_name);
    let license = format!("direct:{}", url.host());
    let now = app.clock.now();
    let login = SecretString::from(options.login.clone());
    let id = app
        .store
        .connect_direct(&license, url.as_str(), &url.host(), &login, &password, now)
        .await?;
    app.store.wake(id, now).await?;
    if options.json.json {
        output::json(&serde_json::json!({ "shop": url.host(), "name": named }))?;
    } else {
        output::line(&format!(
            "Connected {} ({}).",
            url.host(),
            named.unwrap_or_else(|| "unnamed".to_owned())
        ));
        output::line(&format!(
            "Next: shoper-sare shop config import {} FILE",
            url.host()
        ));
    }
    Ok(exit::OK)
}

fn password(options: &Connect) -> anyhow::Result<SecretString> {
    if let Some(path) = &options.password_file {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        return Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Ok(text) = std::env::var("SHOPER_ADMIN_PASSWORD") {
        return Ok(SecretString::from(text));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("the password cannot be read from standard input")?;
    if text.trim().is_empty() {
        bail!("no password: give --password-file, SHOPER_ADMIN_PASSWORD, or write it to standard input");
    }
    Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}
