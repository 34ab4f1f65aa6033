//! What the pages that are needed seldom have around them: one menu, what was done, and what keeps them from doing anything.

use axum::response::Response;
use engine::RunObstacle;
use maud::{Markup, html};

use crate::panel::closed::Closed;
use crate::panel::layout::{self, Head};
use crate::panel::parts::{self, Tone};
use crate::panel::session::Visit;
use crate::state::App;

/// The pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Force,
    Rules,
    File,
    Connection,
    Danger,
}

impl Part {
    const ALL: [Self; 5] = [
        Self::Force,
        Self::Rules,
        Self::File,
        Self::Connection,
        Self::Danger,
    ];

    /// Its word among the texts, and its address.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Force => ("force", "advanced"),
            Self::Rules => ("rules", "advanced/rules"),
            Self::File => ("config", "advanced/file"),
            Self::Connection => ("connection", "advanced/connection"),
            Self::Danger => ("danger", "advanced/danger"),
        }
    }
}

/// A page with its content; `done` is what was done before it, "" for nothing.
pub async fn page(
    app: &App,
    visit: &Visit,
    part: Part,
    done: &str,
    content: Markup,
) -> Result<Response, Closed> {
    let words = visit.words;
    let obstacle = app.engine.run_obstacle(&visit.shop).await;
    let obstacle = obstacle.map_err(|error| visit.closed(error))?;
    let content = html! {
        @if let Some(text) = told(visit, done) { (parts::notice(Tone::Good, html! { p { (text) } })) }
        @if matches!(obstacle, Some(RunObstacle::NotConnected)) {
            (parts::notice(Tone::Warn, html! {
                p { (words.say("advanced.no-key")) }
                p { a href=(visit.link("connect")) { (words.say("advanced.connect")) } }
            }))
        }
        (menu(visit, part))
        (content)
    };
    let title = words.say("advanced.title");
    Ok(layout::page(visit, Head::new("advanced", title), content))
}

fn told(visit: &Visit, done: &str) -> Option<&'static str> {
    let words = visit.words;
    Some(match done {
        "forced" => words.say("advanced.done-forced"),
        "rules" => words.say("advanced.done-rules"),
        "imported" => words.say("advanced.done-imported"),
        "restored" => words.say("advanced.done-restored"),
        "disconnected" => words.say("advanced.done-disconnected"),
        _ => return None,
    })
}

/// The pages of this menu. Its entries keep the names that the sections had while all stood on one page, so that old
/// addresses lead to them.
fn menu(visit: &Visit, here: Part) -> Markup {
    let words = visit.words;
    html! {
        nav.parts aria-label=(words.say("advanced.title")) {
            ul {
                @for part in Part::ALL {
                    @let (word, address) = part.place();
                    li id=[(part != Part::Force).then_some(word)] {
                        a href=(visit.link(address)) aria-current=[(part == here).then_some("page")] {
                            (words.say_word("advanced.part", word))
                        }
                    }
                }
            }
        }
    }
}
