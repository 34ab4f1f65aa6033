//! What pages are laid out with: cards, numbers, progress, what is said where nothing is, and controls in a line.

use maud::{Markup, html};

/// A card under its heading.
pub fn card(title: &str, content: Markup) -> Markup {
    html! { section { h2 { (title) } (content) } }
}

/// A number that matters.
pub struct Stat<'a> {
    /// It, written out.
    pub number: &'a str,
    /// What it counts.
    pub label: &'a str,
    /// The list of what it counts.
    pub href: &'a str,
    /// What is said beneath.
    pub more: Markup,
}

/// A number in large figures, which leads to what it counts.
pub fn stat(stat: Stat<'_>) -> Markup {
    html! {
        li {
            a href=(stat.href) {
                span.big { (stat.number) }
                span { (stat.label) }
            }
            (stat.more)
        }
    }
}

/// Numbers beside each other: `content` is made of [`stat`].
pub fn stats(content: Markup) -> Markup {
    html! { ul.piles { (content) } }
}

/// How far something is. Without `total` it is under way, and nobody knows how far.
pub fn progress(done: i64, total: Option<i64>, label: &str) -> Markup {
    html! {
        @match total.filter(|total| *total > 0) {
            Some(total) => progress value=(done.clamp(0, total)) max=(total) aria-label=(label) {},
            None => progress aria-label=(label) {},
        }
    }
}

/// Said in place of a list that has nothing, with what can be done about it.
pub fn empty(text: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            p { (text) }
            @if let Some(action) = action { (action) }
        }
    }
}

/// Controls of a list in a line above it.
pub fn toolbar(content: Markup) -> Markup {
    html! { div.actions.before { (content) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_stays_within_its_bar_and_says_nothing_of_an_unknown_end() {
        let shown = |done, total| progress(done, total, "x").into_string();
        assert!(shown(12, Some(10)).contains("value=\"10\" max=\"10\""));
        assert!(shown(-1, Some(10)).contains("value=\"0\""));
        assert!(!shown(3, None).contains("value"));
        assert!(!shown(3, Some(0)).contains("value"));
    }
}
