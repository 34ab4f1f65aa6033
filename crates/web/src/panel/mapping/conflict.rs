//! Two people at the same page: what the other one saved meanwhile, and the choice between their version and ours.

use maud::{Markup, html};
use store::ConfigVersion;
use sync_core::config::Config;

use super::change::{Difference, differences};
use super::choices::Choices;
use super::section::Section;
use crate::error::Error;
use crate::panel::parts::{Tone, notice};
use crate::panel::session::Visit;
use crate::state::App;

/// Versions among which the one that a form was made from is looked for.
const LOOKED_AT: i64 = 50;

/// What somebody else saved while the form was being filled in.
pub struct Conflict {
    /// The version there is now.
    pub version: i64,
    /// When and by whom it was saved.
    saved: Option<(i64, String)>,
    /// What they changed.
    theirs: Vec<Difference>,
    /// What saving ours would change of it.
    ours: Vec<Difference>,
}

/// Compares the version that a form was made from with the one there is now. `None` when the others changed nothing of
/// what the form says, so that saving it writes over nothing.
pub async fn conflict(
    app: &App,
    visit: &Visit,
    from: i64,
    now: (&Config, i64),
    ours: &Section,
    choices: &Choices,
) -> Result<Option<Conflict>, Error> {
    let (config, version) = now;
    let history = app.store.config_history(visit.shop.id, LOOKED_AT).await?;
    let section = |saved: &ConfigVersion| {
        let parsed = Config::parse(&saved.config).ok()?;
        Some((
            parsed.config.sare.uid.clone(),
            Section::of(&parsed.config, choices.kind),
        ))
    };
    let before = history
        .iter()
        .find(|saved| saved.version == from)
        .and_then(section);
    let current = Section::of(config, choices.kind);
    if let Some((uid, before)) = &before
        && *uid == config.sare.uid
        && before.is_same(&current)
    {
        return Ok(None);
    }
    if current.is_same(ours) {
        return Ok(None);
    }
    let newest = history.first().map(|saved| (saved.at, saved.who.clone()));
    let before = before.map(|(_, before)| before);
    Ok(Some(Conflict {
        version,
        saved: newest,
        theirs: before.map_or_else(Vec::new, |before| {
            differences(&before, &current, choices, visit.words)
        }),
        ours: differences(&current, ours, choices, visit.words),
    }))
}

impl Conflict {
    /// What there is to see and to choose, at the head of the form.
    pub fn show(&self, app: &App, visit: &Visit, page: &str) -> Markup {
        let words = visit.words;
        let when = self.saved.as_ref().map(|(at, who)| {
            let who = match who.strip_prefix("admin ") {
                Some(number) => words.fill("mapping.who-admin", &[("n", &number)]),
                None => words.say_word("mapping-who", who).to_owned(),
            };
            words.fill(
                "mapping.conflict-who",
                &[("who", &who), ("when", &words.ago(*at, app.now()))],
            )
        });
        notice(
            Tone::Bad,
            html! {
                h2 { (words.say("mapping.conflict")) }
                @if let Some(when) = when { p { (when) } }
                p { (words.say("mapping.conflict-safe")) }
                (list(words.say("mapping.conflict-theirs"), &self.theirs, words.say("mapping.was"), words.say("mapping.now")))
                (list(words.say("mapping.conflict-ours"), &self.ours, words.say("mapping.now"), words.say("mapping.would-be")))
                input type="hidden" name="seen" value=(self.version);
                div.actions {
                    a.button.quiet href=(visit.link(page)) { (words.say("mapping.take-theirs")) }
                    button.danger type="submit" name="op" value="mine" { (words.say("mapping.save-mine")) }
                }
            },
        )
    }
}

fn list(caption: &str, differences: &[Difference], was: &str, now: &str) -> Markup {
    html! {
        @if !differences.is_empty() {
            h3 { (caption) }
            ul {
                @for difference in differences {
                    li {
                        strong { (difference.what) } ": "
                        (was) " " em { (difference.was) } ", " (now) " " em { (difference.now) }
                    }
                }
            }
        }
    }
}
