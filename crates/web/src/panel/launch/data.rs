//! How far a shop is on its way to the first synchronisation.

use engine::RunObstacle;
use maud::{Markup, html};
use ports::Millis;
use store::{AddrHash, Run, RunKind, RunState, Shop, ShopState};
use sync_core::config::Config;
use texts::Words;

use crate::error::Error;
use crate::panel::parts::{Tone, notice};
use crate::panel::session::Visit;
use crate::state::App;

/// As long as nobody says otherwise: a hundred years.
pub const FOR_GOOD_MS: i64 = 100 * 365 * 86_400_000;
/// A hold beyond this is one without an end.
const NO_LONGER_A_TIME_MS: i64 = 365 * 86_400_000;

/// Where the shop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No kind of record is switched on.
    Nothing,
    /// The first synchronisation has not begun.
    Before,
    /// It is under way.
    UnderWay,
    /// It was ended before it was over.
    Interrupted,
    /// It is over.
    After,
}

/// What the first synchronisation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// For a time, unless the word is given before.
    Until(Millis),
    /// For the word alone.
    ForGood,
    /// For nothing.
    Over,
}

/// What the page shows.
pub struct PageData {
    /// The configuration.
    pub config: Config,
    /// Where the shop stands.
    pub stage: Stage,
    /// What the first synchronisation waits for.
    pub hold: Hold,
    /// A dry run that is not over.
    pub dry_under_way: Option<Run>,
    /// The newest dry run that came to its end.
    pub dry: Option<Run>,
    /// The configuration has changed since that dry run was asked for.
    pub is_stale: bool,
    /// What keeps any run from being asked for.
    pub obstacle: Option<RunObstacle>,
    /// SARE refused the key when last asked.
    pub sare_refused: bool,
    /// SARE is left alone until then, because it did not answer.
    pub sare_rests: bool,
    pub now: Millis,
    first: Option<Run>,
}

impl PageData {
    /// Reads it; `None` for a shop without a configuration that can be read.
    pub async fn load(app: &App, shop: &Shop) -> Result<Option<Self>, Error> {
        let parsed = shop.config.as_deref().and_then(|text| Config::parse(text).ok());
        let Some(config) = parsed.map(|parsed| parsed.config) else {
            return Ok(None);
        };
        let now = app.now();
        let lane = engine::standing(&app.store, shop.id).await?;
        let is_anew = lane.is_of_another_account(&config.sare.uid);
        let first_done = lane.first_done && !is_anew;
        let dry = app.store.newest_run(shop.id, RunKind::DryRun).await?;
        let (dry_under_way, dry) = match dry {
            Some(run) if !run.state.is_over() => (Some(run), None),
            Some(run) if run.state == RunState::Done => (None, Some(run)),
            _ => (None, None),
        };
        let changed_at = app
            .store
            .config_history(shop.id, 1)
            .await?
            .first()
            .map_or(0, |version| version.at);
        let first = match first_done {
            true => app.store.newest_run(shop.id, RunKind::First).await?,
            false => None,
        };
        // What was seen before the first synchronisation has happened since.
        let begun_at = first.as_ref().map_or(0, |run| run.created_at);
        let dry = dry.filter(|run| run.created_at > begun_at);
        let stage = if first_done {
            Stage::After
        } else if !config.customers.enabled && !config.subscribers.enabled {
            Stage::Nothing
        } else if lane.config_seen >= shop.config_version && !is_anew {
            match app.store.active_run(shop.id).await? {
                Some(run) if run.kind.policy().is_first => Stage::UnderWay,
                _ => Stage::Interrupted,
            }
        } else {
            Stage::Before
        };
        let hold = match shop.held_until(now) {
            Some(at) if at > now + NO_LONGER_A_TIME_MS => Hold::ForGood,
            Some(at) => Hold::Until(at),
            None => Hold::Over,
        };
        Ok(Some(Self {
            config,
            stage,
            hold,
            is_stale: dry.as_ref().is_some_and(|run| run.created_at < changed_at),
            dry_under_way,
            dry,
            obstacle: app.engine.run_obstacle(shop).await?,
            sare_refused: lane.sare_refused,
            sare_rests: lane.sare.rests_until > now && !lane.sare_refused,
            now,
            first,
        }))
    }

    /// When the first synchronisation was.
    pub fn first_was(&self, words: Words) -> String {
        match self.first.as_ref().and_then(|run| run.ended_at) {
            Some(at) => words.fill(
                "launch.first-was",
                &[("day", &words.day(at)), ("clock", &texts::clock(at, "%H:%M"))],
            ),
            None => words.say("launch.first-is-over").to_owned(),
        }
    }

    /// What keeps things from going on, each with what helps.
    pub fn troubles(&self, visit: &Visit) -> Markup {
        let words = visit.words;
        let shop = &visit.shop;
        html! {
            @match shop.state {
                ShopState::AccessLost => (notice(Tone::Bad, html! { p { (words.say("launch.access-lost")) } })),
                ShopState::Connecting => (notice(Tone::Info, html! { p { (words.say("launch.connecting")) } })),
                _ => {}
            }
            @if shop.paused {
                (notice(Tone::Warn, html! {
                    p { (words.say("launch.paused")) " " a href=(visit.link("")) { (words.say("launch.to-overview")) } }
                }))
            }
            @if matches!(self.obstacle, Some(RunObstacle::NotConnected)) {
                (notice(Tone::Bad, html! {
                    p { (words.say("launch.no-key")) " " a href=(visit.link("connect")) { (words.say("launch.to-connect")) } }
                }))
            } @else if self.sare_refused {
                (notice(Tone::Bad, html! {
                    p { (words.say("launch.sare-refused")) " " a href=(visit.link("connect")) { (words.say("launch.to-connect")) } }
                }))
            } @else if self.sare_rests {
                (notice(Tone::Info, html! { p { (words.say("launch.sare-rests")) } }))
            }
        }
    }
}

/// The address of the page about contacts whose trial was sent.
pub fn address_of_arrived(contacts: &[AddrHash]) -> String {
    let hashes: Vec<String> = contacts.iter().map(|hash| hash.to_hex()).collect();
    format!("launch/arrived?c={}", hashes.join("."))
}
