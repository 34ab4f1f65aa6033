//! What all pages of the panel have in common: head, menu, and the headers that keep a page to its own shop.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, html};

use super::session::Visit;
use super::{assets, csp};

/// The menu, in its order: a page's word (under `menu` in the texts) and its address.
const MENU: &[(&str, &str)] = &[("overview", "")];

/// What a page says of itself.
pub struct Head {
    /// Its word in the menu.
    pub current: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Where scripts do not run, it is loaded anew from time to time.
    pub changes: bool,
}

/// A page.
pub fn page(visit: &Visit, head: Head, content: Markup) -> Response {
    let Head {
        current,
        title,
        changes,
    } = head;
    let words = visit.words;
    let page = html! {
        (DOCTYPE)
        html lang=(words.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – SARE" }
                @if changes {
                    noscript { meta http-equiv="refresh" content="15"; }
                }
                link rel="stylesheet" href=(*assets::STYLE);
                script src=(*assets::SCRIPT) defer {}
                script src=(csp::SDK) async {}
            }
            body {
                div.page {
                    nav aria-label=(words.say("common.menu")) {
                        ul {
                            @for (word, address) in MENU {
                                li {
                                    a href=(visit.link(address)) aria-current=[(*word == current).then_some("page")] {
                                        (words.say_word("menu", word))
                                    }
                                }
                            }
                        }
                    }
                    main {
                        h1 { (title) }
                        (content)
                    }
                }
            }
        }
    };
    answer(visit, page)
}

/// A piece of a page, fetched by the page itself to stay current.
pub fn piece(visit: &Visit, content: Markup) -> Response {
    answer(visit, content)
}

fn answer(visit: &Visit, content: Markup) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, csp::of_shop(&visit.shop));
    // The origin alone: paths carry the session, and without any referrer browsers would not name the origin of
    // forms either.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}
