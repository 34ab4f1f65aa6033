//! The parts of the page that follow what is typed: what the three contacts would get, what is wrong with a row, how
//! many contacts fill it, what saving costs. The whole page holds them, and a preview is nothing but them.

use desk::{Cell, Misfit, RowPreview, Verdict, Why};
use maud::{Markup, html};
use sync_core::RecordKind;
use sync_core::consent::Status;
use sync_core::mapping::{Row, Value};
use sync_core::plan::Step;
use texts::Words;

use super::choices::{Choices, count};
use super::form::Form;
use super::preview::{FormPreview, Whose, unmapped};
use super::validate::ValidatedForm;

/// A part of the page by its id.
pub struct Piece {
    /// The id of the element that holds it.
    pub id: String,
    /// What it holds.
    pub content: Markup,
}

/// All parts that follow what is typed. `seen`: the preview, where there is one.
pub fn pieces(
    form: &Form,
    validated: &ValidatedForm,
    seen: Option<&FormPreview>,
    choices: &Choices,
    words: Words,
) -> Vec<Piece> {
    let mut out = Vec::with_capacity(form.rows.len() * 3 + 5);
    for row in &form.rows {
        let key = &row.key;
        let at = validated.keys.iter().position(|known| known == key);
        let parsed = at.and_then(|at| validated.section.mapping.rows().get(at));
        let row_preview = at.and_then(|at| seen?.preview.rows.get(at));
        out.push(Piece {
            id: format!("values-{key}"),
            content: values(row_preview, seen, words),
        });
        out.push(Piece {
            id: format!("fill-{key}"),
            content: fill(row_preview, seen, parsed, words),
        });
        let notes = html! {
            @for error in validated.errors.get(key).into_iter().flatten() { p.error { (error) } }
            @for warning in validated.warnings.get(key).into_iter().flatten() { p.warning { (mark(words)) (warning) } }
            @if let (Some(row_preview), Some(seen)) = (row_preview, seen) { (row_notes(row_preview, seen, words)) }
        };
        out.push(Piece {
            id: format!("notes-{key}"),
            content: notes,
        });
    }
    let whole = [
        ("settled", settled(form, choices, words)),
        ("people", people(seen, form, words)),
        ("check", check(validated, seen, words)),
        ("cost", cost(validated, seen, words)),
        ("unmapped", rest(seen, form.kind, choices, words)),
    ];
    out.extend(whole.map(|(id, content)| Piece {
        id: id.to_owned(),
        content,
    }));
    out
}

/// The part with this id.
pub fn find(pieces: &[Piece], id: &str) -> Markup {
    let piece = pieces.iter().find(|piece| piece.id == id);
    piece.map_or_else(|| html! {}, |piece| html! { (piece.content) })
}

/// A sign beside the words, for those who see colour and for those who do not.
fn mark(words: Words) -> Markup {
    html! { span.mark aria-hidden="true" { "!" } span.unseen { (words.say("mapping.attention")) " " } }
}

fn values(row_preview: Option<&RowPreview>, seen: Option<&FormPreview>, words: Words) -> Markup {
    let Some(row_preview) = row_preview else {
        return html! { @if seen.is_some() { p.soft { (words.say("mapping.no-value-yet")) } } };
    };
    html! {
        ol.values {
            @for cell in &row_preview.values {
                li {
                    @match cell {
                        Cell::Value(value) => { span.value title=(value) { (value) } },
                        Cell::Emptied => { span.soft { (words.say("mapping.value-emptied")) } },
                        Cell::Kept => { span.soft { (words.say("mapping.value-kept")) } },
                    }
                }
            }
        }
    }
}

/// How many of the shop's contacts fill a row.
fn fill(
    row_preview: Option<&RowPreview>,
    seen: Option<&FormPreview>,
    row: Option<&Row>,
    words: Words,
) -> Markup {
    let (Some(row_preview), Some(seen), Some(row)) = (row_preview, seen, row) else {
        return html! {};
    };
    if seen.whose != Whose::Shops || matches!(row.value, Value::Constant(_)) {
        return html! {};
    }
    let (n, of) = (count(row_preview.filled), count(seen.preview.of));
    let said = words.fill(
        "mapping.filled",
        &[("n", &words.number(n)), ("of", &words.number(of))],
    );
    html! {
        p.fill title=(said) {
            meter min="0" max=(of) value=(n) aria-hidden="true" {}
            span aria-hidden="true" { (words.number(n)) "/" (words.number(of)) }
            span.unseen { (said) }
        }
    }
}

