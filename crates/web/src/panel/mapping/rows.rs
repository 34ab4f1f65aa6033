//! The rows of the mapping: SARE's field on the left, the shop's on the right, what comes of it, and moving rows about.

use maud::{Markup, html};
use texts::Words;

use super::choices::{Choices, Group};
use super::form::{CONSTANT, Form, FormRow, OWN_NAME, TEMPLATE, WITH_ARGUMENT};
use super::pieces::{Piece, find};
use super::validate::ValidatedForm;

/// The key that a script replaces in the row it makes new ones from.
const NEW: &str = "NEWROW";

pub fn table(
    form: &Form,
    validated: &ValidatedForm,
    pieces: &[Piece],
    choices: &Choices,
    words: Words,
    told: bool,
) -> Markup {
    let kit = Kit {
        targets: choices.targets(),
        sources: choices.sources(),
        steps: choices.steps(),
        choices,
        words,
    };
    let fresh = FormRow {
        key: NEW.to_owned(),
        steps: vec![Default::default(); 2],
        ..FormRow::default()
    };
    html! {
        div.mapping {
            div.heads aria-hidden="true" {
                span.at-target { (words.say("mapping.column-target")) }
                span.at-source { (words.say("mapping.column-source")) }
                span.at-value { (words.say("mapping.column-preview")) }
                span.at-fill { (words.say("mapping.column-fill")) }
            }
            ol #rows role="list" aria-label=(words.say("mapping.caption")) {
                @for row in &form.rows {
                    (kit.row(row, pieces, told && validated.errors.contains_key(&row.key)))
                }
            }
        }
        p.unseen #moved role="status" data-moved=(words.say("mapping.moved")) {}
        template #new-row { (kit.row(&fresh, &[], false)) }
        @if form.rows.is_empty() { p.soft { (words.say("mapping.no-rows")) } }
    }
}

/// What every row needs.
struct Kit<'a> {
    targets: Vec<Group>,
    sources: Vec<Group>,
    steps: Vec<(&'static str, &'static str)>,
    choices: &'a Choices,
    words: Words,
}

