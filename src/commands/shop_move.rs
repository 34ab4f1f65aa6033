//! `shop move`: the operator's word that a shop is at another address now.
//!
//! A shop that sends us on to an address which nothing proves to be its own is not followed (`engine/session/redirects.rs`); a person
//! who knows can say so. Nothing is sent to the new address but a question without credentials.

use anyhow::{Context, bail};
use shoper_api::{ShopUrl, Standing, standing};

use super::output;
use crate::app::App;
use crate::cli::Move;
use crate::exit;

/// Has the shop asked at another address from now on; the old one is kept for the case that the new one fails.
pub async fn move_shop(app: &App, options: Move) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    let url = ShopUrl::parse(&options.url, app.settings.allow_http)
        .with_context(|| format!("{:?} is not a shop's address", options.url))?;
    match standing(app.transport.as_ref(), &url).await {
        Standing::Shop => {}
        Standing::MovedTo(to) => bail!(
            "{} sends on to {}; if that is the shop, name it",
            url.host(),
            to.host()
        ),
        Standing::Other => bail!(
            "no shop of Shoper's answers at {}: check the address, and that the shop is open",
            url.host()
        ),
    }
    let now = app.clock.now();
    let to = (url.as_str(), url.host());
    let done = url.host() == shop.host
        || app
            .store
            .readdress(shop.id, &shop.url, (to.0, &to.1), Some(&shop.url), now)
            .await?;
    if !done {
        bail!("the shop's address has changed at this moment; look at it with `shop show` and try again");
    }
    app.store.wake(shop.id, now).await?;
    if options.json.json {
        output::json(&serde_json::json!({ "shop": url.host(), "from": shop.host }))?;
    } else {
        output::line(&format!(
            "{} is asked at {} from now on. Should that fail, the old address is tried again.",
            shop.host,
            url.host()
        ));
    }
    Ok(exit::OK)
}
