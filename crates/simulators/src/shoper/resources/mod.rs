//! The resources of the REST API, one file each: what it answers and what it takes
//! (shoper-api.md E). What a row is and how it looks is in `rows`.

mod addresses;
mod application;
mod subscribers;
mod users;
mod webhooks;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::list::{self, ListQuery, Listing, object};
use super::refusal::Refusal;
use super::rows::{Row, Shown};
use super::settings::SelectOptions;
use super::state::State;
use super::table::Table;

/// One call of a resource, alone or as a part of a bulk call.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The method; `HEAD` comes as `GET`.
    pub method: &'a Method,
    /// What stands after the resource in the path.
    pub rest: Option<&'a str>,
    /// The query, decoded.
    pub params: &'a [(String, String)],
    pub body: &'a [u8],
}

/// What a call is answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// JSON, or nothing.
    pub body: Bytes,
    /// Set for a page of a list.
    pub listing: Option<Listing>,
    /// Records that stand in it.
    pub ids: Vec<i64>,
}

impl Answer {
    /// 200 with this JSON.
    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            body: body.into(),
            listing: None,
            ids: Vec::new(),
        }
    }

    /// A bare number: a new id, or 1 for "done" (shoper-api.md D.4).
    fn number(number: i64) -> Self {
        Self::json(number.to_string())
    }

    fn done() -> Self {
        Self::number(1)
    }
}

impl Call<'_> {
    /// The id in the path; what is no number is the id of nothing.
    fn id(&self) -> Option<i64> {
        self.rest.map(|rest| rest.parse().unwrap_or(0))
    }

    /// Answers the reading of a table that needs no more than its rows.
    fn read<T: Row>(&self, table: &Table<T>, shown: Shown<'_>) -> Result<Answer, Refusal> {
        match (self.method.as_str(), self.id()) {
            ("GET", None) => {
                let query = ListQuery::parse(self.params)?;
                self.list(table, None, query, shown)
            }
            ("GET", Some(id)) => one(table, id, shown),
            _ => Err(Refusal::MethodNotAllowed),
        }
    }

    fn list<T: Row>(
        &self,
        table: &Table<T>,
        candidates: Option<Vec<i64>>,
        query: ListQuery,
        shown: Shown<'_>,
    ) -> Result<Answer, Refusal> {
        let candidates = candidates.or_else(|| picked_ids(&query, T::ID));
        let (body, listing, ids) = list::page(table, candidates, query, shown)?;
        Ok(Answer {
            status: StatusCode::OK,
            body: body.into(),
            listing: Some(listing),
            ids,
        })
    }
}

fn one<T: Row>(table: &Table<T>, id: i64, shown: Shown<'_>) -> Result<Answer, Refusal> {
    let row = table.get(id).ok_or(Refusal::NotFound)?;
    let mut answer = Answer::json(object(&**row, Shown { alone: true, ..shown }));
    answer.ids.push(id);
    Ok(answer)
}

fn picked_ids(query: &ListQuery, field: &str) -> Option<Vec<i64>> {
    let condition = query.picking(field)?;
    Some(ascending(
        condition
            .operands
            .iter()
            .filter_map(super::filter::Operand::integer)
            .collect(),
    ))
}

fn ascending(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Calls the resource of this name; `None`: there is no such resource.
pub(super) fn serve(state: &mut State, resource: &str, call: &Call<'_>) -> Option<Result<Answer, Refusal>> {
    let read_only = |state: &State| {
        let shown = state.shown();
        match resource {
            "languages" => call.read(&state.catalog.languages, shown),
            "user-groups" => call.read(&state.catalog.user_groups, shown),
            "user-tags" => call.read(&state.catalog.tags, shown),
            "subscriber-groups" => call.read(&state.catalog.subscriber_groups, shown),
            "additional-fields" => call.read(&state.catalog.fields, shown),
            "additional-fields-options" | "additional-field-options" => {
                call.read(&state.catalog.options(), shown)
            }
            _ => call.read(&state.orders, shown),
        }
    };
    // Where they are not, such a list is a resource that the shop does not know (I).
    let options = match state.settings.select_options {
        SelectOptions::ListOfFields => Some("additional-fields-options"),
        SelectOptions::ListOfField => Some("additional-field-options"),
        SelectOptions::Field | SelectOptions::Translation => None,
    };
    Some(match resource {
        _ if options == Some(resource) => read_only(state),
        "users" => users::serve(state, call),
        "user-addresses" => addresses::serve(state, call),
        "subscribers" => subscribers::serve(state, call),
        "webhooks" => webhooks::serve(state, call),
        "languages" | "user-groups" | "user-tags" | "subscriber-groups" | "additional-fields" | "orders" => {
            read_only(state)
        }
        "application-config" => application::config(state, call),
        "application-version" => application::version(state, call),
        "application-lock" => application::lock(state, call),
        "categories-tree" | "dashboard-activities" if call.method == Method::GET => {
            Ok(Answer::json(&b"[]"[..]))
        }
        "object-mtime" | "metafields" | "metafield-values" => Err(Refusal::NotImplemented),
        _ => return None,
    })
}
