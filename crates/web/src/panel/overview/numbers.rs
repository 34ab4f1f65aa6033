//! The numbers of the first page: the three piles, what needs attention, both sides, and how sure all of it is.

use desk::standing::Side;
use maud::{Markup, html};
use store::Outcome;
use sync_core::Healer;
use texts::Words;

use super::data::PageData;
use super::standing;
use crate::panel::parts::{self, Stat};
use crate::panel::session::Visit;
use crate::panel::times;

/// In sync, left out on purpose, failing: each opens its list.
pub fn piles(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let list = |name: &str| visit.link(&format!("contacts?list={name}"));
    let suppressed = data.with(Outcome::Suppressed);
    let skipped = data.with(Outcome::Skipped);
    let hands_off = data.with(Outcome::HandsOff);
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
    let failed = data.with(Outcome::Failed);
    let undecided = data.with(Outcome::Unknown);
    html! {
        section.plain aria-labelledby="piles" {
            h2.unseen #piles { (words.say("overview.counts")) }
            (parts::stats(html! {
                (parts::stat(Stat {
                    number: &words.number(data.with(Outcome::Synchronised)),
                    label: words.say("overview.synchronised"),
                    href: &list("synchronised"),
                    more: html! { p.soft { (words.count("overview.mailable", data.counts.mailable)) } },
                }))
                (parts::stat(Stat {
                    number: &words.number(sum),
                    label: words.say("overview.left-out"),
                    href: &list("suppressed"),
                    more: html! {
                        @if sum > 0 { ul.soft {
                            @for (name, n, why) in left_out {
                                @if n > 0 { li { a href=(list(name)) { (why) } } }
                            }
                        } }
                    },
                }))
                (parts::stat(Stat {
                    number: &words.number(failed),
                    label: words.say("overview.failed"),
                    href: &list("failed"),
                    more: html! {
                        p.soft {
                            @if failed > 0 { a href=(visit.link("problems")) { (words.say("overview.why-failed")) } }
                            @else if data.counts.contacts > 0 && data.problems.is_empty() { (words.say("overview.none-failed")) }
                        }
                    },
                }))
            }))
            @if data.counts.dirty > 0 || undecided > 0 {
                p {
                    @if data.counts.dirty > 0 { a href=(list("waiting")) { (words.count("overview.waiting", data.counts.dirty)) } " " }
                    @if undecided > 0 { (words.count("overview.undecided", undecided)) }
                }
            }
        }
    }
}

/// Causes that somebody has to do something about, the largest first.
pub fn attention(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let (alone, asking): (Vec<_>, Vec<_>) = data
        .problems
        .iter()
        .partition(|group| group.kind.healer() == Healer::Itself);
    let healing: i64 = alone.iter().map(|group| group.count).sum();
    html! {
        @if !data.problems.is_empty() {
            section.attention {
                h2 { (words.say("overview.attention")) }
                @if !asking.is_empty() {
                    ul {
                        @for group in asking.iter().take(4) {
                            li {
                                a href=(visit.link(&format!("problems#{}", group.kind))) { (words.problem_group(group.kind, group.count)) }
                            }
                        }
                    }
                }
                @if healing > 0 { p.soft { (words.count("overview.healing", healing)) } }
            }
        }
    }
}

/// Both connections, the comparison of both sides, and the button that pauses everything, in one line; what is behind
/// them beneath.
pub fn line(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let (shop, sare) = (data.standing.shop, data.standing.sare);
    html! {
        section.line {
            dl.states {
                div {
                    dt { (words.say("overview.shop")) }
                    dd { (side(words, data, words.say_word("shop-side", shop.word()), shop)) }
                }
                div {
                    dt { "SARE" }
                    dd { (side(words, data, words.say_word("sare-side", sare.word()), sare)) }
                }
                div {
                    dt { (words.say("overview.proof")) }
                    dd {
                        @match &data.audit {
                            Some(audit) if audit.differences == 0 => span.state.good { (words.say("overview.equal")) },
                            Some(audit) => span.state.bad { (words.count("overview.differ", audit.differences)) },
                            None => span.state { (words.say("overview.never")) },
                        }
                    }
                }
            }
            (pause(visit, data))
            (behind(visit, data))
        }
    }
}

