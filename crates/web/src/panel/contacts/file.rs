//! A list, or what a search found, as a file, written as the browser takes it.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::{self, Stream};
use texts::Words;

use super::lists::{self, Asked, Row};
use super::search;
use crate::api::model::iso;
use crate::error::Error;
use crate::panel::closed::Closed;
use crate::panel::csv_file;
use crate::panel::session::{Posted, Visit};
use crate::state::App;

/// Contacts read at a time.
const PART: usize = 500;

/// Answers the file.
pub async fn file(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let typed = fields.get("email").to_owned();
    let asked = Asked {
        list: fields.get("list").to_owned(),
        order: fields.get("order").to_owned(),
        ..Asked::default()
    };
    let body = if typed.is_empty() {
        Body::from_stream(parts(app, visit, asked))
    } else {
        let found = search::all(&app, &visit, &typed).await;
        let rows = found.map_err(|error| visit.closed(error))?;
        let mut text = head(visit.words);
        write(&mut text, &rows);
        Body::from(text)
    };
    Ok(csv_file::answer("kontakty-contacts.csv", body))
}

/// Where the file is: the list and its part that comes next, `None` once all is written.
struct Place {
    app: App,
    visit: Visit,
    next: Option<Asked>,
    head: bool,
}

fn parts(app: App, visit: Visit, asked: Asked) -> impl Stream<Item = Result<Bytes, Error>> {
    let place = Place {
        app,
        visit,
        next: Some(asked),
        head: true,
    };
    stream::try_unfold(place, move |mut place| async move {
        let mut text = Vec::new();
        if std::mem::take(&mut place.head) {
            text = head(place.visit.words);
        }
        let Some(asked) = place.next.take() else {
            return Ok(None);
        };
        let part = lists::read(&place.app, &place.visit, &asked, PART).await?;
        write(&mut text, &part.rows);
        place.next = part.next.map(|after| Asked { after, ..asked });
        Ok(Some((Bytes::from(text), place)))
    })
}

fn head(words: Words) -> Vec<u8> {
    let mut text = csv_file::begin();
    csv_file::line(
        &mut text,
        &[
            words.say("contacts.contact"),
            words.say("contacts.why"),
            words.say("contacts.csv-utc"),
            words.say("contacts.csv-poland"),
        ],
    );
    text
}

fn write(text: &mut Vec<u8>, rows: &[Row]) {
    for row in rows {
        let (utc, poland) = (iso(row.at).unwrap_or_default(), texts::in_poland(row.at));
        csv_file::line(text, &[&row.name, &row.why, &utc, &poland]);
    }
}