/// What is chosen about whom to send where, in a line.
pub fn settled(form: &Form, choices: &Choices, words: Words) -> Markup {
    let group = match form.group.parse() {
        Ok(group) if group > 0 => choices.group_name(group),
        _ => words.say("mapping.nothing").to_owned(),
    };
    let on = if form.enabled { "common.yes" } else { "common.no" };
    let mut chosen = vec![
        (words.say("mapping.enabled-short"), words.say(on).to_owned()),
        (words.say("mapping.group"), group),
    ];
    if form.kind == RecordKind::Customer {
        let consent = words.say_word("mapping-consent", form.consent.word()).to_owned();
        chosen.push((words.say("mapping.consent-heading"), consent));
    }
    let without = words.say_word("mapping-without", form.without.word()).to_owned();
    chosen.push((words.say("mapping.settled-without"), without));
    html! {
        @for (what, value) in chosen { span.settled { span.soft { (what) ":" } " " (value) } " " }
    }
}

fn row_notes(row_preview: &RowPreview, seen: &FormPreview, words: Words) -> Markup {
    if seen.whose != Whose::Shops {
        return html! {};
    }
    let of = count(seen.preview.of);
    html! {
        @for misfit in &row_preview.misfits {
            p.warning { (mark(words)) (misfit_words(misfit, of, words)) }
        }
        @if row_preview.overwritten.n > 0 {
            p.warning {
                (mark(words))
                (words.fill("mapping.overwrites", &[
                    ("n", &words.number(count(row_preview.overwritten.n))),
                    ("of", &words.number(count(row_preview.overwritten.of))),
                ]))
                @if let Some((theirs, ours)) = &row_preview.overwritten.example {
                    " " (words.fill("mapping.overwrites-example", &[("was", theirs), ("now", if ours.is_empty() { &"–" } else { ours })]))
                }
            }
        }
    }
}

fn misfit_words(misfit: &Misfit, of: i64, words: Words) -> String {
    let of = words.number(of);
    let number = |n: &usize| words.number(count(*n));
    match misfit {
        Misfit::NotPhones(n) => words.fill("mapping.not-phones", &[("n", &number(n)), ("of", &of)]),
        Misfit::NotDates(n) => words.fill("mapping.not-dates", &[("n", &number(n)), ("of", &of)]),
        Misfit::NotFlags(n) => words.fill("mapping.not-flags", &[("n", &number(n)), ("of", &of)]),
        Misfit::TooLong { n, max } => words.fill(
            "mapping.too-long",
            &[("n", &number(n)), ("of", &of), ("max", max)],
        ),
        Misfit::NotInList { n, example } => words.fill(
            "mapping.not-in-list",
            &[("n", &number(n)), ("of", &of), ("value", example)],
        ),
        Misfit::NotNumbers { n, example } => words.fill(
            "mapping.not-numbers",
            &[("n", &number(n)), ("of", &of), ("value", example)],
        ),
    }
}

/// The three contacts and what would become of each.
fn people(seen: Option<&FormPreview>, form: &Form, words: Words) -> Markup {
    let Some(seen) = seen else {
        return html! {
            p.soft.scripted { (words.say("mapping.people-waiting")) }
            noscript { p.soft { (words.say("mapping.people-press-check")) } }
        };
    };
    let about = match (seen.whose, form.kind) {
        (Whose::Shops, _) => words.count("mapping.people-of", count(seen.preview.of)),
        (Whose::Waiting, _) => words.say("mapping.people-waiting").to_owned(),
        (Whose::NoneYet, RecordKind::Customer) => words.say("mapping.people-none-customers").to_owned(),
        (Whose::NoneYet, RecordKind::Subscriber) => words.say("mapping.people-none-subscribers").to_owned(),
        (Whose::Unknown(why), _) => match why {
            Why::Away => words.say("mapping.people-away").to_owned(),
            Why::NoAccess => words.say("mapping.people-no-access").to_owned(),
            Why::NotAllowed => words.say("mapping.people-not-allowed").to_owned(),
        },
    };
    html! {
        p.soft data-busy[seen.is_busy] {
            (about)
            @if seen.is_busy && seen.whose == Whose::Shops { " " (words.say("mapping.people-more")) }
        }
        @if !seen.shown.is_empty() {
            ol.people {
                @for (at, verdict) in &seen.shown {
                    @if let Some(person) = seen.sample.people.get(*at) {
                        li {
                            strong { (person.email.as_str()) }
                            @if let Some(verdict) = verdict { p { (verdict_words(verdict, seen, words)) } }
                        }
                    }
                }
            }
        }
        @if seen.sample.sare_away { p.soft { (words.say("mapping.people-sare-away")) } }
    }
}

