//! What stands at an address, found out without giving anything away: a shop that is said to have moved is asked
//! there like a stranger before a token travels (shoper-api.md A.2, B.3).

use bytes::Bytes;
use http::Method;
use ports::Transport;

use crate::client::{request, send};
use crate::error::Error;
use crate::shop_url::ShopUrl;

/// What stands at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Shoper's API: it refuses a stranger in Shoper's own words. Which shop it is, it does not say.
    Shop,
    /// A redirect that is meant to last, to another host.
    MovedTo(ShopUrl),
    /// Nothing that speaks like Shoper, or nothing at all just now.
    Other,
}

/// Asks `url` for its settings without any credentials.
pub async fn standing(transport: &dyn Transport, url: &ShopUrl) -> Standing {
    let resource = "application-config";
    let asked = request(Method::GET, url, resource);
    match send(transport, url, resource, asked, Bytes::new(), None).await {
        Err(
            Error::Unauthorized { code: Some(_) }
            | Error::Forbidden { .. }
            | Error::Invalid { .. }
            | Error::ShopLocked { .. },
        ) => Standing::Shop,
        Err(Error::Redirected {
            to: Some(to),
            for_good: true,
        }) if to.host() != url.host() => Standing::MovedTo(to),
        // Settings told to a stranger are no shop's.
        Ok(_) | Err(_) => Standing::Other,
    }
}
