//! The first page of a shop that is not connected to SARE yet: what the app does, and two ways on.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use maud::html;
use sync_core::config::Config;

use super::layout::{self, Head};
use super::session::Visit;
use crate::state::App;

/// The page's addresses.
pub fn routes() -> Router<App> {
    Router::new().route("/panel/s/{session}/start", get(show))
}

/// The page; a shop that is connected goes on to where it stands.
async fn show(State(app): State<App>, visit: Visit) -> Response {
    let config = visit.shop.config.as_deref().map(Config::parse);
    match config {
        Some(Ok(parsed)) if parsed.config.customers.enabled || parsed.config.subscribers.enabled => {
            return visit.redirect("");
        }
        Some(Ok(_)) => return visit.redirect("customers"),
        Some(Err(_)) | None => {}
    }
    let words = visit.words;
    let content = html! {
        p.lead { (words.say("start.what")) }
        ul {
            li { (words.say("start.never")) }
            li { (words.say("start.time")) }
        }
        div.doors {
            section {
                h2 { (words.say("start.have")) }
                p { (words.say("start.have-hint")) }
                p { a.button href=(visit.link("connect")) { (words.say("start.configure")) } }
            }
            section {
                h2 { (words.say("start.new")) }
                p #register-hint { (words.say("start.new-hint")) }
                p {
                    a.button.quiet href=(app.settings.sare_register_url) target="_blank" rel="noopener" aria-describedby="register-hint" {
                        (words.say("start.register"))
                    }
                }
            }
        }
    };
    layout::page(
        &visit,
        Head::new("start", words.say("start.title")).alone(),
        content,
    )
}
