//! The numbers of the first page: the three piles, what needs attention, both sides, and how sure all of it is.

use desk::Healer;
use desk::standing::Side;
use maud::{Markup, html};
use store::Outcome;

use super::sight::Sight;
use crate::panel::session::Visit;
use crate::panel::times;
use crate::panel::words::Words;

/// In sync, left out on purpose, failing: each opens its list.
pub fn piles(visit: &Visit, sight: &Sight) -> Markup {
    let words = visit.words;
    let list = |name: &str| visit.link(&format!("contacts?list={name}"));
    let suppressed = sight.with(Outcome::Suppressed);
    let skipped = sight.with(Outcome::Skipped);
    let hands_off = sight.with(Outcome::HandsOff);
    let left_out = [
        (
            "suppressed",
            suppressed,
            words.count("overview.suppressed", suppressed),
        ),
        ("skipped", skipped, words.count("overview.skipped", skipped)),
        (
            "hands-off",
            hands_off,
            words.count("overview.hands-off", hands_off),
        ),
    ];
    let sum = suppressed + skipped + hands_off;
    let failed = sight.with(Outcome::Failed);
    let undecided = sight.with(Outcome::Unknown);
    html! {
        section aria-labelledby="piles" {
            h2 #piles { (words.say("overview.counts")) }
            ul.piles {
                li {
                    a href=(list("synchronised")) {
                        span.big { (words.number(sight.with(Outcome::Synchronised))) }
                        span { (words.say("overview.synchronised")) }
                    }
                    p.soft { (words.count("overview.mailable", sight.counts.mailable)) }
                }
                li {
                    a href=(list("suppressed")) {
                        span.big { (words.number(sum)) }
                        span { (words.say("overview.left-out")) }
                    }
                    @if sum > 0 { ul.soft {
                        @for (name, n, why) in left_out {
                            @if n > 0 { li { a href=(list(name)) { (why) } } }
                        }
                    } }
                }
                li {
                    a href=(list("failed")) {
                        span.big { (words.number(failed)) }
                        span { (words.say("overview.failed")) }
                    }
                    p.soft {
                        @if failed > 0 { a href=(visit.link("problems")) { (words.say("overview.why-failed")) } }
                        @else { (words.say("overview.none-failed")) }
                    }
                }
            }
            p {
                @if sight.counts.dirty > 0 {
                    a href=(list("waiting")) { (words.count("overview.waiting", sight.counts.dirty)) }
                } @else { (words.say("overview.none-waiting")) }
                @if undecided > 0 { " " (words.count("overview.undecided", undecided)) }
            }
        }
    }
}

/// Causes that somebody has to do something about, the largest first.
pub fn attention(visit: &Visit, sight: &Sight) -> Markup {
    let words = visit.words;
    let (alone, asking): (Vec<_>, Vec<_>) = sight
        .problems
        .iter()
        .map(|group| (group, desk::remedy(&group.kind, words.0)))
        .partition(|(_, remedy)| remedy.healer == Healer::Itself);
    let healing: i64 = alone.iter().map(|(group, _)| group.count).sum();
    html! {
        @if !sight.problems.is_empty() {
            section {
                h2 { (words.say("overview.attention")) }
                @if !asking.is_empty() {
                    ul {
                        @for (group, remedy) in asking.iter().take(4) {
                            li {
                                a href=(visit.link(&format!("problems#{}", group.kind))) { (remedy.cause) }
                                " " span.soft { (words.count("overview.matters", group.count)) }
                            }
                        }
                    }
                }
                @if healing > 0 { p.soft { (words.count("overview.healing", healing)) } }
            }
        }
    }
}

/// What there is on both sides, and how they answer.
pub fn sides(visit: &Visit, sight: &Sight) -> Markup {
    let (words, shop) = (visit.words, &visit.shop);
    let last = match shop.last_success_at {
        Some(at) => words.ago(at, sight.now),
        None => words.say("overview.never").to_owned(),
    };
    html! {
        section {
            h2 { (words.say("overview.sides")) }
            div.sides {
                div {
                    h3 { (words.say("overview.shop")) }
                    p.soft { (shop.host) }
                    dl.numbers {
                        dt { (words.say("overview.connection")) }
                        dd {
                            (side(words, sight, words.say_word("shop-side", sight.standing.shop.word()), sight.standing.shop))
                        }
                        dt { (words.say("overview.customers")) }
                        dd { (words.number(sight.counts.customers)) }
                        dt { (words.say("overview.subscribers")) }
                        dd { (words.number(sight.counts.subscribers)) }
                    }
                }
                div {
                    h3 { "SARE" }
                    p.soft { (words.say("overview.mailing")) }
                    dl.numbers {
                        dt { (words.say("overview.connection")) }
                        dd { (side(words, sight, words.say_word("sare-side", sight.standing.sare.word()), sight.standing.sare)) }
                        dt { (words.say("overview.contacts")) }
                        dd { (words.number(sight.counts.contacts)) }
                        dt { (words.say("overview.get-mail")) }
                        dd { (words.number(sight.counts.mailable)) }
                    }
                }
            }
            p.soft { (words.fill("overview.last-success", &[("when", &last)])) }
        }
    }
}

/// How one side stands, and when one that does not answer is asked again.
fn side(words: Words, sight: &Sight, stands: &str, side: Side) -> Markup {
    let again = match side {
        Side::Away(again) if again > sight.now => {
            let again = words.lasting((again - sight.now) / 1000);
            Some(words.fill("overview.again", &[("again", &again)]))
        }
        Side::Away(_) => Some(words.say("overview.again-now").to_owned()),
        _ => None,
    };
    let is_bad = matches!(side, Side::NotConnected | Side::Refuses);
    html! {
        span.state.bad[is_bad] { (stands) }
        @if let Some(again) = again { "; " (again) }
    }
}

/// How sure it is: the last proof, what came by itself and what had to be looked for, and when it is looked next.
pub fn proof(visit: &Visit, sight: &Sight) -> Markup {
    let words = visit.words;
    let told = sight.metered("changed_by_webhook") + sight.metered("changed_by_sare_hook");
    let found = sight.metered("changed_by_look") + sight.metered("changed_by_sweep");
    let all = told + found;
    let sweep = sight.lane.timers.sweep;
    html! {
        section {
            h2 { (words.say("overview.proof")) }
            dl {
                dt { (words.say("overview.audit")) }
                dd {
                    @match &sight.audit {
                        Some(audit) => {
                            (words.fill("overview.audited", &[
                                ("when", &words.ago(audit.at, sight.now)),
                                ("n", &words.number(audit.compared)),
                            ]))
                            " "
                            @if audit.differences == 0 { (words.say("overview.equal")) }
                            @else { strong { (words.count("overview.differ", audit.differences)) } }
                        },
                        None => (words.say("overview.no-audit")),
                    }
                }
                dt { (words.say("overview.caught")) }
                dd {
                    @if all == 0 { (words.say("overview.no-changes")) } @else {
                        meter min="0" max=(all) value=(told) aria-label=(words.say("overview.caught")) {}
                        " "
                        (words.fill("overview.caught-of", &[
                            ("told", &words.number(told)),
                            ("all", &words.number(all)),
                            ("found", &words.number(found)),
                        ]))
                    }
                }
                @if sight.lane.first_done && sight.standing.is_at_work() {
                    dt { (words.say("overview.next-sweep")) }
                    dd {
                        @if sweep > sight.now { (times::moment(words, sweep)) } @else { (words.say("overview.sweep-soon")) }
                    }
                }
            }
            p.soft { (words.say("overview.no-button")) }
        }
    }
}
