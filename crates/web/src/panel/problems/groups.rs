//! Problems by cause, the largest group first, with the people behind them.

use std::collections::HashMap;

use maud::{Markup, html};
use ports::Millis;
use store::{AddrHash, Contact, DirtyKey, Problem, ProblemGroup};
use sync_core::{Healer, ProblemKind, RecordKind};
use texts::Words;

use crate::error::Error;
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// People shown of a group on the page of all, and on a page of its own.
const FEW: i64 = 5;
const PAGE: i64 = 50;

/// Kinds that stop the whole shop; the others are about single contacts or parts of the work.
const STOPS: [ProblemKind; 5] = [
    ProblemKind::ShopAccess,
    ProblemKind::SareAccess,
    ProblemKind::SareChangesStatuses,
    ProblemKind::ShopSentOn,
    ProblemKind::ShopNotPublic,
];

/// Kinds that are about a service as a whole: it is asked again when somebody says so.
const OF_A_SERVICE: [ProblemKind; 8] = [
    ProblemKind::SareAccess,
    ProblemKind::SareAway,
    ProblemKind::SareFull,
    ProblemKind::SareGroupGone,
    ProblemKind::SarePayment,
    ProblemKind::SarePropertyGone,
    ProblemKind::ShopAccess,
    ProblemKind::ShopAway,
];

/// All groups, or those that `who` can make go away; `None` when there are no problems.
pub async fn all(app: &App, visit: &Visit, who: &str) -> Result<Option<Markup>, Error> {
    let words = visit.words;
    let groups = app.store.problem_groups(visit.shop.id).await?;
    // The brake has a section of its own.
    let groups: Vec<ProblemGroup> = groups
        .into_iter()
        .filter(|group| group.kind != ProblemKind::Brake)
        .collect();
    if groups.is_empty() {
        return Ok(None);
    }
    let (aside, groups): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.is_aside);
    let is_asked_for = |group: &&ProblemGroup| group.kind.healer().word() == who;
    let is_filtered = groups.iter().any(|group| is_asked_for(&group));
    let mut shown = Vec::with_capacity(groups.len());
    for group in groups.iter().filter(|group| !is_filtered || is_asked_for(group)) {
        let few = app
            .store
            .problems_of_kind(visit.shop.id, group.kind, None, FEW)
            .await?;
        let contacts = contacts_of(app, visit, &few).await?;
        shown.push(section(app, visit, group, &few, &contacts, group.count > FEW));
    }
    let all: i64 = groups.iter().map(|group| group.count).sum();
    let again = html! {
        button.quiet type="submit" { (words.say("problems.retry-all")) }
    };
    Ok(Some(html! {
        @if groups.is_empty() {
            (parts::notice(Tone::Good, html! { p { (words.say("problems.none-else")) } }))
        } @else {
            p { (words.count("problems.open", all)) " " span.soft { (words.say("problems.by-itself")) } }
            (filter(visit, &groups, if is_filtered { who } else { "" }))
            @if groups.len() > 1 { div.before { (visit.form("problems/retry", again)) } }
        }
        @for one in shown { (one) }
        (set_aside(visit, &aside))
    }))
}

/// Links to the causes of those who can make them go away; nothing where that is the same of all.
fn filter(visit: &Visit, groups: &[ProblemGroup], who: &str) -> Markup {
    let words = visit.words;
    let of = |healer: Healer| {
        groups
            .iter()
            .filter(|group| group.kind.healer() == healer)
            .count()
    };
    let healers: Vec<Healer> = Healer::ALL
        .iter()
        .copied()
        .filter(|healer| of(*healer) > 0)
        .collect();
    let link = |address: &str, text: &str, n: usize, is_here: bool| {
        html! {
            li { a href=(visit.link(address)) aria-current=[is_here.then_some("true")] { (text) " " span.soft { "(" (n) ")" } } }
        }
    };
    html! {
        @if healers.len() > 1 {
            nav.lists aria-label=(words.say("problems.filter")) {
                ul {
                    (link("problems", words.say("problems.filter-all"), groups.len(), who.is_empty()))
                    @for healer in healers {
                        (link(&format!("problems?who={}", healer.word()), words.healer(healer), of(healer), who == healer.word()))
                    }
                }
            }
        }
    }
}

