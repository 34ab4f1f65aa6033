//! What is needed seldom, a page each under one menu: a full synchronisation, the rules of unsubscribing, the
//! configuration as a file, the connection, and what cannot be undone.

use axum::extract::State;
use axum::response::Response;
use engine::RunObstacle;
use maud::{Markup, html};
use secrecy::ExposeSecret;
use store::HookKind;

use super::file::Draft;
use super::force::Runs;
use super::rules::Choice;
use super::{config_of, file, force, lost_by_erasing, rules};
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Danger, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// The pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Force,
    Rules,
    File,
    Connection,
    Danger,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Force,
        Self::Rules,
        Self::File,
        Self::Connection,
        Self::Danger,
    ];

    /// Its word among the texts, and its address.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Force => ("force", "advanced"),
            Self::Rules => ("rules", "advanced/rules"),
            Self::File => ("config", "advanced/file"),
            Self::Connection => ("connection", "advanced/connection"),
            Self::Danger => ("danger", "advanced/danger"),
        }
    }
}

/// What the pages know beside the shop.
pub struct PageData {
    /// The first synchronisation is over.
    pub first_done: bool,
    /// What keeps any run from being asked for.
    pub obstacle: Option<RunObstacle>,
    /// The runs that the page tells of.
    pub runs: Runs,
    /// Where SARE reports unsubscribes.
    sare_hook: Option<String>,
    /// When the shop last reported anything.
    shop_called: Option<i64>,
    /// When SARE last did.
    sare_called: Option<i64>,
}

impl PageData {
    /// Reads it.
    pub async fn load(app: &App, visit: &Visit) -> Result<Self, Error> {
        let shop = visit.shop.id;
        let first_done = engine::standing(&app.store, shop).await?.first_done;
        let sare = app.store.hook_of(shop, HookKind::Sare).await?;
        let shoper = app.store.hook_of(shop, HookKind::Shoper).await?;
        let (sare_called, token) = sare.map(|(hook, token)| (hook.last_at, token)).unzip();
        let public = app.settings.public_url.as_ref();
        Ok(Self {
            first_done,
            obstacle: app.engine.run_obstacle(&visit.shop).await?,
            runs: Runs::load(app, shop).await?,
            sare_hook: public
                .zip(token)
                .map(|(public, token)| public.sare_hook(token.expose_secret())),
            shop_called: shoper.and_then(|(hook, _)| hook.last_at),
            sare_called: sare_called.flatten(),
        })
    }
}

/// A full synchronisation.
pub async fn force(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, Part::Force, None, None).await
}

/// The rules of unsubscribing.
pub async fn rules(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, Part::Rules, None, None).await
}

/// The configuration as a file.
pub async fn file(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, Part::File, None, None).await
}

/// The connection.
pub async fn connection(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, Part::Connection, None, None).await
}

/// What cannot be undone.
pub async fn danger(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    page(&app, &visit, Part::Danger, None, None).await
}

/// A page, with a form as somebody left it.
pub async fn page(
    app: &App,
    visit: &Visit,
    part: Part,
    choice: Option<Choice>,
    draft: Option<Draft>,
) -> Result<Response, Closed> {
    let done = if choice.is_none() && draft.is_none() {
        visit.done()
    } else {
        ""
    };
    let choice = choice.or_else(|| config_of(&visit.shop).map(|config| Choice::of(&config)));
    let data = PageData::load(app, visit)
        .await
        .map_err(|error| visit.closed(error))?;
    let words = visit.words;
    let content = html! {
        @if let Some(text) = told(visit, done) { (parts::notice(Tone::Good, html! { p { (text) } })) }
        @if matches!(data.obstacle, Some(RunObstacle::NotConnected)) {
            (parts::notice(Tone::Warn, html! {
                p { (words.say("advanced.no-key")) }
                p { a href=(visit.link("connect")) { (words.say("advanced.connect")) } }
            }))
        }
        (menu(visit, part))
        @match part {
            Part::Force => section #force {
                h2 { (words.say("advanced.force")) }
                (force::section(visit, &data))
            },
            Part::Rules => section {
                h2 { (words.say("advanced.rules")) }
                @if let Some(choice) = &choice { (rules::form(visit, choice)) }
                @else { p { (words.say("advanced.force-not-connected")) } }
            },
            Part::File => {
                (parts::card(words.say("advanced.config"), file::section(visit, draft.as_ref())))
                (parts::card(words.say("advanced.history"), html! {
                    p { (words.say("advanced.history-what")) }
                    p { a.button.quiet href=(visit.link("advanced/history")) { (words.say("advanced.history-see")) } }
                }))
            },
            Part::Connection => {
                section {
                    h2 { (words.say("advanced.connection")) }
                    (connected(visit))
                }
                section {
                    h2 { (words.say("advanced.hook")) }
                    (hook(visit, &data))
                }
                section {
                    h2 { (words.say("advanced.technical")) }
                    (technical(visit, &data))
                }
            },
            Part::Danger => (dangers(visit)),
        }
    };
    let title = words.say("advanced.title");
    Ok(layout::page(visit, Head::new("advanced", title), content))
}

