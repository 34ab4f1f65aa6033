//! The page as a whole: whether and where, whose consent counts, the mapping, three contacts, the cost, Zapisz.

use axum::response::Response;
use desk::{Asked, Numbers, Why};
use maud::{Markup, html};
use sync_core::RecordKind;
use sync_core::config::{ConsentRule, WithoutConsent};
use texts::Words;

use super::choices::Choices;
use super::conflict::Conflict;
use super::form::Form;
use super::pieces::{Piece, find, pieces};
use super::preview::FormPreview;
use super::rows;
use super::section::Section;
use super::validate::{ValidatedForm, section_name};
use crate::panel::layout::{self, Head};
use crate::panel::parts::{Field, Tone, checkbox, input, notice, radios, select};
use crate::panel::session::Visit;
use crate::state::App;

/// What happened before the page is shown.
#[derive(Default)]
pub struct Told {
    /// The form holds what is not saved.
    pub is_unsaved: bool,
    /// The rows are suggestions of a first visit.
    pub is_first_visit: bool,
    /// The group is one that we propose for its name.
    pub proposes_group: bool,
    /// Saving failed: errors are told at the head of the page.
    pub with_errors: bool,
    /// Something went well.
    pub good: Option<Markup>,
    /// Why no group was made, told beside its name.
    pub group_error: Option<String>,
    /// Somebody else saved meanwhile.
    pub conflict: Option<Conflict>,
}

/// The page's title.
pub fn title(kind: RecordKind, words: Words) -> &'static str {
    match kind {
        RecordKind::Customer => words.say("mapping.customers"),
        RecordKind::Subscriber => words.say("mapping.subscribers"),
    }
}

/// Everything the page shows.
pub struct Page<'a> {
    /// The panel.
    pub app: &'a App,
    /// The visitor.
    pub visit: &'a Visit,
    pub form: &'a Form,
    /// What is to be said about it.
    pub validated: &'a ValidatedForm,
    /// What can be chosen.
    pub choices: &'a Choices,
    /// The preview.
    pub seen: Option<&'a FormPreview>,
    /// What happened.
    pub told: Told,
}

