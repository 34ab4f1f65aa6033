//! What SARE has of one contact at this moment.

use engine::Engine;
use sare_api::ContactRecord;
use store::Shop;
use sync_core::Email;
use sync_core::config::Config;
use sync_core::mapping::Target;

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

/// SARE's value of a field; empty when it has none.
pub fn value_in<'r>(record: &'r ContactRecord, target: &Target) -> &'r str {
    match target {
        Target::Name => record.name.as_deref(),
        Target::Gsm => record.gsm.as_deref(),
        Target::Comment => record.comment.as_deref(),
        Target::Prop(n) => record.prop.get(&format!("prop{n}")).map(String::as_str),
        Target::Custom(name) => record.prop_cust.get(name).map(String::as_str),
    }
    .unwrap_or_default()
}