fn pause(visit: &Visit, data: &PageData) -> Markup {
    let words = visit.words;
    let (answer, label) = if visit.shop.paused {
        ("no", words.say("overview.resume"))
    } else {
        ("yes", words.say("overview.pause"))
    };
    let is_quiet = !visit.shop.paused || standing::leads_on(visit, data);
    let button = html! {
        button.quiet[is_quiet] #pause type="submit" name="paused" value=(answer) title=(words.say("overview.pause-hint")) {
            (label)
        }
    };
    html! { div.pause { (visit.form("overview/pause", button)) } }
}

/// What there is on both sides, how sure it is, what came by itself, and when it is looked next.
fn behind(visit: &Visit, data: &PageData) -> Markup {
    let (words, shop) = (visit.words, &visit.shop);
    let last = match shop.last_success_at {
        Some(at) => words.ago(at, data.now),
        None => words.say("overview.never").to_owned(),
    };
    // Before the shop was read nobody knows how many it has.
    let met = |n: i64| match n {
        0 if !data.lane.first_done => "–".to_owned(),
        n => words.number(n),
    };
    let told = data.metered("changed_by_webhook") + data.metered("changed_by_sare_hook");
    let all = told + data.metered("changed_by_look") + data.metered("changed_by_sweep");
    let sweep = data.lane.next_sweep_at;
    let is_kept = data.lane.first_done && data.standing.is_at_work();
    html! {
        details #behind {
            summary { (words.say("overview.details")) }
            div.sides {
                div {
                    h3 { (words.say("overview.shop")) " " span.soft { (shop.host) } }
                    dl.numbers {
                        dt { (words.say("overview.customers")) }
                        dd { (met(data.counts.customers)) }
                        dt { (words.say("overview.subscribers")) }
                        dd { (met(data.counts.subscribers)) }
                    }
                }
                div {
                    h3 { "SARE" }
                    dl.numbers {
                        dt { (words.say("overview.contacts")) }
                        dd { (words.number(data.counts.contacts)) }
                        dt { (words.say("overview.get-mail")) }
                        dd { (words.number(data.counts.mailable)) }
                    }
                }
            }
            dl {
                dt { (words.say("overview.audit")) }
                dd {
                    @match &data.audit {
                        Some(audit) => (words.fill("overview.audited", &[
                            ("when", &words.ago(audit.at, data.now)),
                            ("n", &words.number(audit.compared)),
                        ])),
                        None => (words.say("overview.no-audit")),
                    }
                }
                dt { (words.say("overview.caught")) }
                dd {
                    @if all == 0 { (words.say("overview.no-changes")) } @else {
                        (words.fill("overview.caught-of", &[("told", &words.number(told)), ("all", &words.number(all))]))
                    }
                }
                @if is_kept {
                    dt { (words.say("overview.next-sweep")) }
                    dd { @if sweep > data.now { (times::moment(words, sweep)) } @else { (words.say("overview.sweep-soon")) } }
                }
            }
            p.soft { (words.fill("overview.last-success", &[("when", &last)])) }
            p.soft {
                @if is_kept { (words.say("overview.no-button")) " " }
                @if !shop.paused { (words.say("overview.pause-hint")) }
            }
        }
    }
}

/// How one side stands, and when one that does not answer is asked again.
fn side(words: Words, data: &PageData, stands: &str, side: Side) -> Markup {
    let again = match side {
        Side::Away(again) if again > data.now => {
            let again = words.lasting((again - data.now) / 1000);
            Some(words.fill("overview.again", &[("again", &again)]))
        }
        Side::Away(_) => Some(words.say("overview.again-now").to_owned()),
        _ => None,
    };
    let is_bad = matches!(side, Side::NotConnected | Side::Refuses);
    let is_good = matches!(side, Side::Answers);
    html! {
        span.state.bad[is_bad].good[is_good] { (stands) }
        @if let Some(again) = again { "; " (again) }
    }
}
