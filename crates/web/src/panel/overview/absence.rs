//! From when to when no server of ours lived, until it has been made up for and for a day after that.

use maud::{Markup, html};

use super::data::{DAY, PageData};
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::panel::times;

/// One that was shorter is made up for without a word.
const WORTH_TELLING_MS: i64 = 60_000;
/// Absences told at most, the newest.
const MOST: usize = 3;

/// The notices; nothing where nothing is to be told.
pub fn of(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    if !data.lane.first_done {
        return html! {};
    }
    let known = data.lane.read_from;
    let told = data.absences.iter().filter(|absence| {
        absence.to - absence.from >= WORTH_TELLING_MS
            && absence.to > visit.shop.created_at
            && (absence.to > known || data.now - absence.to < DAY)
    });
    let told: Vec<_> = told.rev().take(MOST).collect();
    html! {
        @for absence in told.into_iter().rev() {
            @let is_open = absence.to > known;
            (parts::notice(Tone::Info, html! {
                p {
                    strong {
                        (words.say("absence.from")) " " (times::moment(words, absence.from)) " "
                        (words.say("absence.to")) " " (times::moment(words, absence.to)) " "
                        (words.say("absence.away"))
                    }
                }
                @if is_open {
                    p {
                        (words.say("absence.open")) " "
                        @if data.lane.next_sweep_at > data.now {
                            (words.say("absence.by")) " " (times::moment(words, data.lane.next_sweep_at)) "."
                        }
                    }
                } @else {
                    p { (words.say("absence.done")) }
                }
            }))
        }
    }
}
