//! A run under way, with its stages, what is left and what it waits for; and the last one's receipt, which adds up.

use std::cmp::Ordering;

use engine::{Body, Phase};
use maud::{Markup, html};
use store::{Run, RunKind, RunState};
use texts::Words;

use super::data::PageData;
use crate::panel::parts::{self, Stage};
use crate::panel::session::Visit;

/// The run that goes on.
pub fn under_way(visit: &Visit, data: &PageData) -> Markup {
    data.active
        .as_ref()
        .map_or_else(|| html! {}, |run| active(visit, data, run))
}

/// The receipt of the last run, while none goes on.
pub fn last(visit: &Visit, data: &PageData) -> Markup {
    match (&data.active, &data.last) {
        (None, Some(run)) => receipt(visit.words, data, run),
        _ => html! {},
    }
}

/// Stages as people see them; those of a run's phases that are one to them stand together.
fn stage(phase: Phase) -> usize {
    match phase {
        Phase::Counting => 0,
        Phase::Subscribers => 1,
        Phase::Customers => 2,
        Phase::Remaining | Phase::Missing => 3,
        Phase::Applying => 4,
        Phase::Finished => 5,
    }
}

fn active(visit: &Visit, data: &PageData, run: &Run) -> Markup {
    let words = visit.words;
    let body = Body::parse(&run.body);
    let now = stage(body.phase);
    let stages = [
        words.say("progress.count"),
        words.say("progress.subscribers"),
        words.say("progress.customers"),
        words.say("progress.check"),
        words.say("progress.send"),
    ];
    let place = |at: usize| match at.cmp(&now) {
        Ordering::Less => Stage::Done,
        Ordering::Equal => Stage::Current,
        Ordering::Greater => Stage::Ahead,
    };
    let stages: Vec<(&str, Stage)> = stages
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, place(at)))
        .collect();
    // What stops everything stops a run too, whatever its own state says.
    let is_at_work = data.standing.is_at_work();
    let is_busy = is_at_work && run.state != RunState::Braked;
    let state = match run.state {
        RunState::Queued | RunState::Running if !is_at_work => words.say("progress.stopped"),
        state => words.run_state(state),
    };
    let still = engine::stalled_since(run, visit.shop.last_success_at, data.now).filter(|_| is_busy);
    let is_still = still.is_some();
    let total = body.total.filter(|total| *total > 0);
    html! {
        section {
            h2 { (words.run_kind(run.kind)) ": " (state) }
            div data-busy[is_busy] {
                (parts::stages(words, &stages))
                @match total {
                    Some(total) => {
                        (parts::progress(body.done, Some(total), &words.fill("progress.label", &[("phase", &words.say_word("phase", body.phase.word()))])))
                        p { (words.fill("progress.of", &[("done", &words.number(body.done)), ("total", &words.number(total))])) }
                    },
                    None => p { (words.fill("progress.read", &[("done", &words.number(body.done))])) },
                }
                @if let Some(seconds) = body.eta_seconds.filter(|_| is_busy && !is_still) {
                    p { (words.fill("progress.left", &[("time", &words.lasting(seconds))])) }
                }
                @if let Some(since) = still {
                    p { strong { (words.fill("progress.still", &[("when", &words.ago(since, data.now))])) } }
                }
                @if let Some(waiting) = body.waiting_for.filter(|_| is_busy) {
                    p { (words.waiting(waiting)) }
                }
                (lines(words, &counted(words, &body)))
                @if is_busy {
                    p.soft { (live(words, data)) }
                    p.soft { (words.say("progress.leave")) }
                }
            }
        }
    }
}

/// That live changes go on, and how many came today.
fn live(words: Words, data: &PageData) -> String {
    let names = [
        "changed_by_webhook",
        "changed_by_sare_hook",
        "changed_by_look",
        "changed_by_poll",
    ];
    let today = names.iter().map(|name| data.today(name)).sum();
    words.count("progress.live", today)
}

fn receipt(words: Words, data: &PageData, run: &Run) -> Markup {
    let body = Body::parse(&run.body);
    let mut all = counted(words, &body);
    let apart = apart(run.kind, &body);
    if apart > 0 {
        all.push((words.say("receipt.apart"), apart));
    }
    let sum: i64 = all.iter().map(|(_, n)| n).sum();
    let when = run.ended_at.map(|at| words.ago(at, data.now)).unwrap_or_default();
    html! {
        section {
            h2 { (words.say("receipt.title")) }
            p {
                (words.run_kind(run.kind)) ": " (words.run_state(run.state))
                @if !when.is_empty() { ", " (when) }
            }
            @if run.state == RunState::Done {
                @if sum > 0 {
                    details #receipt {
                        summary { (words.count("receipt.contacts", sum)) }
                        table {
                            caption { (words.count("receipt.rows", body.done)) }
                            tbody {
                                @for (name, n) in &all {
                                    @if *n > 0 { tr { th scope="row" { (name) } td.number { (words.number(*n)) } } }
                                }
                                tr { th scope="row" { (words.say("receipt.sum")) } td.number { strong { (words.number(sum)) } } }
                            }
                        }
                        @if apart > 0 { p.soft { (words.say("receipt.apart-hint")) } }
                    }
                } @else { p { (words.say("receipt.nobody")) } }
            }
        }
    }
}

/// What a run left to be carried out contact by contact, each read anew: its counters do not hold it.
fn apart(kind: RunKind, body: &Body) -> i64 {
    let s = &body.statement;
    let stated = s.added + s.updated + s.unchanged + s.suppressed + s.skipped + s.gone;
    let c = &body.counters;
    if kind.policy().writes_as_it_goes {
        // What such a run wrote as it went is counted and was never stated.
        stated
    } else {
        // All was stated, and what needed nothing is counted as well.
        (stated - c.unchanged - c.suppressed - c.skipped - c.hands_off).max(0)
    }
}

fn counted(words: Words, body: &Body) -> Vec<(&'static str, i64)> {
    let c = &body.counters;
    vec![
        (words.say("receipt.added"), c.added),
        (words.say("receipt.updated"), c.updated),
        (words.say("receipt.unchanged"), c.unchanged),
        (words.say("receipt.unsubscribed"), c.unsubscribed),
        (words.say("receipt.suppressed"), c.suppressed),
        (words.say("receipt.skipped"), c.skipped),
        (words.say("receipt.hands-off"), c.hands_off),
        (words.say("receipt.waiting"), c.waiting),
        (words.say("receipt.failed"), c.failed),
    ]
}

fn lines(words: Words, all: &[(&'static str, i64)]) -> Markup {
    html! {
        @if all.iter().any(|(_, n)| *n > 0) {
            dl.numbers {
                @for (name, n) in all.iter().filter(|(_, n)| *n > 0) {
                    dt { (name) }
                    dd { (words.number(*n)) }
                }
            }
        }
    }
}
