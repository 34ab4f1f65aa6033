//! Unsubscribes in both directions: when, why, how long until the other side knew, and what came after. The page that
//! a data-protection officer asks for; `export.rs` gives it as a file.

mod export;
mod row;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use ports::Millis;
use serde::Deserialize;
use store::{AddrHash, Contact, Direction, Unsubscribe};
use sync_core::config::Config;
use texts::Words;

use super::closed::Closed;
use super::layout::{self, Head};
use super::parts::{self, Field};
use super::session::Visit;
use crate::error::Error;
use crate::state::App;

/// Entries a page of each list.
const PAGE: usize = 25;
/// A day in the ledger's unit.
const DAY: Millis = 86_400_000;
/// How far back can be asked, in days; 0 is from the beginning.
const SPANS: [i64; 5] = [7, 30, 90, 365, 0];

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/panel/s/{session}/unsubscribes", get(show))
        .route("/panel/s/{session}/unsubscribes/export", post(export::file))
}

/// What part is asked for.
#[derive(Deserialize)]
struct Asked {
    days: Option<i64>,
    /// Where the page of each list begins.
    sare: Option<i64>,
    shop: Option<i64>,
}

/// Days that are asked for, where they are among those offered.
fn span(days: Option<i64>) -> i64 {
    days.filter(|days| SPANS.contains(days)).unwrap_or(30)
}

/// The moment from which on so many days are shown.
fn since(days: i64, now: Millis) -> Millis {
    if days == 0 { 0 } else { now - days * DAY }
}

/// One list as it is shown.
struct List {
    direction: Direction,
    all: i64,
    rows: Vec<Unsubscribe>,
    contacts: HashMap<AddrHash, Contact>,
    next: Option<i64>,
}

impl List {
    async fn read(
        app: &App,
        visit: &Visit,
        direction: Direction,
        before: Option<i64>,
        since: Millis,
    ) -> Result<Self, Error> {
        let shop = visit.shop.id;
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let (all, mut rows) = tokio::try_join!(
            app.store.count_unsubscribes(shop, direction, since),
            app.store.unsubscribes(shop, direction, before, since, limit),
        )?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let hashes: Vec<AddrHash> = rows.iter().map(|row| row.hash).collect();
        Ok(Self {
            direction,
            all,
            contacts: app.store.contacts(shop, &hashes).await?,
            next: rows.last().filter(|_| more).map(|last| last.seq),
            rows,
        })
    }
}

async fn show(State(app): State<App>, visit: Visit, Query(asked): Query<Asked>) -> Result<Response, Closed> {
    let words = visit.words;
    let days = span(asked.days);
    let since = since(days, app.now());
    let failed = |error: Error| visit.closed(error);
    let (to_sare, to_shop) = tokio::try_join!(
        List::read(&app, &visit, Direction::ToSare, asked.sare, since),
        List::read(&app, &visit, Direction::ToShop, asked.shop, since),
    )
    .map_err(failed)?;
    let config = visit
        .shop
        .config
        .as_deref()
        .and_then(|text| Config::parse(text).ok());
    let tells_shop = config.is_none_or(|parsed| parsed.config.unsubscribe.to_shoper);
    let export = html! {
        input type="hidden" name="days" value=(days);
        button.quiet type="submit" { (words.say("unsubscribes.export")) }
    };
    let field = Field {
        name: "days",
        label: words.say("unsubscribes.days"),
        ..Field::default()
    };
    let spans: Vec<(String, String)> = SPANS
        .iter()
        .map(|span| (span.to_string(), span_text(words, *span)))
        .collect();
    let content = html! {
        p { (words.say("unsubscribes.intro")) }
        (parts::toolbar(html! {
            form method="get" action=(visit.link("unsubscribes")) {
                (parts::select(words, field, &spans, &days.to_string()))
                button.quiet type="submit" { (words.say("unsubscribes.show")) }
            }
            (visit.form("unsubscribes/export", export))
        }))
        (section(&visit, &to_sare, days, true))
        (section(&visit, &to_shop, days, tells_shop))
        p.hint { (words.say("unsubscribes.kept")) }
    };
    Ok(layout::page(
        &visit,
        Head::new("unsubscribes", words.say("unsubscribes.title")),
        content,
    ))
}

fn span_text(words: Words, days: i64) -> String {
    match days {
        0 => words.say("unsubscribes.all-days").to_owned(),
        n => words.count("unsubscribes.last-days", n),
    }
}

fn section(visit: &Visit, list: &List, days: i64, is_told: bool) -> Markup {
    let words = visit.words;
    let (title, text, other, word) = match list.direction {
        Direction::ToSare => (
            words.say("unsubscribes.to-sare"),
            words.say("unsubscribes.to-sare-text"),
            words.say("unsubscribes.sare-knew"),
            "sare",
        ),
        Direction::ToShop => (
            words.say("unsubscribes.to-shop"),
            words.say("unsubscribes.to-shop-text"),
            words.say("unsubscribes.shop-knew"),
            "shop",
        ),
    };
    let next = list
        .next
        .map(|next| visit.link(&format!("unsubscribes?days={days}&{word}={next}#{word}")));
    html! {
        section id=(word) {
            h2 { (title) " (" (words.number(list.all)) ")" }
            p { (text) }
            @if !is_told { p { strong { (words.say("unsubscribes.not-told")) } } }
            @if list.rows.is_empty() { p { (words.say("unsubscribes.none")) } } @else {
                div.scroll {
                    table.stacks {
                        caption.unseen { (title) }
                        thead {
                            tr {
                                th scope="col" { (words.say("unsubscribes.when")) }
                                th scope="col" { (words.say("unsubscribes.whom")) }
                                th scope="col" { (words.say("unsubscribes.why")) }
                                th scope="col" { (other) }
                                th scope="col" { (words.say("unsubscribes.after")) }
                            }
                        }
                        tbody {
                            @for one in &list.rows { (row::of(visit, one, list.direction, list.contacts.get(&one.hash))) }
                        }
                    }
                }
            }
            @if let Some(next) = next { p { a.button.quiet href=(next) { (words.say("unsubscribes.older")) } } }
        }
    }
}
