//! Lists of the shop, read so that a record which makes its page fail hides no other.

use desk::ShopSide;
use shoper_api::{Client, Cursor, Error, Listed, Stretch, Subscriber, User};

/// A record of one of the shop's lists.
pub trait Row: Sized + Send {
    /// Asks for a part of the list.
    fn ask(
        client: Client,
        at: Cursor,
        of: Stretch,
    ) -> impl Future<Output = Result<Listed<Self>, Error>> + Send;
}

impl Row for Subscriber {
    async fn ask(client: Client, at: Cursor, of: Stretch) -> Result<Listed<Self>, Error> {
        client.subscribers_in(at, of).await
    }
}

impl Row for User {
    async fn ask(client: Client, at: Cursor, of: Stretch) -> Result<Listed<Self>, Error> {
        client.users_in(at, of).await
    }
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    cursor: Cursor,
    /// Rows after the cursor that were read or failed before.
    skip: u32,
    /// Records at the end of what was read that failed, and that the next page meets once more.
    failed: u32,
}

/// What was read at once.
#[derive(Debug)]
pub struct Part<T> {
    /// What could be read.
    pub rows: Vec<T>,
    /// Records that could not.
    pub unreadable: u64,
    /// Rows from the place on, as the shop counts them.
    pub count: Option<u64>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<Place>,
}

/// Reads a page, or where a whole one cannot be had its rows one by one.
///
/// # Errors
/// What the shop said to the whole page, where none of its rows can be read alone; any other [`Error`].
pub async fn read<T: Row>(shop: &ShopSide, from: Place) -> Result<Part<T>, Error> {
    if from.skip > 0 {
        return one_by_one(shop, from, None).await;
    }
    match shop.ask(|c| T::ask(c, from.cursor, Stretch::PAGE)).await {
        Ok(page) => Ok(Part {
            unreadable: page.broken.len() as u64,
            count: page.count,
            next: page.next.map(|cursor| Place {
                cursor,
                skip: page.into,
                failed: 0,
            }),
            rows: page.rows,
        }),
        Err(error) if error.may_be_the_call() => one_by_one(shop, from, Some(error)).await,
        Err(error) => Err(error),
    }
}

async fn one_by_one<T: Row>(
    shop: &ShopSide,
    from: Place,
    mut failure: Option<Error>,
) -> Result<Part<T>, Error> {
    let mut part = Part {
        rows: Vec::new(),
        unreadable: 0,
        count: None,
        next: None,
    };
    let mut known = from.failed;
    let mut next: Option<Place> = None;
    for skip in from.skip..Stretch::PAGE.rows {
        match shop
            .ask(|c| T::ask(c, from.cursor, Stretch { rows: 1, skip }))
            .await
        {
            Ok(one) => {
                if one.rows.is_empty() && one.broken.is_empty() && one.next.is_some() {
                    // A shop that cannot be asked by id shows once more what was read before, and what failed there.
                    part.unreadable = 0;
                    known = from.failed;
                } else {
                    known = 0;
                }
                part.unreadable += one.broken.len() as u64;
                part.count = part.count.or(one.count);
                part.rows.extend(one.rows);
                let Some(cursor) = one.next else {
                    return Ok(part);
                };
                next = Some(Place {
                    cursor,
                    skip: one.into,
                    failed: 0,
                });
            }
            Err(error) if error.may_be_the_call() => {
                if known > 0 {
                    known -= 1;
                } else {
                    part.unreadable += 1;
                }
                if let Some(next) = &mut next {
                    next.failed += 1;
                }
                failure.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    part.next = match (next, failure) {
        (None, Some(error)) => return Err(error),
        // A numbered page is done with, whether or not its last rows could be read.
        (
            Some(Place {
                cursor: Cursor::Page { page, after },
                skip,
                ..
            }),
            _,
        ) if skip > 0 => Some(Place {
            cursor: Cursor::Page {
                page: page + 1,
                after,
            },
            ..Place::default()
        }),
        (next, _) => next,
    };
    Ok(part)
}
