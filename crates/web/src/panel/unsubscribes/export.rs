//! The lists as a file, written row by row as the browser takes it.
//!
//! Addresses are personal: the file is answered to a form alone, is kept in no cache, and names nobody in its address.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use futures_util::stream::{self, Stream};
use ports::Millis;
use store::{AddrHash, Direction};
use sync_core::ShopId;
use texts::Words;

use super::{row, since, span};
use crate::api::model::iso;
use crate::panel::closed::Closed;
use crate::panel::csv_file;
use crate::panel::session::Posted;
use crate::state::App;

/// Rows read at a time.
const PART: i64 = 500;

/// Answers the file.
pub async fn file(State(app): State<App>, Posted { visit, fields }: Posted) -> Result<Response, Closed> {
    let words = visit.words;
    let since = since(span(fields.get("days").parse().ok()), app.now());
    let body = Body::from_stream(parts(app, visit.shop.id, words, since));
    Ok(csv_file::answer("wypisy-unsubscribes.csv", body))
}

/// Where the file is: the list being written and the last row written of it.
struct Place {
    app: App,
    direction: Option<Direction>,
    before: Option<i64>,
    head: bool,
}

fn parts(
    app: App,
    shop: ShopId,
    words: Words,
    since: Millis,
) -> impl Stream<Item = Result<Bytes, store::Error>> {
    let place = Place {
        app,
        direction: Some(Direction::ToSare),
        before: None,
        head: true,
    };
    stream::try_unfold(place, move |mut place| async move {
        if std::mem::take(&mut place.head) {
            return Ok(Some((Bytes::from(head(words)), place)));
        }
        let Some(direction) = place.direction else {
            return Ok(None);
        };
        let store = &place.app.store;
        let rows = store
            .unsubscribes(shop, direction, place.before, since, PART)
            .await?;
        let hashes: Vec<AddrHash> = rows.iter().map(|row| row.hash).collect();
        let contacts = store.contacts(shop, &hashes).await?;
        let mut text = Vec::new();
        for one in &rows {
            let address = contacts
                .get(&one.hash)
                .and_then(|contact| contact.address.as_deref());
            let way = match direction {
                Direction::ToSare => words.say("unsubscribes.to-sare"),
                Direction::ToShop => words.say("unsubscribes.to-shop"),
            };
            csv_file::line(
                &mut text,
                &[
                    way,
                    &iso(one.at).unwrap_or_default(),
                    &texts::in_poland(one.at),
                    address.unwrap_or_default(),
                    row::cause(words, one),
                    row::found_by(words, one).unwrap_or_default(),
                    &row::told(words, one, direction),
                    &one.told_at.and_then(iso).unwrap_or_default(),
                    row::ended(words, one),
                    &one.ended_at.and_then(iso).unwrap_or_default(),
                ],
            );
        }
        match rows.last() {
            Some(last) => place.before = Some(last.seq),
            None => {
                place.before = None;
                place.direction = (direction == Direction::ToSare).then_some(Direction::ToShop);
            }
        }
        Ok(Some((Bytes::from(text), place)))
    })
}

/// The first line.
fn head(words: Words) -> Vec<u8> {
    let mut text = csv_file::begin();
    csv_file::line(
        &mut text,
        &[
            words.say("unsubscribes.csv-way"),
            words.say("unsubscribes.csv-utc"),
            words.say("unsubscribes.csv-poland"),
            words.say("unsubscribes.whom"),
            words.say("unsubscribes.why"),
            words.say("unsubscribes.csv-found"),
            words.say("unsubscribes.csv-knew"),
            words.say("unsubscribes.csv-knew-at"),
            words.say("unsubscribes.after"),
            words.say("unsubscribes.csv-after-at"),
        ],
    );
    text
}
