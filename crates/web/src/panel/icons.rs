//! The menu's icons: strokes on a square of 24, drawn for this panel, in one sprite that a page carries.

use maud::{Markup, PreEscaped, html};

/// Name, path.
const ICONS: &[(&str, &str)] = &[
    ("overview", "M4 4h6v9H4zM14 11h6v9h-6zM4 17h6v3H4zM14 4h6v3h-6z"),
    (
        "customers",
        "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4.5-5.5 8-5.5S19 16 20 20",
    ),
    ("subscribers", "M3 6h18v12H3zM3.5 7l8.5 6.5L20.5 7"),
    (
        "contacts",
        "M4 5h16v14H4zM8.5 12.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.5 16.5c1.5-2 4.5-2 6 0M14.5 10h3M14.5 14h3",
    ),
    ("unsubscribes", "M10 4H4.5v16H10M15 8l4 4-4 4M19 12H9"),
    ("problems", "M12 4 2.5 20h19zM12 10v5M12 17.5v.5"),
    ("advanced", "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4"),
    (
        "help",
        "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.5",
    ),
];

/// The sprite: once a page, before anything that uses it.
pub fn sprite() -> Markup {
    html! {
        svg.sprite aria-hidden="true" {
            @for (name, path) in ICONS {
                (PreEscaped(format!("<symbol id=\"i-{name}\" viewBox=\"0 0 24 24\"><path d=\"{path}\"/></symbol>")))
            }
        }
    }
}

/// One icon, beside words that say the same; nothing for a name that has none.
pub fn icon(name: &str) -> Markup {
    html! {
        @if ICONS.iter().any(|(known, _)| *known == name) {
            svg.icon aria-hidden="true" { (PreEscaped(format!("<use href=\"#i-{name}\"/>"))) }
        }
    }
}