impl Page<'_> {
    pub fn answer(&self) -> Response {
        let words = self.visit.words;
        let title = title(self.form.kind, words);
        let head = Head::new(section_name(self.form.kind), title).with_scripts(&["mapping.js", "choose.js"]);
        layout::page(self.visit, head, self.content())
    }

    fn content(&self) -> Markup {
        let (visit, words) = (self.visit, self.visit.words);
        let page = section_name(self.form.kind);
        let pieces = pieces(self.form, self.validated, self.seen, self.choices, words);
        let is_untold = self.told.conflict.is_none() && !self.told.with_errors;
        let is_folded = self.told.is_first_visit;
        let form = html! {
            // The first button is what Enter in a field presses: nothing is saved by a slip.
            button.unseen type="submit" name="op" value="check" tabindex="-1" aria-hidden="true" {}
            input type="hidden" name="version" value=(self.form.version);
            input type="hidden" #from name="from" value=(self.form.from);
            @if let Some(conflict) = &self.told.conflict { (conflict.show(self.app, visit, page)) }
            details.settings #settings open[self.is_to_choose()] {
                summary {
                    h2 { (words.say("mapping.where")) }
                    div #settled { (find(&pieces, "settled")) }
                }
                div.columns {
                    (self.whether())
                    (self.consent())
                }
            }
            section.wide aria-labelledby="mapping-heading" {
                h2 #mapping-heading { (words.say("mapping.heading")) }
                p.hint { (self.explanation()) }
                @if self.choices.fields_missing.is_some() {
                    p.warning { (words.say("mapping.fields-missing")) }
                }
                @if self.choices.sare_missing().is_none() && self.choices.properties().is_none() {
                    p.warning { (words.say("mapping.properties-missing")) }
                }
                (rows::table(self.form, self.validated, &pieces, self.choices, words, self.told.with_errors))
                div.actions {
                    button.quiet type="submit" name="op" value="add" data-add="" { (words.say("mapping.add")) }
                    button.quiet type="submit" name="op" value="suggest" { (words.say("mapping.suggest")) }
                    button.link type="button" hidden data-undo { (words.say("mapping.undo")) }
                }
            }
            @if !is_folded { (self.people(&pieces)) }
            section.save {
                h2 { (words.say("mapping.cost")) }
                div #cost role="status" { (find(&pieces, "cost")) }
                div.actions {
                    button type="submit" name="op" value="save" { (words.say("common.save")) }
                    @if self.may_skip() { a.button.quiet href=(visit.link("launch")) { (words.say("mapping.skip-subscribers")) } }
                    span.soft data-changes=(words.say("mapping.unsaved-n")) hidden {}
                    span #check role="status" { (find(&pieces, "check")) }
                }
            }
            @if is_folded {
                details {
                    summary { (words.say("mapping.people-folded")) }
                    (self.people(&pieces))
                    div #unmapped { (find(&pieces, "unmapped")) }
                }
            } @else {
                div #unmapped { (find(&pieces, "unmapped")) }
            }
        };
        html! {
            @if let Some(good) = &self.told.good { (notice(Tone::Good, html! { (good) })) }
            @if self.told.with_errors { (self.summary()) }
            @if self.told.is_first_visit && is_untold && !self.form.rows.is_empty() {
                (notice(Tone::Info, html! { p { (words.say("mapping.first-visit")) } }))
            } @else if !self.told.is_first_visit && !self.form.enabled && is_untold {
                (notice(Tone::Info, html! { p { (self.off()) } }))
            }
            (self.sare_away())
            div data-live=(visit.link(&format!("{page}/numbers"))) { (numbers(None, self.form.kind, words)) }
            div #editor data-preview=(visit.link(&format!("{page}/preview"))) {
                (visit.guarded_form(page, self.told.is_unsaved, form))
            }
        }
    }

    /// The preview with three contacts.
    fn people(&self, pieces: &[Piece]) -> Markup {
        let words = self.visit.words;
        html! {
            section.wide aria-labelledby="people-heading" {
                h2 #people-heading { (words.say("mapping.people")) }
                div #people { (find(pieces, "people")) }
                div.actions {
                    button.quiet type="submit" name="op" value="next" data-next { (words.say("mapping.next")) }
                    button.quiet type="submit" name="op" value="check" data-check { (words.say("mapping.check")) }
                }
            }
        }
    }

    /// On the way to the first synchronisation, with customers saved, subscribers may be left for later.
    fn may_skip(&self) -> bool {
        let has_customers = |config: sync_core::config::Config| config.customers.enabled;
        let is_second = self.form.kind == RecordKind::Subscriber && !self.visit.has_begun;
        is_second && self.visit.config().is_some_and(has_customers)
    }

    /// Whom to send where is still to be chosen, is wrong, or differs from what is saved: it is not folded then.
    fn is_to_choose(&self) -> bool {
        let (form, told) = (self.form, &self.told);
        let saved = self.visit.config();
        let saved = saved.map(|config| Section::of(&config, form.kind));
        let now = &self.validated.section;
        let is_new = saved.is_none_or(|was| {
            (was.enabled, was.group, was.consent, was.without)
                != (now.enabled, now.group, now.consent, now.without)
        });
        !form.enabled || is_new || self.validated.group.is_some() || told.group_error.is_some()
    }

    fn off(&self) -> &'static str {
        match self.form.kind {
            RecordKind::Customer => self.visit.words.say("mapping.off-customers"),
            RecordKind::Subscriber => self.visit.words.say("mapping.off-subscribers"),
        }
    }

    fn explanation(&self) -> &'static str {
        match self.form.kind {
            RecordKind::Customer => self.visit.words.say("mapping.heading-hint"),
            RecordKind::Subscriber => self.visit.words.say("mapping.heading-hint-subscribers"),
        }
    }

    fn sare_away(&self) -> Markup {
        let words = self.visit.words;
        let why = self.choices.sare_missing();
        let said = why.map(|why| match why {
            Why::Away => words.say("mapping.sare-away"),
            Why::NoAccess => words.say("mapping.sare-no-access"),
            Why::NotAllowed => words.say("mapping.sare-not-allowed"),
        });
        html! {
            @if let Some(said) = said {
                (notice(Tone::Warn, html! {
                    p {
                        (said)
                        @if why == Some(Why::NoAccess) {
                            " " a href=(self.visit.link("connect")) { (words.say("mapping.change-key")) }
                        }
                    }
                }))
            }
        }
    }

    /// What is wrong, with the way to each place.
    fn summary(&self) -> Markup {
        let words = self.visit.words;
        let rows = self.form.rows.iter().filter_map(|row| {
            let errors = self.validated.errors.get(&row.key)?;
            let name = self.choices.target_name(&row.target_name());
            Some((format!("#target-{}", row.key), name, errors.join(" ")))
        });
        notice(
            Tone::Bad,
            html! {
                h2 { (words.say("mapping.not-saved")) }
                ul {
                    @if let Some(error) = self.validated.group {
                        li { a href="#group" { (words.say("mapping.group")) } ": " (error) }
                    }
                    @for (address, name, error) in rows {
                        li { a href=(address) { (name) } ": " (error) }
                    }
                }
            },
        )
    }

    fn whether(&self) -> Markup {
        let (form, words) = (self.form, self.visit.words);
        let label = match form.kind {
            RecordKind::Customer => words.say("mapping.enabled-customers"),
            RecordKind::Subscriber => words.say("mapping.enabled-subscribers"),
        };
        html! {
            div {
                (checkbox("enabled", label, Some(words.say("mapping.enabled-hint")), form.enabled))
                (self.group())
            }
        }
    }

    fn group(&self) -> Markup {
        let (form, words) = (self.form, self.visit.words);
        let hint = match self.choices.groups() {
            Some([]) => words.say("mapping.group-hint-empty"),
            Some(_) => words.say("mapping.group-hint"),
            None => words.say("mapping.group-hint-number"),
        };
        let field = Field {
            name: "group",
            label: words.say("mapping.group"),
            hint: Some(hint),
            error: self.validated.group.filter(|_| self.told.with_errors),
            required: false,
        };
        let control = match self.choices.groups() {
            Some(groups) => {
                let mut options = vec![(String::new(), words.say("mapping.group-none").to_owned())];
                options.extend(
                    groups
                        .iter()
                        .map(|(id, name)| (id.to_string(), format!("{name} ({id})"))),
                );
                if options.iter().all(|(id, _)| *id != form.group) {
                    let gone = words.fill("mapping.group-gone", &[("n", &form.group)]);
                    options.push((form.group.clone(), gone));
                }
                select(words, field, &options, &form.group)
            }
            None => input(words, field, "text", &form.group),
        };
        html! {
            (control)
            @if self.told.proposes_group { p.badge { (words.say("mapping.group-proposed")) } }
            p { button.link type="submit" name="op" value="refresh" { (words.say("mapping.refresh")) } }
            @if self.choices.groups().is_some() {
                details #new-group-details open[self.told.group_error.is_some()] {
                    summary { (words.say("mapping.new-group")) }
                    div.field.wrong[self.told.group_error.is_some()] {
                        label for="new_group" { (words.say("mapping.new-group-name")) }
                        div.beside {
                            input #new_group type="text" name="new_group" value=(form.new_group) maxlength="100" autocomplete="off"
                                aria-describedby=[self.told.group_error.as_ref().map(|_| "new_group-error")]
                                aria-invalid=[self.told.group_error.as_ref().map(|_| "true")];
                            button.quiet type="submit" name="op" value="group" { (words.say("mapping.new-group-make")) }
                        }
                        @if let Some(error) = &self.told.group_error { p.error #new_group-error { (error) } }
                    }
                }
            }
        }
    }

    fn consent(&self) -> Markup {
        let (form, words) = (self.form, self.visit.words);
        let without = [
            (
                WithoutConsent::Unconfirmed.word(),
                words.say_word("mapping-without", "unconfirmed"),
                Some(words.say("mapping.without-unconfirmed-hint")),
            ),
            (
                WithoutConsent::Skip.word(),
                words.say_word("mapping-without", "skip"),
                Some(words.say("mapping.without-skip-hint")),
            ),
        ];
        let rules = [
            (
                ConsentRule::FlagOrSubscriber.word(),
                words.say_word("mapping-consent", "flag-or-subscriber"),
                Some(words.say("mapping.consent-either-hint")),
            ),
            (
                ConsentRule::FlagAndSubscriber.word(),
                words.say_word("mapping-consent", "flag-and-subscriber"),
                Some(words.say("mapping.consent-both-hint")),
            ),
            (
                ConsentRule::Flag.word(),
                words.say_word("mapping-consent", "flag"),
                Some(words.say("mapping.consent-flag-hint")),
            ),
            (
                ConsentRule::Subscriber.word(),
                words.say_word("mapping-consent", "subscriber"),
                Some(words.say("mapping.consent-subscriber-hint")),
            ),
        ];
        let choices = html! {
            @match form.kind {
                RecordKind::Customer => { (radios("consent", words.say("mapping.consent"), &rules, form.consent.word())) },
                RecordKind::Subscriber => { p { (words.say("mapping.consent-of-subscribers")) } },
            }
            (radios("without_consent", words.say("mapping.without"), &without, form.without.word()))
            p.hint { (words.say("mapping.consent-never")) }
        };
        html! {
            div {
                h3 { (words.say("mapping.consent-heading")) }
                @if self.told.is_first_visit {
                    p {
                        @match form.kind {
                            RecordKind::Customer => { (words.say_word("mapping-consent", form.consent.word())) "." },
                            RecordKind::Subscriber => (words.say("mapping.consent-of-subscribers")),
                        }
                    }
                    p.hint { (words.say("mapping.without")) " " (words.say_word("mapping-without", form.without.word())) "." }
                    details {
                        summary { (words.say("mapping.consent-change")) span.unseen { ": " (words.say("mapping.consent-heading")) } }
                        (choices)
                    }
                } @else {
                    (choices)
                }
            }
        }
    }
}

