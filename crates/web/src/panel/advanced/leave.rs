//! The ways out: disconnecting from SARE, after which one can come back, and erasing everything, after which one begins
//! anew.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use store::{ShopChange, ShopState};

use super::frame::{self, Part};
use super::lost_by_erasing;
use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Confirmation, Danger, Field, Tone};
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// The page of what cannot be undone.
pub async fn show(State(app): State<App>, visit: Visit) -> Result<Response, Closed> {
    frame::page(&app, &visit, Part::Danger, visit.done(), dangers(&visit)).await
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

/// The page before disconnecting.
pub async fn ask_disconnect(visit: Visit) -> Response {
    disconnect_page(&visit, false)
}

/// Drops the key. Without it nothing is done for the shop; what is noted meanwhile waits.
pub async fn disconnect(
    State(app): State<App>,
    Posted { visit, fields }: Posted,
) -> Result<Response, Closed> {
    if !fields.is_on("sure") {
        return Ok(disconnect_page(&visit, true));
    }
    app.store
        .disconnect(visit.shop.id, app.now())
        .await
        .map_err(|error| visit.closed(error))?;
    app.wake.notify_one();
    visit
        .redirect_done(&app, "advanced/danger?done=disconnected")
        .await
}

fn disconnect_page(visit: &Visit, not_ticked: bool) -> Response {
    let words = visit.words;
    let content = html! {
        p.lead { (words.say("advanced.disconnect-what")) }
        (parts::confirmation(visit, Confirmation {
            lost: &[words.say("advanced.disconnect-goes-key"), words.say("advanced.disconnect-goes-sync")],
            stays: &[
                words.say("advanced.disconnect-stays-sare"),
                words.say("advanced.disconnect-stays-config"),
                words.say("advanced.disconnect-stays-refusals"),
            ],
            before: way_back(visit, words.say("advanced.disconnect-return")),
            action: "advanced/disconnect",
            question: html! {
                div.field.wrong[not_ticked] {
                    (parts::checkbox("sure", words.say("advanced.disconnect-sure"), None, false))
                    @if not_ticked { p.error role="alert" { (words.say("advanced.tick")) } }
                }
            },
            act: words.say("advanced.disconnect-now"),
            back: "advanced/danger",
        }))
    };
    let title = words.say("advanced.disconnect");
    layout::page(visit, Head::new("advanced", title), content)
}

/// The page before erasing everything.
pub async fn ask_erase(visit: Visit) -> Response {
    erase_page(&visit, None)
}

/// Erases the shop when its host was typed: as at an uninstallation, our webhooks are taken out of the shop as far as
/// it lets us, then everything goes.
pub async fn erase(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let typed = fields.get("host");
    if !typed.eq_ignore_ascii_case(&visit.shop.host) {
        return Ok(erase_page(&visit, Some(typed)));
    }
    let (shop, now) = (visit.shop.id, app.now());
    let done = async {
        let change = ShopChange {
            state: Some(ShopState::Uninstalling),
            ..ShopChange::default()
        };
        app.store.update_shop(shop, &change, now).await?;
        app.store.end_sessions(shop).await?;
        app.store.wake(shop, now).await
    };
    done.await.map_err(|error: store::Error| visit.closed(error))?;
    app.wake.notify_one();
    tracing::info!(%shop, "the shop's data are being erased, as the merchant asked");
    Ok(Closed::erased(visit.words).into_response())
}

fn erase_page(visit: &Visit, wrong: Option<&str>) -> Response {
    let words = visit.words;
    let host = visit.shop.host.as_str();
    let question = parts::input(
        words,
        Field {
            name: "host",
            label: words.say("advanced.erase-type"),
            hint: Some(&words.fill("advanced.erase-type-hint", &[("host", &host)])),
            error: wrong.map(|_| words.say("advanced.erase-wrong")),
            required: true,
        },
        "text",
        wrong.unwrap_or_default(),
    );
    let content = html! {
        (parts::notice(Tone::Warn, html! { p { (words.say("advanced.erase-what")) } }))
        (parts::confirmation(visit, Confirmation {
            lost: &lost_by_erasing(words),
            stays: &[words.say("advanced.erase-stays-services"), words.say("advanced.erase-stays-licence")],
            before: way_back(visit, words.say("advanced.erase-return")),
            action: "advanced/erase",
            question,
            act: words.say("advanced.erase-now"),
            back: "advanced/danger",
        }))
    };
    let title = words.say("advanced.erase");
    layout::page(visit, Head::new("advanced", title), content)
}

/// How one comes back afterwards, and the configuration to take along.
fn way_back(visit: &Visit, how: &str) -> Markup {
    let words = visit.words;
    parts::card(
        words.say("advanced.return"),
        html! {
            p { (how) }
            @if visit.shop.config.is_some() {
                p { a.button.quiet href=(visit.link("advanced/config.toml")) download { (words.say("advanced.export-first")) } }
            }
        },
    )
}
