//! Saving the form, and making a group on the way.

use desk::NewGroup;
use ports::Millis;
use sync_core::RecordKind;
use sync_core::config::Config;

use super::choices::Choices;
use super::conflict::{Conflict, conflict};
use super::section::Section;
use super::validate::ValidatedForm;
use crate::error::Error;
use crate::panel::session::Visit;
use crate::state::App;

/// How long the first synchronisation waits for the merchant's word after a first save.
const HOLD_MS: Millis = 10 * 60_000;
/// How often a save that somebody else's was just ahead of is tried.
const TRIES: usize = 3;

/// What became of saving.
pub enum Saved {
    /// It is saved.
    Done,
    /// It was so already.
    Same,
    /// It is saved, and it is the first one that asks for any synchronisation.
    First,
    /// Somebody else saved something else meanwhile.
    Conflict(Box<Conflict>),
}

/// Saves a good form, made from version `from`, as a part of whatever configuration there is now.
pub async fn save(
    app: &App,
    visit: &mut Visit,
    kind: RecordKind,
    validated: &ValidatedForm,
    choices: &Choices,
    from: i64,
) -> Result<Saved, Error> {
    for _ in 0..TRIES {
        let version = visit.shop.config_version;
        let mut config = parsed(visit).ok_or(Error::NotConfigured)?;
        if version != from {
            let found = conflict(app, visit, from, (&config, version), &validated.section, choices).await?;
            if let Some(found) = found {
                return Ok(Saved::Conflict(Box::new(found)));
            }
        }
        if Section::of(&config, kind).is_same(&validated.section) {
            return Ok(Saved::Same);
        }
        let was_on = config.customers.enabled || config.subscribers.enabled;
        validated.section.put(&mut config, kind);
        let is_on = config.customers.enabled || config.subscribers.enabled;
        let now = app.now();
        let is_waiting = visit.shop.held_until(now).is_some();
        let is_first = is_on
            && (!was_on || is_waiting)
            && !engine::standing(&app.store, visit.shop.id).await?.first_done;
        if is_first {
            app.store
                .hold_first_run(visit.shop.id, Some(now + HOLD_MS), now)
                .await?;
        }
        let saved = app
            .store
            .put_config(
                visit.shop.id,
                &config.render(),
                None,
                Some(version),
                &visit.who(),
                now,
            )
            .await;
        match saved {
            Ok(_) => {
                app.wake.notify_one();
                return Ok(if is_first { Saved::First } else { Saved::Done });
            }
            Err(store::Error::ConfigChanged { .. }) => {
                if is_first {
                    app.store
                        .hold_first_run(visit.shop.id, visit.shop.first_run_after, now)
                        .await?;
                }
                visit.shop = app.store.shop(visit.shop.id).await?.ok_or(Error::NoSuchShop)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Busy)
}

/// The configuration that is saved.
pub fn parsed(visit: &Visit) -> Option<Config> {
    let text = visit.shop.config.as_deref()?;
    Config::parse(text).ok().map(|parsed| parsed.config)
}

/// What became of the request for a group: its number and a word about it, or why there is none.
pub async fn new_group(
    app: &App,
    visit: &Visit,
    config: &Config,
    name: &str,
) -> Result<(i64, String), String> {
    let words = visit.words;
    if name.is_empty() {
        return Err(words.say("mapping.new-group-nameless").to_owned());
    }
    let made = desk::make_group(&app.engine, &visit.shop, config, name).await;
    app.cache.forget_account(visit.shop.id);
    match made {
        Ok(NewGroup::Made(id)) => Ok((
            id,
            words.fill("mapping.new-group-made", &[("name", &name), ("n", &id)]),
        )),
        Ok(NewGroup::Found(id)) => Ok((
            id,
            words.fill("mapping.new-group-found", &[("name", &name), ("n", &id)]),
        )),
        Ok(NewGroup::NoneFree) => Err(words.say("mapping.new-group-none-free").to_owned()),
        Ok(NewGroup::Refused(why)) if why.is_empty() => {
            Err(words.say("mapping.new-group-refused").to_owned())
        }
        Ok(NewGroup::Refused(why)) => Err(words.fill("mapping.new-group-refused-why", &[("why", &why)])),
        Err(error) if error.is_transient() => Err(words.say("mapping.new-group-away").to_owned()),
        Err(_) => Err(words.say("mapping.new-group-no-access").to_owned()),
    }
}
