//! From when to when no server of ours lived, until it has been made up for and for a day after that.

use maud::{Markup, html};

use super::sight::{DAY, Sight};
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::panel::times;

/// Absences told at most, the newest.
const MOST: usize = 3;

/// The notices; nothing where nothing is to be told.
pub fn of(visit: &Visit, sight: &Sight) -> Markup {
    let words = visit.words;
    if !sight.lane.first_done {
        return html! {};
    }
    let known = sight.lane.read_from;
    let told = sight.absences.iter().filter(|absence| {
        absence.to > visit.shop.created_at && (absence.to > known || sight.now - absence.to < DAY)
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
                        @if sight.lane.timers.sweep > sight.now {
                            (words.say("absence.by")) " " (times::moment(words, sight.lane.timers.sweep)) "."
                        }
                    }
                } @else {
                    p { (words.say("absence.done")) }
                }
            }))
        }
    }
}
