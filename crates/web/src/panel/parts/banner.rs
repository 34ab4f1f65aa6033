//! What stands out: a sentence in a banner, a word in a chip.

use maud::{Markup, html};

/// A word in a pill, with a colour that says no more than the word.
pub fn chip(tone: Option<Tone>, text: &str) -> Markup {
    html! { span class={ "chip " (tone.map_or("", Tone::class)) } { (text) } }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something went well.
    Good,
    /// Something to know.
    Info,
    /// Something to look at.
    Warn,
    /// Something is wrong.
    Bad,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// Only what is wrong interrupts a screen reader.
    fn role(self) -> &'static str {
        match self {
            Self::Bad => "alert",
            _ => "status",
        }
    }
}

/// A banner: a sentence that stands out.
pub fn notice(tone: Tone, content: Markup) -> Markup {
    html! {
        div class={ "notice " (tone.class()) } role=(tone.role()) { (content) }
    }
}
