//! What a beginning of an address, or a domain, finds.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::html;
use store::{AddrHash, Contact, SearchKey};

use super::lists::{self, PAGE, Row};
use crate::error::Error;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// Contacts looked at for one search: each address is decrypted.
const MOST: i64 = 2_000;

/// By what `typed`, which is no whole address, finds contacts; nothing where it is too short to.
fn keys(typed: &str) -> Vec<SearchKey<'_>> {
    if let Some(domain) = typed.strip_prefix('@') {
        return if domain.is_empty() {
            Vec::new()
        } else {
            vec![SearchKey::Domain(domain)]
        };
    }
    if typed.chars().count() < SearchKey::LEAST {
        return Vec::new();
    }
    let mut keys = vec![SearchKey::Beginning(typed)];
    if !typed.contains('@') && typed.contains('.') {
        keys.push(SearchKey::Domain(typed));
    }
    keys
}

/// Whether anything can be looked for by it.
pub fn is_enough(typed: &str) -> bool {
    !keys(typed.trim()).is_empty()
}

/// What is found, in the order of addresses, and whether there may be more.
async fn found(app: &App, visit: &Visit, typed: &str) -> Result<(Vec<Contact>, bool), Error> {
    let (mut all, mut is_cut) = (BTreeMap::<AddrHash, Contact>::new(), false);
    for key in keys(typed.trim()) {
        let (found, cut) = app.store.search_contacts(visit.shop.id, key, MOST).await?;
        is_cut |= cut;
        all.extend(found.into_iter().map(|contact| (contact.hash, contact)));
    }
    let mut all: Vec<Contact> = all.into_values().collect();
    lists::sort_by_address(&mut all);
    Ok((all, is_cut))
}

/// Everything that is found, as rows.
///
/// # Errors
/// When the ledger cannot be asked.
pub async fn all(app: &App, visit: &Visit, typed: &str) -> Result<Vec<Row>, Error> {
    let (contacts, _) = found(app, visit, typed).await?;
    Ok(lists::slice(app, visit, contacts, 0, usize::MAX).await?.rows)
}

/// The page of what is found, from a number on.
///
/// # Errors
/// When the ledger cannot be asked.
pub async fn page(app: &App, visit: &Visit, typed: &str, from: usize) -> Result<Response, Error> {
    let words = visit.words;
    let (contacts, is_cut) = found(app, visit, typed).await?;
    let is_whole = app.store.is_searchable(visit.shop.id).await?;
    let n = i64::try_from(contacts.len()).unwrap_or(i64::MAX);
    let part = lists::slice(app, visit, contacts, from, PAGE).await?;
    let title = words.fill("contacts.found-title", &[("what", &typed)]);
    let again = |from: usize, text: &str| {
        visit.form(
            "contacts/find",
            html! {
                input type="hidden" name="email" value=(typed);
                input type="hidden" name="from" value=(from);
                button.quiet type="submit" { (text) }
            },
        )
    };
    let content = html! {
        (lists::search(visit, typed, None))
        section {
            h2 { (title) }
            @if !is_whole { (parts::notice(Tone::Info, html! { p { (words.say("contacts.not-searchable")) } })) }
            @if part.rows.is_empty() {
                p { (words.say("contacts.found-nobody")) }
            } @else {
                p { (words.count("contacts.found", n)) }
                @if is_cut { p.hint { (words.fill("contacts.found-cut", &[("n", &words.number(MOST))])) } }
                div.list-tools {
                    (visit.form("contacts/file", html! {
                        input type="hidden" name="email" value=(typed);
                        button.quiet type="submit" { (words.say("contacts.file")) }
                    }))
                }
                (lists::table(visit, &title, &part.rows))
                div.actions {
                    @if from > 0 { (again(from.saturating_sub(PAGE), words.say("contacts.previous"))) }
                    @if part.next.is_some() { (again(from + PAGE, words.say("contacts.next"))) }
                }
            }
            p { a href=(visit.link("contacts")) { (words.say("contacts.back")) } }
        }
    };
    Ok(layout::page(
        visit,
        Head::new("contacts", words.say("contacts.title")),
        content,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_beginning_a_domain_or_either() {
        use SearchKey::{Beginning, Domain};
        for (typed, meant) in [
            ("", vec![]),
            ("an", vec![]),
            ("@", vec![]),
            ("ann", vec![Beginning("ann")]),
            ("anna@ex", vec![Beginning("anna@ex")]),
            ("@example.com", vec![Domain("example.com")]),
            ("a.b", vec![Beginning("a.b"), Domain("a.b")]),
        ] {
            assert_eq!(keys(typed), meant, "{typed}");
        }
    }
}
