//! What SARE has of one contact at this moment.

use engine::Engine;
use sare_api::ContactRecord;
use store::Shop;
use sync_core::Email;
use sync_core::config::Config;

use crate::error::Error;
use crate::sides::{Patience, SareSide};

/// What SARE has; `None` when it surely has nothing.
///
/// # Errors
/// When SARE cannot be asked, or its answer not be understood.
pub async fn in_sare(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    email: &Email,
) -> Result<Option<ContactRecord>, Error> {
    let side = SareSide::open(engine, shop, config, Patience::Once).await?;
    let address = email.as_str();
    Ok(side.ask(|c| async move { c.by_email(address).await }).await?)
}
