//! One unsubscribe in words, for the page and for the file.

use maud::{Markup, html};
use store::{Contact, Direction, Unsubscribe};
use sync_core::Told;
use texts::Words;

use crate::panel::parts;
use crate::panel::session::Visit;
use crate::panel::times;

/// A row of the table.
pub fn of(visit: &Visit, one: &Unsubscribe, direction: Direction, contact: Option<&Contact>) -> Markup {
    let words = visit.words;
    let address = contact.and_then(|contact| contact.address.as_deref());
    let other = match direction {
        Direction::ToSare => words.say("unsubscribes.sare-knew"),
        Direction::ToShop => words.say("unsubscribes.shop-knew"),
    };
    let why = match found_by(words, one) {
        Some(found) => format!("{} · {found}", cause(words, one)),
        None => cause(words, one).to_owned(),
    };
    let after = match one.ended_at {
        Some(at) => format!("{} · {}", ended(words, one), words.moment(at)),
        None => ended(words, one).to_owned(),
    };
    html! {
        tr {
            (parts::time_cell(words.say("unsubscribes.when"), html! { (times::moment(words, one.at)) }))
            th scope="row" {
                a href=(visit.link(&format!("contacts/{}", one.hash.to_hex()))) {
                    (parts::address_line(address.unwrap_or_else(|| words.say("unsubscribes.no-address"))))
                }
            }
            (parts::line_cell(words.say("unsubscribes.why"), &why))
            (parts::line_cell(other, &told(words, one, direction)))
            (parts::line_cell(words.say("unsubscribes.after"), &after))
        }
    }
}

/// What happened.
pub fn cause(words: Words, one: &Unsubscribe) -> &'static str {
    words.refusal(one.cause, one.status)
}

/// What made us look.
pub fn found_by(words: Words, one: &Unsubscribe) -> Option<&'static str> {
    one.found_by.map(|reason| words.reason(reason))
}

/// How and after how long the other side learnt of it.
pub fn told(words: Words, one: &Unsubscribe, direction: Direction) -> String {
    match (one.told, one.told_at, direction) {
        (Some(Told::Told), Some(at), _) => words.fill(
            "unsubscribes.after-time",
            &[("time", &words.lasting((at - one.at) / 1000))],
        ),
        (Some(Told::Nothing), _, Direction::ToSare) => words.say("unsubscribes.sare-nothing").to_owned(),
        (Some(Told::Nothing), _, Direction::ToShop) => words.say("unsubscribes.shop-nothing").to_owned(),
        (Some(_), _, Direction::ToSare) => words.say("unsubscribes.sare-kept").to_owned(),
        (Some(_), _, Direction::ToShop) => words.say("unsubscribes.shop-kept").to_owned(),
        (None, ..) if one.ended.is_some() => words.say("unsubscribes.overtaken").to_owned(),
        (None, ..) => words.say("unsubscribes.waits").to_owned(),
    }
}

/// What came after.
pub fn ended(words: Words, one: &Unsubscribe) -> &'static str {
    match one.ended {
        Some(ended) => words.say_word("unsubscribe-ended", ended.word()),
        None => words.say("unsubscribes.stands"),
    }
}
