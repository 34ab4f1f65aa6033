//! A preview of what a form would do: to three contacts one by one, and to all of a sample.

use std::time::Duration;

use desk::{Preview, Progress, Sample, Verdict, Why};
use sync_core::RecordKind;
use sync_core::config::Config;
use sync_core::mapping::Field;

use super::change;
use super::choices::Choices;
use super::form::Form;
use super::section::Section;
use super::validate::ValidatedForm;
use crate::error::Error;
use crate::panel::session::Visit;
use crate::state::App;

/// Contacts shown at a time.
const SHOWN: usize = 3;
/// How long a preview waits for slow services before it shows what there is.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Whose contacts are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The shop's.
    Shops,
    /// Made up: the shop has none.
    NoneYet,
    /// Made up: the shop cannot be asked.
    Unknown(Why),
    /// Not known yet.
    Waiting,
}

/// What a preview shows.
pub struct FormPreview {
    /// The contacts.
    pub sample: Sample,
    /// Whose they are.
    pub whose: Whose,
    /// Which of them are shown, with what would be done about each.
    pub shown: Vec<(usize, Option<Verdict>)>,
    /// What the mapping makes of them.
    pub preview: Preview,
    /// What saving comes to.
    pub cost: Vec<String>,
    /// More is being read: look again.
    pub is_busy: bool,
}

/// The contacts shown when the first of them is at `from`.
pub fn shown(from: usize, of: usize) -> Vec<usize> {
    if of == 0 {
        return Vec::new();
    }
    let start = from % of;
    (start..start + SHOWN.min(of)).map(|at| at % of).collect()
}

/// Makes the preview.
pub async fn preview_form(
    app: &App,
    visit: &Visit,
    saved: &Config,
    form: &Form,
    validated: &ValidatedForm,
    choices: &Choices,
) -> Result<FormPreview, Error> {
    let kind = form.kind;
    let places = |of| shown(form.from, of);
    let real = app
        .cache
        .sample(&app.engine, &visit.shop, saved, kind, places, PATIENCE)
        .await;
    let whose = match real.progress {
        _ if !real.people.is_empty() => Whose::Shops,
        Progress::Complete => Whose::NoneYet,
        Progress::Stopped(why) => Whose::Unknown(why),
        Progress::Reading => Whose::Waiting,
    };
    let sample = match whose {
        Whose::Shops | Whose::Waiting => real,
        Whose::NoneYet | Whose::Unknown(_) => desk::fictional::sample(kind),
    };
    let places = shown(form.from, sample.people.len());
    // What would be if this were saved and on.
    let mut config = saved.clone();
    let on = Section {
        enabled: true,
        ..validated.section.clone()
    };
    on.put(&mut config, kind);
    let mut verdicts = Vec::with_capacity(places.len());
    for at in &places {
        let verdict = match whose {
            Whose::Shops => desk::verdict(&app.engine, &visit.shop, &config, &sample, *at)
                .await
                .map_err(|error| match error {
                    desk::Error::Store(error) => error.into(),
                    _ => Error::Busy,
                })?,
            _ => desk::verdict_on_stranger(&config, &sample, *at),
        };
        verdicts.push((*at, verdict));
    }
    let additional: Vec<i64> = choices.additional.iter().map(|field| field.id).collect();
    let mapping = &validated.section.mapping;
    let preview = desk::preview(mapping, &sample, &places, choices.properties(), &additional);
    let lane = engine::standing(&app.store, visit.shop.id).await?;
    let mut after = saved.clone();
    validated.section.put(&mut after, kind);
    let cost = change::sentences(app, visit, &lane, choices, saved, &after).await?;
    let is_busy = whose == Whose::Waiting || (whose == Whose::Shops && sample.is_busy(&places));
    Ok(FormPreview {
        sample,
        whose,
        shown: verdicts,
        preview,
        cost,
        is_busy,
    })
}

/// Fields with data that fill nothing yet, worth a line at the foot of the page.
pub fn unmapped(seen: &FormPreview, kind: RecordKind) -> Vec<(Field, usize)> {
    let is_real = seen.whose == Whose::Shops;
    let all = seen.preview.unmapped.iter().copied().filter(|_| is_real);
    all.filter(|(field, _)| Field::parse(kind, &field.to_string()).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_a_time_go_round_the_sample() {
        assert_eq!(shown(0, 200), [0, 1, 2]);
        assert_eq!(shown(3, 5), [3, 4, 0]);
        assert_eq!(shown(7, 2), [1, 0]);
        assert_eq!(shown(4, 0), [] as [usize; 0]);
    }
}
