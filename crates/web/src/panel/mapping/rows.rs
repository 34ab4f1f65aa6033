//! The table of the mapping: SARE's field on the left, the shop's on the right, what comes of it, and moving rows about.

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
        table.mapping {
            caption.unseen { (words.say("mapping.caption")) }
            thead {
                tr {
                    th scope="col" { (words.say("mapping.column-target")) }
                    th scope="col" { (words.say("mapping.column-source")) }
                    th scope="col" { (words.say("mapping.column-preview")) }
                    th scope="col" { span.unseen { (words.say("mapping.column-actions")) } }
                }
            }
            tbody #rows {
                @for row in &form.rows {
                    (kit.row(row, pieces, told && validated.errors.contains_key(&row.key)))
                }
            }
        }
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
    fn row(&self, row: &FormRow, pieces: &[Piece], is_wrong: bool) -> Markup {
        let (key, words) = (&row.key, self.words);
        let notes = format!("notes-{key}");
        let wrong = is_wrong.then_some("true");
        let name = self.choices.target_name(&row.target_name());
        html! {
            tr.row.wrong[is_wrong] id={ "row-" (key) } data-key=(key) {
                td.target {
                    input type="hidden" name="row" value=(key);
                    @if row.suggested { input type="hidden" name={ "suggested." (key) } value="yes"; }
                    label.small for={ "target-" (key) } { (words.say("mapping.column-target")) }
                    select id={ "target-" (key) } name={ "target." (key) } aria-describedby=(notes) aria-invalid=[wrong] {
                        option value="" selected[row.target.is_empty()] { (words.say("mapping.target-none")) }
                        (options(&self.targets, &row.target, |name| self.choices.target_name(name)))
                    }
                    div.more data-when=(OWN_NAME) {
                        label for={ "own_name-" (key) } { (words.say("mapping.own-name")) }
                        input type="text" id={ "own_name-" (key) } name={ "own_name." (key) } value=(row.own_name) autocomplete="off";
                    }
                    @if row.suggested { p.badge { (words.say("mapping.suggested")) } }
                }
                td.source {
                    label.small for={ "source-" (key) } { (words.say("mapping.column-source")) }
                    select id={ "source-" (key) } name={ "source." (key) } aria-describedby=(notes) aria-invalid=[wrong] {
                        option value="" selected[row.source.is_empty()] { (words.say("mapping.source-none")) }
                        (options(&self.sources, &row.source, |name| self.choices.source_name(name)))
                    }
                    div.more data-when={ (TEMPLATE) " " (CONSTANT) } {
                        label for={ "text-" (key) } { (words.say("mapping.text")) }
                        input type="text" id={ "text-" (key) } name={ "text." (key) } value=(row.text) autocomplete="off"
                            aria-describedby={ "text-hint-" (key) };
                        p.hint id={ "text-hint-" (key) } { (words.fill("mapping.text-hint", &[("example", &self.choices.example())])) }
                    }
                    details id={ "details-" (key) } open[is_wrong && row.has_details()] {
                        summary {
                            (words.say("mapping.details"))
                            @if row.has_details() { " " span.soft { (self.summary(row)) } }
                        }
                        (self.details(row))
                    }
                }
                td.preview {
                    span.small aria-hidden="true" { (words.say("mapping.column-preview")) }
                    div.preview-values id={ "values-" (key) } { (find(pieces, &format!("values-{key}"))) }
                    div.preview-notes id=(notes) { (find(pieces, &notes)) }
                }
                td.moves {
                    @for (op, sign, label) in [
                        ("up", "↑", words.say("mapping.up")),
                        ("down", "↓", words.say("mapping.down")),
                        ("remove", "×", words.say("mapping.remove")),
                    ] {
                        button.quiet.shift type="submit" name="op" value={ (op) ":" (key) } data-op=(op)
                            id={ (op) "-" (key) } title=(label) {
                            span aria-hidden="true" { (sign) }
                            span.unseen { (label) ": " (name) }
                        }
                    }
                }
            }
        }
    }

    fn summary(&self, row: &FormRow) -> String {
        let words = self.words;
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
        format!("({})", parts.join("; "))
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