/// Causes that a person has decided to live with, each with the way back.
fn set_aside(visit: &Visit, aside: &[ProblemGroup]) -> Markup {
    let words = visit.words;
    html! {
        @if !aside.is_empty() {
            section #aside {
                h2 { (words.say("problems.aside-title")) }
                p.soft { (words.say("problems.aside-what")) }
                ul.aside {
                    @for group in aside {
                        li {
                            a href=(visit.link(&format!("problems?kind={}", group.kind))) { (words.problem_group(group.kind, group.count)) }
                            (visit.form("problems/aside", html! {
                                input type="hidden" name="kind" value=(group.kind);
                                button.quiet type="submit" name="answer" value="back" { (words.say("problems.bring-back")) }
                            }))
                        }
                    }
                }
            }
        }
    }
}

/// One cause, page by page.
pub async fn one(app: &App, visit: &Visit, kind: ProblemKind, after: &str) -> Result<Markup, Error> {
    let words = visit.words;
    let groups = app.store.problem_groups(visit.shop.id).await?;
    let back = html! { p { a href=(visit.link("problems")) { (words.say("problems.all")) } } };
    let Some(group) = groups.iter().find(|group| group.kind == kind) else {
        return Ok(html! {
            (parts::notice(Tone::Good, html! { p { (words.say("problems.solved")) } }))
            (back)
        });
    };
    let place = after
        .split_once('~')
        .and_then(|(at, key)| Some((at.parse::<Millis>().ok()?, key)));
    let mut page = app
        .store
        .problems_of_kind(visit.shop.id, kind, place, PAGE + 1)
        .await?;
    let more = page.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        page.pop();
    }
    let contacts = contacts_of(app, visit, &page).await?;
    let next = page.last().filter(|_| more).map(|last| {
        visit.link(&format!(
            "problems?kind={kind}&after={}~{}",
            last.first_at, last.key
        ))
    });
    Ok(html! {
        (back)
        (section(app, visit, group, &page, &contacts, false))
        @if let Some(next) = next { p { a.button.quiet href=(next) { (words.say("problems.next")) } } }
    })
}

async fn contacts_of(
    app: &App,
    visit: &Visit,
    problems: &[Problem],
) -> Result<HashMap<AddrHash, Contact>, Error> {
    let hashes: Vec<AddrHash> = problems.iter().filter_map(|problem| problem.hash).collect();
    Ok(app.store.contacts(visit.shop.id, &hashes).await?)
}

fn section(
    app: &App,
    visit: &Visit,
    group: &ProblemGroup,
    problems: &[Problem],
    contacts: &HashMap<AddrHash, Contact>,
    more: bool,
) -> Markup {
    let (words, now) = (visit.words, app.now());
    let text = words.problem(group.kind);
    let healer = group.kind.healer();
    let tone = match healer {
        _ if STOPS.contains(&group.kind) => "bad",
        Healer::Itself => "calm",
        Healer::Merchant | Healer::Operator | Healer::Sare | Healer::Shoper => "warn",
    };
    let can_retry = problems
        .iter()
        .any(|problem| DirtyKey::decode(&problem.key).is_some());
    let is_of_a_service = OF_A_SERVICE.contains(&group.kind);
    html! {
        section id=(group.kind) class={ "cause " (tone) } {
            h2 { (words.problem_group(group.kind, group.count)) }
            p { (text.remedy) }
            p.soft {
                (words.healer(healer)) " · "
                (words.count("problems.count", group.count)) " · "
                (words.fill("problems.since", &[("when", &words.ago(group.since, now))]))
            }
            (own_action(visit, group.kind))
            @if can_retry {
                (people(visit, problems, contacts, now))
            } @else {
                @for problem in problems {
                    @if let Some(detail) = &problem.detail { p.detail { (words.problem_detail(problem.kind, detail)) } }
                }
            }
            div.actions {
                @if can_retry && group.count > 1 || is_of_a_service {
                    (visit.form("problems/retry", html! {
                        input type="hidden" name="kind" value=(group.kind);
                        button.quiet type="submit" {
                            @if is_of_a_service { (words.say("problems.retry")) } @else { (words.say("problems.retry-group")) }
                        }
                    }))
                }
                @if can_retry && !group.is_aside && !is_of_a_service {
                    (visit.form("problems/aside", html! {
                        input type="hidden" name="kind" value=(group.kind);
                        button.quiet type="submit" title=(words.say("problems.aside-what")) { (words.say("problems.set-aside")) }
                    }))
                }
                @if more {
                    a.button.quiet href=(visit.link(&format!("problems?kind={}", group.kind))) {
                        (words.fill("problems.show-all", &[("n", &words.number(group.count))]))
                    }
                }
            }
        }
    }
}

