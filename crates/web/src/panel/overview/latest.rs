//! The newest events of all contacts, in plain words.

use maud::{Markup, html};

use super::data::PageData;
use crate::panel::parts;
use crate::panel::session::Visit;

/// The list.
pub fn of(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    html! {
        section {
            h2 { (words.say("overview.latest")) }
            @if data.latest.is_empty() {
                p { (words.say("overview.no-events")) }
            } @else {
                ul.events {
                    @for line in &data.latest {
                        @let address = data.contacts.get(&line.hash).and_then(|contact| contact.address.as_deref());
                        li {
                            span.when { (words.ago(line.at, data.now)) } " "
                            span {
                                a href=(visit.link(&format!("contacts/{}", line.hash.to_hex()))) {
                                    (parts::address_line(address.unwrap_or_else(|| words.say("overview.no-address"))))
                                }
                            } " "
                            span { (desk::story::entry(line, words)) }
                        }
                    }
                }
            }
        }
    }
}
