//! Consents in the shop that something speaks against: an inactive subscription beside the customer's consent, or an
//! address that SARE has blocked. Nobody of these is mailed until somebody at the shop says that the consent counts.

use std::collections::HashSet;

use maud::{Markup, html};
use store::{AddrHash, ContactFilter, DirtyKey, Reason};

use crate::error::Error;
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::state::App;

/// Contacts a page.
const PAGE: usize = 25;

/// The section; `None` when there are none.
pub async fn section(app: &App, visit: &Visit, after: Option<AddrHash>) -> Result<Option<Markup>, Error> {
    let (words, shop) = (visit.words, visit.shop.id);
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut page = app
        .store
        .contacts_after(shop, after, limit, ContactFilter::Doubted)
        .await?;
    if page.is_empty() && after.is_none() {
        return Ok(None);
    }
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let keys: Vec<DirtyKey> = page
        .iter()
        .map(|contact| DirtyKey::Address(contact.hash))
        .collect();
    let (all, waiting) = tokio::try_join!(app.store.count_doubted(shop), app.store.waiting_of(shop, &keys))?;
    let decided: HashSet<DirtyKey> = waiting
        .iter()
        .filter(|waiting| waiting.reason == Reason::DecideDoubt)
        .map(|waiting| waiting.key)
        .collect();
    let next = page
        .last()
        .filter(|_| more)
        .map(|last| visit.link(&format!("problems?doubts={}#doubts", last.hash.to_hex())));
    let everyone = html! {
        input type="hidden" name="all" value="yes";
        button.quiet type="submit" { (words.say("doubts.decide-all")) }
    };
    Ok(Some(html! {
        section.cause.calm id="doubts" {
            h2 { (words.count("doubts.title", all)) }
            p { (words.say("doubts.text")) }
            div.scroll {
                table {
                    caption.unseen { (words.say("doubts.caption")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("doubts.whom")) }
                            th scope="col" { (words.say("doubts.why")) }
                            th scope="col" { (words.say("doubts.decision")) }
                        }
                    }
                    tbody {
                        @for contact in &page {
                            tr {
                                th scope="row" {
                                    a href=(visit.link(&format!("contacts/{}", contact.hash.to_hex()))) {
                                        (parts::address(contact.address.as_deref().unwrap_or_default()))
                                    }
                                }
                                td { @if let Some(doubt) = contact.doubt { (words.say_word("doubts.cause", doubt.word())) } }
                                td {
                                    @if decided.contains(&DirtyKey::Address(contact.hash)) {
                                        (words.say("doubts.under-way"))
                                    } @else {
                                        (visit.form("problems/decide", html! {
                                            input type="hidden" name="hash" value=(contact.hash.to_hex());
                                            button.quiet type="submit" { (words.say("doubts.decide")) }
                                        }))
                                    }
                                }
                            }
                        }
                    }
                }
            }
            div.actions {
                (visit.form("problems/decide", everyone))
                @if let Some(next) = next { a.button.quiet href=(next) { (words.say("problems.next")) } }
            }
            p.hint { (words.say("doubts.hint")) }
        }
    }))
}
