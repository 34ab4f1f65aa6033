//! `shop connect`: a shop without the AppStore, by an administrator's login (shoper-api.md B.2).

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use secrecy::SecretString;
use shoper_api::{ShopUrl, oauth};
use store::{Origin, SecretName, ShopState};

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
        Err(shoper_api::Error::Redirected { to: Some(to), .. }) => bail!(
            "{} sends us on to {}, and a login is sent to no address but the one you name. If that is the shop, connect it \
             by that address",
            url.host(),
            to.host()
        ),
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
    let now = app.clock.now();
    let login = SecretString::from(options.login.clone());
    let installed = app.store.find_shop(&url.host()).await?.filter(|shop| {
        shop.origin == Origin::AppStore && !matches!(shop.state, ShopState::Uninstalling | ShopState::Removed)
    });
    if let Some(shop) = installed {
        // One shop, one lane: the login takes over where the app's tokens no longer work.
        let secrets = [
            (SecretName::AdminLogin, Some(login)),
            (SecretName::AdminPassword, Some(password)),
        ];
        app.store.put_secrets(shop.id, &secrets, None).await?;
        app.store.wake(shop.id, now).await?;
        let next = "The app is installed there: the login is used where its tokens no longer work.";
        return tell(&options, &url, named, next);
    }
    // REST does not tell the licence (shoper-api.md A.2); the first webhook does.
    let license = format!("direct:{}", url.host());
    let id = app
        .store
        .connect_direct(&license, url.as_str(), &url.host(), &login, &password, now)
        .await?;
    app.store.wake(id, now).await?;
    let next = format!("Next: shoper-sare shop config import {} FILE", url.host());
    tell(&options, &url, named, &next)
}

fn tell(options: &Connect, url: &ShopUrl, named: Option<String>, next: &str) -> anyhow::Result<u8> {
    if options.json.json {
        output::json(&serde_json::json!({ "shop": url.host(), "name": named }))?;
    } else {
        let named = named.unwrap_or_else(|| "unnamed".to_owned());
        output::line(&format!("Connected {} ({named}).", url.host()));
        output::line(next);
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
    if std::io::stdin().is_terminal() {
        let asked = rpassword::prompt_password(format!("Password of {}: ", options.login));
        return Ok(SecretString::from(asked.context("the password cannot be read")?));
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
