//! What all pages of the panel have in common: head, menu, and the headers that keep a page to its own shop.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, html};
use texts::Words;

use super::csp;
use super::icons::{icon, sprite};
use super::parts::{Step, stepper};
use super::session::Visit;

/// The menu, in its order: a page's word (under `menu` in the texts) and its address.
const MENU: &[(&str, &str)] = &[
    ("overview", ""),
    ("customers", "customers"),
    ("subscribers", "subscribers"),
    ("contacts", "contacts"),
    ("unsubscribes", "unsubscribes"),
    ("problems", "problems"),
    ("advanced", "advanced"),
    ("help", "help"),
];

/// What a page says of itself.
pub struct Head<'a> {
    /// Its word in the menu, or its address where the menu does not name it.
    pub current: &'static str,
    pub title: &'a str,
    /// Where scripts do not run, it is loaded anew from time to time.
    pub changes: bool,
    /// Whether the menu is shown: a shop without an account has nowhere else to go yet.
    pub has_menu: bool,
    /// The page's own scripts beside the common one, as `assets` names them.
    pub scripts: &'static [&'static str],
    /// Where scripts do not run, the address that takes its place at once: it is answered when a service has spoken.
    pub next: Option<String>,
}

impl<'a> Head<'a> {
    /// A page that stays as it is.
    pub fn new(current: &'static str, title: &'a str) -> Self {
        Self {
            current,
            title,
            changes: false,
            has_menu: true,
            scripts: &[],
            next: None,
        }
    }

    /// A page that shows what changes by itself.
    pub fn changing(mut self) -> Self {
        self.changes = true;
        self
    }

    /// A page without the menu.
    pub fn alone(mut self) -> Self {
        self.has_menu = false;
        self
    }

    /// A page that is shown while another one, which takes a while, is fetched.
    pub fn before(mut self, next: String) -> Self {
        self.next = Some(next);
        self
    }

    /// A page with scripts of its own.
    pub fn with_scripts(mut self, scripts: &'static [&'static str]) -> Self {
        self.scripts = scripts;
        self
    }
}

pub fn page(visit: &Visit, head: Head<'_>, content: Markup) -> Response {
    let words = visit.words;
    let page = html! {
        (DOCTYPE)
        html lang=(words.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (head.title) " – SARE" }
                @if head.changes {
                    noscript { meta http-equiv="refresh" content="15"; }
                }
                @if let Some(next) = &head.next {
                    noscript { meta http-equiv="refresh" content={ "0; url=" (next) }; }
                }
                link rel="stylesheet" href=(visit.asset("panel.css"));
                script src=(visit.asset("panel.js")) defer {}
                @for script in head.scripts {
                    script src=(visit.asset(script)) defer {}
                }
                script src=(csp::SDK) async {}
            }
            body data-unsaved=(words.say("common.unsaved")) data-shop=(visit.shop.id.0) {
                a.skip href="#content" { (words.say("common.skip")) }
                (sprite())
                (told(words))
                div.page.alone[!head.has_menu || !visit.has_begun] {
                    @if head.has_menu && visit.has_begun { (menu(visit, head.current)) }
                    main #content tabindex="-1" {
                        @if head.has_menu && !visit.has_begun { (first_steps(visit, head.current)) }
                        h1 { (head.title) }
                        (content)
                    }
                }
                footer { (language(visit, head.current)) }
            }
        }
    };
    answer(visit, page)
}

/// What the page's script tells, one at a time: that the server is away or the session over, and what became of what was
/// typed (`static/away.js`).
fn told(words: Words) -> Markup {
    html! {
        div #told role="status" {
            p #offline.notice.warn hidden { (words.say("common.offline")) }
            p #unsent.notice.warn hidden { (words.say("common.unsent")) }
            p #back-again.notice.good hidden { (words.say("common.back-again")) }
            p #ended.notice.warn hidden {
                (words.say("closed.session")) " "
                span #ended-kept hidden { (words.say("common.ended-kept")) }
            }
            p #kept.notice.info hidden { (words.say("common.kept")) " " a #kept-page href="" {} }
            p #restored.notice.info hidden { (words.say("common.restored")) }
        }
    }
}

fn menu(visit: &Visit, current: &str) -> Markup {
    let words = visit.words;
    html! {
        nav aria-label=(words.say("common.menu")) {
            ul {
                @for (word, address) in MENU {
                    li {
                        @let to_solve = if *word == "problems" { visit.to_solve } else { 0 };
                        a href=(visit.link(address)) aria-current=[(*word == current).then_some("page")]
                            aria-describedby=[(to_solve > 0).then_some("to-solve")] {
                            (icon(word))
                            span { (words.say_word("menu", word)) }
                            @if to_solve > 0 { span.count aria-hidden="true" { (to_solve) } }
                        }
                        @if to_solve > 0 { span #to-solve.unseen { (words.fill("common.to-solve", &[("n", &to_solve)])) } }
                    }
                }
            }
        }
    }
}

/// The way to the first synchronisation, and the pages that may be wanted on it: a page's word and its address.
const STEPS: [(&str, &str); 4] = [
    ("connect", "connect"),
    ("customers", "customers"),
    ("subscribers", "subscribers"),
    ("launch", "launch"),
];
const ASIDE: [&str; 5] = ["overview", "contacts", "problems", "advanced", "help"];

/// Until the first synchronisation is over: the steps to it in place of the menu, which would lead to empty pages.
fn first_steps(visit: &Visit, current: &str) -> Markup {
    let words = visit.words;
    let config = visit.config();
    let is_done = |step: &str| match (step, &config) {
        ("connect", config) => config.is_some(),
        ("customers", Some(config)) => config.customers.enabled,
        ("subscribers", Some(config)) => config.subscribers.enabled,
        _ => false,
    };
    let steps = STEPS.map(|(step, address)| Step {
        name: words.say_word("steps", step),
        href: (step == "connect" || config.is_some()).then(|| visit.link(address)),
        is_done: is_done(step),
        is_current: step == current,
    });
    let aside = html! {
        @if config.is_some() {
            ul {
                @for (word, address) in MENU.iter().filter(|(word, _)| ASIDE.contains(word)) {
                    li {
                        a href=(visit.link(address)) aria-current=[(*word == current).then_some("page")] {
                            (words.say_word("menu", word))
                        }
                    }
                }
            }
        }
    };
    stepper(words, words.say("common.steps"), &steps, aside)
}

/// A button to the other language, on the same page.
fn language(visit: &Visit, current: &str) -> Markup {
    let of_menu = || {
        let found = MENU.iter().find(|(word, _)| *word == current);
        found.map_or(current, |(_, address)| address)
    };
    let page = visit.here().unwrap_or_else(of_menu);
    let (other, tag) = match visit.words.tag() {
        "pl" => ("en", "en"),
        _ => ("pl", "pl"),
    };
    visit.form(
        "language",
        html! {
            input type="hidden" name="page" value=(page);
            button.link type="submit" name="locale" value=(other) lang=(tag) { (visit.words.say("common.language")) }
        },
    )
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