fn told(visit: &Visit, done: &str) -> Option<&'static str> {
    let words = visit.words;
    Some(match done {
        "forced" => words.say("advanced.done-forced"),
        "rules" => words.say("advanced.done-rules"),
        "imported" => words.say("advanced.done-imported"),
        "restored" => words.say("advanced.done-restored"),
        "disconnected" => words.say("advanced.done-disconnected"),
        _ => return None,
    })
}

/// The address at which SARE reports unsubscribes, and what to do with it.
fn hook(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    html! {
        p { (words.say("advanced.hook-what")) }
        @match &data.sare_hook {
            Some(address) => {
                div.field {
                    label for="sare-hook" { (words.say("advanced.hook-address")) }
                    div.copied {
                        input id="sare-hook" type="text" readonly value=(address);
                        button.quiet.scripted type="button" data-copy="sare-hook" data-copied=(words.say("advanced.copied")) {
                            (words.say("advanced.copy"))
                        }
                    }
                }
                ol {
                    li { (words.say("advanced.hook-step-1")) }
                    li { (words.say("advanced.hook-step-2")) }
                    li { (words.say("advanced.hook-step-3")) }
                }
                p.soft { (words.say("advanced.hook-secret")) }
            },
            None => p { (words.say("advanced.hook-none")) },
        }
    }
}

/// The pages of this menu. Its entries keep the names that the sections had while all stood on one page, so that old
/// addresses lead to them.
fn menu(visit: &Visit, here: Part) -> Markup {
    let words = visit.words;
    html! {
        nav.parts aria-label=(words.say("advanced.title")) {
            ul {
                @for part in Part::ALL {
                    @let (word, address) = part.place();
                    li id=[(part != Part::Force).then_some(word)] {
                        a href=(visit.link(address)) aria-current=[(part == here).then_some("page")] {
                            (words.say_word("advanced.part", word))
                        }
                    }
                }
            }
        }
    }
}

fn connected(visit: &Visit) -> Markup {
    let words = visit.words;
    let uid = config_of(&visit.shop).map(|config| config.sare.uid);
    html! {
        dl {
            dt { (words.say("advanced.shop")) }
            dd { (visit.shop.host) }
            @if let Some(uid) = uid {
                dt { (words.say("advanced.uid")) }
                dd { (uid) }
            }
        }
        div.actions { a.button href=(visit.link("connect")) { (words.say("advanced.change-key")) } }
    }
}

/// What cannot be undone, or stops everything; each names what is lost, and asks on a page of its own.
fn dangers(visit: &Visit) -> Markup {
    let words = visit.words;
    let disconnect = Danger {
        title: words.say("advanced.disconnect"),
        what: words.say("advanced.disconnect-what"),
        lost: &[
            words.say("advanced.disconnect-goes-key"),
            words.say("advanced.disconnect-goes-sync"),
        ],
        href: &visit.link("advanced/disconnect"),
    };
    let erase = Danger {
        title: words.say("advanced.erase"),
        what: words.say("advanced.erase-what"),
        lost: &lost_by_erasing(words),
        href: &visit.link("advanced/erase"),
    };
    let acts: Vec<Danger<'_>> = match visit.shop.config {
        Some(_) => vec![disconnect, erase],
        None => vec![erase],
    };
    parts::danger_zone(words, words.say_word("advanced.part", "danger"), &acts)
}

fn technical(visit: &Visit, data: &PageData) -> Markup {
    let (words, shop) = (visit.words, &visit.shop);
    let moment = |at: Option<i64>| match at {
        Some(at) => words.moment(at),
        None => words.say("advanced.never").to_owned(),
    };
    let unknown = || words.say("advanced.unknown").to_owned();
    let scopes = shop.scopes.as_deref().filter(|scopes| !scopes.is_empty());
    let scopes = scopes.map(|scopes| scopes.replace(',', ", "));
    html! {
        dl {
            dt { (words.say("advanced.version")) }
            dd { (env!("CARGO_PKG_VERSION")) }
            dt { (words.say("advanced.app-version")) }
            dd { (shop.app_version.map_or_else(unknown, |version| version.to_string())) }
            dt { (words.say("advanced.scopes")) }
            dd { (scopes.unwrap_or_else(unknown)) }
            dt { (words.say("advanced.shop-called")) }
            dd { (moment(data.shop_called)) }
            dt { (words.say("advanced.sare-called")) }
            dd { (moment(data.sare_called)) }
            dt { (words.say("advanced.config-version")) }
            dd { (shop.config_version) }
            dt { (words.say("advanced.shop-id")) }
            dd { (shop.id.0) }
        }
    }
}
