//! Where one is on a way of several steps.

use maud::{Markup, html};
use texts::Words;

/// A step that a person takes.
pub struct Step<'a> {
    pub name: &'a str,
    /// Its page, where one may go there already.
    pub href: Option<String>,
    pub is_done: bool,
    pub is_current: bool,
}

/// The steps of a way, each leading to its page; `aside` are pages that may be wanted meanwhile.
pub fn stepper(words: Words, label: &str, steps: &[Step<'_>], aside: Markup) -> Markup {
    html! {
        nav.steps aria-label=(label) {
            ol {
                @for step in steps {
                    @let current = step.is_current.then_some("step");
                    li.done[step.is_done] {
                        @match &step.href {
                            Some(href) => a href=(href) aria-current=[current] {
                                (step.name)
                                @if step.is_done { span.unseen { " " (words.say("common.step-done")) } }
                            },
                            None => span aria-current=[current] { (step.name) },
                        }
                    }
                }
            }
            (aside)
        }
    }
}

/// A stage of something that goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Done,
    Current,
    Ahead,
}

/// The stages of something that goes on by itself, each with its name.
pub fn stages(words: Words, all: &[(&str, Stage)]) -> Markup {
    html! {
        ol.stages {
            @for (name, stage) in all {
                li class=[(*stage == Stage::Done).then_some("done")] aria-current=[(*stage == Stage::Current).then_some("step")] {
                    (name)
                    @if *stage == Stage::Done { span.unseen { " – " (words.say("progress.done")) } }
                }
            }
        }
    }
}