fn verdict_words(verdict: &Verdict, seen: &FormPreview, words: Words) -> Markup {
    let word = match verdict.step {
        Step::Add { confirm: true, .. } => "add-asked",
        Step::Add {
            status: Status::Confirmed,
            ..
        } => "add-confirmed",
        Step::Add {
            status: Status::NotConfirmed,
            ..
        } => "add-unconfirmed",
        Step::Add { .. } => "add-refused",
        Step::Update | Step::Keep => "keep",
        Step::Unsubscribe { .. } => "unsubscribe",
        Step::Raise { confirm: true, .. } => "ask",
        Step::Raise { .. } => "raise",
        Step::Suppress => "suppress",
        Step::Skip => "skip",
        Step::HandsOff => "hands-off",
        Step::Leave(_) => "other",
    };
    let is_new = matches!(verdict.step, Step::Add { .. } | Step::Skip);
    let is_unsure = is_new && !verdict.is_sure && seen.whose == Whose::Shops;
    html! {
        (words.say_word("mapping-verdict", word))
        @if word == "keep" && let Some(status) = verdict.status {
            " " (words.fill("mapping.status-now", &[("status", &words.status(status))]))
        }
        @if is_unsure { " " (words.say("mapping.unless-there")) }
    }
}

/// How the rows stand, in one sentence.
fn check(validated: &ValidatedForm, seen: Option<&FormPreview>, words: Words) -> Markup {
    let wrong = validated.errors.len() + usize::from(validated.group.is_some());
    let odd = |row_preview: &&RowPreview| !row_preview.misfits.is_empty() || row_preview.overwritten.n > 0;
    let real = seen.filter(|seen| seen.whose == Whose::Shops);
    let odd = real.map_or(0, |seen| seen.preview.rows.iter().filter(odd).count());
    html! {
        @if wrong > 0 { (words.count("mapping.places-wrong", count(wrong))) }
        @else if odd > 0 { (words.count("mapping.rows-odd", count(odd))) }
        @else if real.is_some() && !validated.keys.is_empty() { (words.say("mapping.rows-good")) }
    }
}

/// What saving comes to. Rows that are wrong are part of no configuration yet, so nothing is said as if they were not
/// there; before anything was looked at nothing is known.
fn cost(validated: &ValidatedForm, seen: Option<&FormPreview>, words: Words) -> Markup {
    let Some(seen) = seen else { return html! {} };
    html! {
        @if !validated.is_good() { p { (words.say("mapping.cost-wrong")) } }
        @else if seen.cost.is_empty() { p.soft { (words.say("mapping.cost-same")) } }
        @else { @for sentence in &seen.cost { p { (sentence) } } }
    }
}

fn rest(seen: Option<&FormPreview>, kind: RecordKind, choices: &Choices, words: Words) -> Markup {
    let fields = seen.map_or_else(Vec::new, |seen| unmapped(seen, kind));
    html! {
        @if !fields.is_empty() {
            h2 { (words.say("mapping.unmapped")) }
            p.hint { (words.say("mapping.unmapped-hint")) }
            ul.unmapped {
                @for (field, n) in fields {
                    @let name = field.to_string();
                    li {
                        button.link type="submit" name="op" value={ "map:" (name) } data-add=(name) {
                            span.unseen { (words.say("mapping.unmapped-add")) " " }
                            (choices.source_name(&name))
                        }
                        span.soft { " (" (words.number(count(n))) ")" }
                    }
                }
            }
        }
    }
}