impl Kit<'_> {
    /// One line: a handle, SARE's field, an arrow, the shop's field, a value, how many fill it, a menu. What is to be
    /// said about it and its further settings are beneath.
    fn row(&self, row: &FormRow, pieces: &[Piece], is_wrong: bool) -> Markup {
        let (key, words) = (&row.key, self.words);
        let notes = format!("notes-{key}");
        let name = self.choices.target_name(&row.target_name());
        html! {
            li.row.wrong[is_wrong] id={ "row-" (key) } data-key=(key) {
                // Moving by it takes a script; without one the menu's buttons move.
                button.quiet.handle.at-grip type="button" data-handle hidden title=(words.say("mapping.move-hint")) {
                    span aria-hidden="true" { "⠿" }
                    span.unseen { (words.say("mapping.move")) ": " (name) }
                }
                (self.target(row, &notes, is_wrong))
                span.arrow.at-arrow aria-hidden="true" { "←" }
                (self.source(row, &notes, is_wrong))
                div.at-value {
                    span.small aria-hidden="true" { (words.say("mapping.column-preview")) }
                    div.preview-values id={ "values-" (key) } { (find(pieces, &format!("values-{key}"))) }
                }
                div.at-fill id={ "fill-" (key) } { (find(pieces, &format!("fill-{key}"))) }
                (self.button(row, "remove", "×", words.say("mapping.remove"), &name))
                div.preview-notes.at-notes id=(notes) { (find(pieces, &notes)) }
                details.at-details id={ "details-" (key) } open[is_wrong && row.has_details()] {
                    summary.set[row.has_details()] title=(self.summary(row)) {
                        span aria-hidden="true" { "⋯" }
                        span.unseen { (words.say("mapping.details")) ": " (name) " " }
                        @if row.has_details() { span.unseen { "(" (self.summary(row)) ")" } }
                    }
                    div.further {
                        (self.details(row))
                        div.actions {
                        (self.button(row, "up", "↑", words.say("mapping.up"), &name))
                        (self.button(row, "down", "↓", words.say("mapping.down"), &name))
                        }
                    }
                }
            }
        }
    }

    fn target(&self, row: &FormRow, notes: &str, is_wrong: bool) -> Markup {
        let (key, words) = (&row.key, self.words);
        html! {
            div.at-target {
                input type="hidden" name="row" value=(key);
                @if row.suggested { input type="hidden" name={ "suggested." (key) } value="yes"; }
                label.small for={ "target-" (key) } { (words.say("mapping.column-target")) }
                div.beside {
                    select id={ "target-" (key) } name={ "target." (key) } aria-describedby=(notes)
                        aria-invalid=[is_wrong.then_some("true")] {
                        option value="" selected[row.target.is_empty()] { (words.say("mapping.target-none")) }
                        (options(&self.targets, &row.target, |name| self.choices.target_name(name)))
                    }
                    div.more data-when=(OWN_NAME) {
                        label.unseen for={ "own_name-" (key) } { (words.say("mapping.own-name")) }
                        input type="text" id={ "own_name-" (key) } name={ "own_name." (key) } value=(row.own_name)
                            autocomplete="off" placeholder=(words.say("mapping.own-name"));
                    }
                    @if row.suggested {
                        span.suggested title=(words.say("mapping.suggested")) {
                            span aria-hidden="true" { "✦" }
                            span.unseen { (words.say("mapping.suggested")) }
                        }
                    }
                }
            }
        }
    }

    fn source(&self, row: &FormRow, notes: &str, is_wrong: bool) -> Markup {
        let (key, words) = (&row.key, self.words);
        let example = self.choices.example();
        html! {
            div.at-source {
                label.small for={ "source-" (key) } { (words.say("mapping.column-source")) }
                div.beside {
                    select id={ "source-" (key) } name={ "source." (key) } aria-describedby=(notes)
                        aria-invalid=[is_wrong.then_some("true")] {
                        option value="" selected[row.source.is_empty()] { (words.say("mapping.source-none")) }
                        (options(&self.sources, &row.source, |name| self.choices.source_name(name)))
                    }
                    div.more data-when={ (TEMPLATE) " " (CONSTANT) } {
                        label.unseen for={ "text-" (key) } { (words.say("mapping.text")) }
                        input type="text" id={ "text-" (key) } name={ "text." (key) } value=(row.text) autocomplete="off"
                            placeholder=(example) title=(row.text) aria-describedby={ "text-hint-" (key) };
                        span.unseen id={ "text-hint-" (key) } { (words.fill("mapping.text-hint", &[("example", &example)])) }
                    }
                }
            }
        }
    }

    fn button(&self, row: &FormRow, op: &str, sign: &str, label: &str, name: &str) -> Markup {
        html! {
            button.quiet.shift type="submit" name="op" value={ (op) ":" (row.key) } data-op=(op)
                id={ (op) "-" (row.key) } title=(label) {
                span aria-hidden="true" { (sign) }
                span.unseen { (label) ": " (name) }
            }
        }
    }

    /// What is set in a row's details, in a line.
    fn summary(&self, row: &FormRow) -> String {
        let words = self.words;
        if !row.has_details() {
            return words.say("mapping.details").to_owned();
        }
        let steps = row.steps.iter().filter(|(name, _)| !name.is_empty());
        let mut parts: Vec<String> = steps.map(|(name, _)| self.choices.step_name(name)).collect();
        match row.empty.as_str() {
            "clear" => parts.push(words.say("mapping.empty-clear").to_lowercase()),
            "value" => parts.push(words.fill("mapping.described-default", &[("value", &row.default)])),
            _ => {}
        }
        if row.if_empty {
            parts.push(words.say("mapping.overwrite-if-empty").to_lowercase());
        }
        parts.join("; ")
    }

    fn details(&self, row: &FormRow) -> Markup {
        let (key, words) = (&row.key, self.words);
        html! {
            fieldset {
                legend { (words.say("mapping.steps")) }
                @for (at, (name, argument)) in row.steps.iter().enumerate() {
                    div.step {
                        select name={ "step." (key) } id={ "step-" (key) "-" (at) }
                            aria-label=(words.fill("mapping.step-number", &[("n", &(at + 1))])) {
                            @for (word, text) in &self.steps {
                                option value=(word) selected[word == name] { (text) }
                            }
                            @if self.steps.iter().all(|(word, _)| word != name) {
                                option value=(name) selected { (self.choices.step_name(name)) }
                            }
                        }
                        div.more data-when=(WITH_ARGUMENT.join(" ")) {
                            input type="text" name={ "argument." (key) } value=(argument) autocomplete="off"
                                aria-label=(words.say("mapping.argument")) placeholder=(words.say("mapping.argument-hint"));
                        }
                    }
                }
            }
            div.field {
                label for={ "empty-" (key) } { (words.say("mapping.empty")) }
                select id={ "empty-" (key) } name={ "empty." (key) } {
                    @for (value, text) in [
                        ("keep", words.say("mapping.empty-keep")),
                        ("clear", words.say("mapping.empty-clear")),
                        ("value", words.say("mapping.empty-value")),
                    ] {
                        option value=(value) selected[row.empty == value] { (text) }
                    }
                }
                div.more data-when="value" {
                    input type="text" name={ "default." (key) } value=(row.default) autocomplete="off"
                        aria-label=(words.say("mapping.default"));
                }
            }
            div.field {
                label for={ "overwrite-" (key) } { (words.say("mapping.overwrite")) }
                select id={ "overwrite-" (key) } name={ "overwrite." (key) } {
                    option value="always" selected[!row.if_empty] { (words.say("mapping.overwrite-always")) }
                    option value="if-empty" selected[row.if_empty] { (words.say("mapping.overwrite-if-empty")) }
                }
            }
        }
    }
}

/// Options in groups; a value that is not among them is added by its name, so that it is never lost.
fn options(groups: &[Group], chosen: &str, name: impl Fn(&str) -> String) -> Markup {
    let is_known = groups
        .iter()
        .any(|group| group.choices.iter().any(|(value, _)| value == chosen));
    html! {
        @for group in groups {
            optgroup label=(group.heading) {
                @for (value, text) in &group.choices {
                    option value=(value) selected[value == chosen] { (text) }
                }
            }
        }
        @if !is_known && !chosen.is_empty() {
            option value=(chosen) selected { (name(chosen)) }
        }
    }
}
