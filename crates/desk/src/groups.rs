//! Making a group in a SARE account, for a merchant who has none to put contacts in.

use engine::Engine;
use sare_api::{Group, ItemOutcome};
use store::Shop;
use sync_core::config::Config;

use crate::error::Error;
use crate::sides::{Patience, SareSide};

/// What became of the request for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewGroup {
    /// It was made, under this number.
    Made(i64),
    /// There is one of that name already.
    Found(i64),
    /// The account has no number left for another group.
    NoneFree,
    /// SARE refuses it, with its reason where it gave one.
    Refused(String),
}

/// Makes a group of this name, unless there is one.
///
/// # Errors
/// When SARE cannot be asked; then the group may or may not be there, and trying again finds it.
pub async fn make_group(
    engine: &Engine,
    shop: &Shop,
    config: &Config,
    name: &str,
) -> Result<NewGroup, Error> {
    let side = SareSide::open(engine, shop, config, Patience::Once).await?;
    if let Some(id) = named(&side, name).await? {
        return Ok(NewGroup::Found(id));
    }
    // Group 0 is SARE's word for "in no group" (sare-api.md 8).
    let free = side.ask(|c| async move { c.group_free().await }).await?;
    let Some(id) = free.into_iter().filter(|id| *id > 0).min() else {
        return Ok(NewGroup::NoneFree);
    };
    let group = Group {
        id,
        name: name.to_owned(),
    };
    let made = side.ask(|c| {
        let group = group.clone();
        async move { c.group_add(&[group]).await }
    });
    let refused = match made.await {
        Ok(outcome) => match outcome.items.into_iter().next() {
            Some(ItemOutcome::Refused { why } | ItemOutcome::Unclear { why }) => Some(why.shown()),
            Some(ItemOutcome::Accepted) | None => None,
        },
        Err(sare_api::Error::Rejected { message, .. }) => Some(message.to_string()),
        Err(error) => return Err(error.into()),
    };
    match refused {
        Some(why) => Ok(NewGroup::Refused(why)),
        // What SARE's answers mean is not published: the list says what is there.
        None => Ok(named(&side, name)
            .await?
            .map_or(NewGroup::Made(id), NewGroup::Made)),
    }
}

async fn named(side: &SareSide, name: &str) -> Result<Option<i64>, Error> {
    let groups = side.ask(|c| async move { c.groups().await }).await?;
    let same = |group: &Group| group.name.trim().to_lowercase() == name.trim().to_lowercase();
    Ok(groups.iter().find(|group| same(group)).map(|group| group.id))
}