/// What a cause that stops the whole shop offers to do at once.
fn own_action(visit: &Visit, kind: ProblemKind) -> Markup {
    let words = visit.words;
    match kind {
        ProblemKind::SareAccess => {
            html! { p { a.button href=(visit.link("connect")) { (words.say("problems.change-key")) } } }
        }
        ProblemKind::SareChangesStatuses => visit.form(
            "problems/brake",
            html! { button type="submit" name="answer" value="go" { (words.say("problems.try-writing")) } },
        ),
        _ => html! {},
    }
}

fn people(visit: &Visit, problems: &[Problem], contacts: &HashMap<AddrHash, Contact>, now: Millis) -> Markup {
    let words = visit.words;
    html! {
        div.scroll {
            table.stacks {
                caption.unseen { (words.say("problems.people")) }
                thead {
                    tr {
                        th scope="col" { (words.say("problems.whom")) }
                        th scope="col" { (words.say("problems.detail")) }
                        th scope="col" { (words.say("problems.when")) }
                        th scope="col" { span.unseen { (words.say("problems.retry")) } }
                    }
                }
                tbody {
                    @for problem in problems {
                        tr {
                            th scope="row" { (whom(visit, problem, contacts)) }
                            (parts::line_cell(words.say("problems.detail"), &detail_of(words, problem)))
                            (parts::line_cell(words.say("problems.when"), &when(words, problem, now)))
                            td {
                                (visit.form("problems/retry", html! {
                                    input type="hidden" name="key" value=(problem.key);
                                    button.quiet type="submit" { (words.say("problems.retry")) }
                                }))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn detail_of(words: Words, problem: &Problem) -> String {
    let detail = problem.detail.as_deref();
    detail.map_or_else(
        || "–".to_owned(),
        |detail| words.problem_detail(problem.kind, detail),
    )
}

/// Since when, how often it was tried, and whether it is tried again.
fn when(words: Words, problem: &Problem, now: Millis) -> String {
    let tries = (problem.times > 1).then(|| words.count("problems.tries", problem.times));
    let end = problem.is_final.then(|| words.say("problems.final").to_owned());
    let parts = [Some(words.ago(problem.first_at, now)), tries, end];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn whom(visit: &Visit, problem: &Problem, contacts: &HashMap<AddrHash, Contact>) -> Markup {
    let words = visit.words;
    let record = match DirtyKey::decode(&problem.key) {
        Some(DirtyKey::Record(key)) => Some(record(words, key.kind, key.id)),
        _ => None,
    };
    let Some(hash) = problem.hash else {
        return html! { (record.unwrap_or_else(|| words.say("problems.shop").to_owned())) };
    };
    let address = contacts.get(&hash).and_then(|contact| contact.address.as_deref());
    html! {
        a href=(visit.link(&format!("contacts/{}", hash.to_hex()))) {
            (parts::address_line(address.unwrap_or_else(|| words.say("problems.no-address"))))
        }
        @if let Some(record) = record { " " span.soft { (record) } }
    }
}

/// A record of the shop by its number.
pub fn record(words: Words, kind: RecordKind, id: i64) -> String {
    match kind {
        RecordKind::Customer => words.fill("problems.customer", &[("id", &id)]),
        RecordKind::Subscriber => words.fill("problems.subscriber", &[("id", &id)]),
    }
}
