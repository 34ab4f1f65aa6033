//! Consents in the shop that something speaks against: an inactive subscription beside the customer's consent, or an
//! address that SARE has blocked. Nobody of these is mailed until somebody at the shop says that the consent counts.

use maud::{Markup, html};
use store::{AddrHash, ContactFilter, Reason};

use super::part::Part;
use crate::error::Error;
use crate::panel::parts;
use crate::panel::session::Visit;
use crate::state::App;

/// The section; `None` when there are none.
pub async fn section(app: &App, visit: &Visit, after: Option<AddrHash>) -> Result<Option<Markup>, Error> {
    let (words, shop) = (visit.words, visit.shop.id);
    let filter = ContactFilter::Doubted;
    let Some(part) = Part::read(app, visit, filter, Reason::DecideDoubt, after).await? else {
        return Ok(None);
    };
    let all = app.store.count_doubted(shop).await?;
    let next = part
        .next_after
        .map(|last| visit.link(&format!("problems?doubts={}#doubts", last.to_hex())));
    let everyone = html! {
        input type="hidden" name="all" value="yes";
        button.quiet type="submit" { (words.say("doubts.decide-all")) }
    };
    Ok(Some(html! {
        section.cause.calm id="doubts" {
            h2 {
                @if all > 0 { (words.count("doubts.title", all)) } @else { (words.say("doubts.all-decided")) }
            }
            p { (words.say("doubts.text")) }
            div.scroll {
                table.stacks {
                    caption.unseen { (words.say("doubts.caption")) }
                    thead {
                        tr {
                            th scope="col" { (words.say("doubts.whom")) }
                            th scope="col" { (words.say("doubts.why")) }
                            th scope="col" { (words.say("doubts.decision")) }
                        }
                    }
                    tbody {
                        @for contact in &part.contacts {
                            tr {
                                th scope="row" {
                                    a href=(visit.link(&format!("contacts/{}", contact.hash.to_hex()))) {
                                        (parts::address_line(contact.address.as_deref().unwrap_or_default()))
                                    }
                                }
                                (parts::line_cell(words.say("doubts.why"), contact.doubt.map_or("", |doubt| words.doubt(doubt).short)))
                                (parts::cell(words.say("doubts.decision"), html! {
                                    @if part.is_answered(contact) {
                                        (words.say("doubts.under-way"))
                                    } @else {
                                        (visit.form("problems/decide", html! {
                                            input type="hidden" name="hash" value=(contact.hash.to_hex());
                                            button.quiet type="submit" { (words.say("doubts.decide")) }
                                        }))
                                    }
                                }))
                            }
                        }
                    }
                }
            }
            div.actions {
                @if all > 0 { (visit.form("problems/decide", everyone)) }
                @if let Some(next) = next { a.button.quiet href=(next) { (words.say("problems.next")) } }
            }
            p.hint { (words.say("doubts.hint")) }
        }
    }))
}