/// The shop's own numbers.
pub fn numbers(numbers: Option<&Asked<Numbers>>, kind: RecordKind, words: Words) -> Markup {
    let said = match (numbers, kind) {
        (None | Some(Asked::Asking), _) => {
            return html! { p.numbers.soft data-busy { (words.say("mapping.numbers-waiting")) } };
        }
        (Some(Asked::Unknown(_)), _) => words.say("mapping.numbers-unknown").to_owned(),
        (Some(Asked::Known(n)), RecordKind::Subscriber) if n.all == 0 => {
            words.say("mapping.numbers-no-subscribers").to_owned()
        }
        (Some(Asked::Known(n)), RecordKind::Customer) => {
            let all = words.count("mapping.n-customers", n.all);
            match n.consenting {
                Some(yes) => words.fill(
                    "mapping.numbers-customers",
                    &[("all", &all), ("yes", &words.number(yes))],
                ),
                None => words.fill("mapping.numbers-all", &[("all", &all)]),
            }
        }
        (Some(Asked::Known(n)), RecordKind::Subscriber) => {
            let all = words.count("mapping.n-subscribers", n.all);
            match n.consenting {
                Some(yes) => words.fill(
                    "mapping.numbers-subscribers",
                    &[("all", &all), ("yes", &words.number(yes))],
                ),
                None => words.fill("mapping.numbers-all", &[("all", &all)]),
            }
        }
    };
    html! { p.numbers { (said) } }
}
