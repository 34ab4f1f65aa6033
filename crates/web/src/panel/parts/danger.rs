//! What cannot be undone: it stands apart, and names what is lost before it asks.

use maud::{Markup, html};
use texts::Words;

use crate::panel::session::Visit;

/// One act of a danger zone, which asks on a page of its own.
pub struct Danger<'a> {
    pub title: &'a str,
    /// What it does.
    pub what: &'a str,
    /// What is lost by it.
    pub lost: &'a [&'a str],
    /// The page that asks.
    pub href: &'a str,
}

/// Acts that cannot be undone, apart from everything else.
pub fn danger_zone(words: Words, title: &str, acts: &[Danger<'_>]) -> Markup {
    html! {
        section.danger aria-labelledby="danger-zone" {
            h2 #danger-zone { (title) }
            @for act in acts {
                div {
                    h3 { (act.title) }
                    p { (act.what) }
                    p { strong { (words.say("common.lost")) ":" } }
                    (list(act.lost))
                    p { a.button.danger href=(act.href) { (act.title) } }
                }
            }
        }
    }
}

/// A page that asks whether something is to be done that cannot be undone.
pub struct Confirmation<'a> {
    /// What is lost.
    pub lost: &'a [&'a str],
    /// What stays.
    pub stays: &'a [&'a str],
    /// What helps before, or the way back afterwards.
    pub before: Markup,
    /// Where the answer goes.
    pub action: &'a str,
    /// What has to be ticked or typed.
    pub question: Markup,
    /// What the button says.
    pub act: &'a str,
    /// The page of whoever decides otherwise.
    pub back: &'a str,
}

/// What is lost and what stays, the question, and both ways on.
pub fn confirmation(visit: &Visit, confirmation: Confirmation<'_>) -> Markup {
    let words = visit.words;
    html! {
        div.columns {
            section.lost {
                h2 { (words.say("common.lost")) }
                (list(confirmation.lost))
            }
            section {
                h2 { (words.say("common.stays")) }
                (list(confirmation.stays))
            }
        }
        (confirmation.before)
        section.danger {
            (visit.form(confirmation.action, html! {
                (confirmation.question)
                div.actions {
                    button.danger type="submit" { (confirmation.act) }
                    a.button.quiet href=(visit.link(confirmation.back)) { (words.say("common.back")) }
                }
            }))
        }
    }
}

fn list(all: &[&str]) -> Markup {
    html! { ul { @for one in all { li { (one) } } } }
}
