//! Many operations in one request (shoper-api.md D.8). How it counts against the limit is unknown;
//! assume one request an operation.

use std::collections::HashMap;
use std::fmt;

use http::{HeaderMap, Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::answer::open;
use crate::client::Client;
use crate::error::Error;
use crate::wire::lenient;

/// Operations that one request takes at most.
pub const BULK_LIMIT: usize = 25;

/// One operation.
#[derive(Clone, PartialEq)]
pub struct BulkOperation {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: Method,
    /// The list, such as `subscribers`.
    pub resource: String,
    /// The object in it.
    pub id: Option<i64>,
    /// The query, such as `page`.
    pub params: Vec<(String, String)>,
    /// The body of a write.
    pub body: Option<Value>,
}

/// What is done to what, without values.
impl fmt::Debug for BulkOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkOperation")
            .field("method", &self.method)
            .field("resource", &self.resource)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The body that an operation was answered with. `Debug` hides it.
#[derive(Clone)]
pub struct BulkBody(Box<RawValue>);

impl fmt::Debug for BulkBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes hidden]", self.0.get().len())
    }
}

impl BulkBody {
    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.get().as_bytes()
    }

    /// Reads the body, e.g. as a [`crate::Subscriber`]. `None` if it is none.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }
}

#[derive(Serialize)]
struct WireOperation<'a> {
    id: String,
    method: &'a str,
    path: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    params: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a Value>,
}

#[derive(Deserialize)]
struct WireAnswer {
    #[serde(default, deserialize_with = "lenient::flag")]
    errors: Option<bool>,
    #[serde(default)]
    items: Vec<WireItem>,
}

#[derive(Deserialize)]
struct WireItem {
    #[serde(deserialize_with = "lenient::text")]
    id: String,
    #[serde(deserialize_with = "lenient::integer")]
    code: Option<i64>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

impl Client {
    /// Does up to [`BULK_LIMIT`] operations. Each has an outcome of its own, in the order given; one that
    /// the shop does not answer may have been carried out.
    ///
    /// # Errors
    /// [`Error::TooManyOperations`]; any [`Error`] of the request as a whole.
    pub async fn bulk(&self, operations: &[BulkOperation]) -> Result<Vec<Result<BulkBody, Error>>, Error> {
        if operations.len() > BULK_LIMIT {
            return Err(Error::TooManyOperations { limit: BULK_LIMIT });
        }
        if operations.is_empty() {
            return Ok(Vec::new());
        }
        let body: Vec<WireOperation<'_>> = operations.iter().enumerate().map(|(at, o)| wire(at, o)).collect();
        let answer = self.post("bulk", &body).await?;
        let read: WireAnswer = answer.decode("a bulk answer")?;
        if read.errors == Some(true) {
            return Err(answer.not_understood("a bulk answer without errors"));
        }
        let mut items: HashMap<String, WireItem> =
            read.items.into_iter().map(|i| (i.id.clone(), i)).collect();
        let outcomes = operations.iter().enumerate().map(|(at, operation)| {
            let item = items.remove(&at.to_string());
            let item = item.ok_or_else(|| answer.not_understood("an answer to every operation"))?;
            self.outcome(operation, item)
        });
        Ok(outcomes.collect())
    }

    /// An item is judged as if it had been asked for alone.
    fn outcome(&self, operation: &BulkOperation, item: WireItem) -> Result<BulkBody, Error> {
        let body = item.body.unwrap_or_else(|| RawValue::NULL.to_owned());
        let code = item.code.and_then(|code| u16::try_from(code).ok());
        // A code that is none is answered like a failure of the shop's.
        let status = code
            .and_then(|code| StatusCode::from_u16(code).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = Response::new(body.get().to_owned().into());
        *answer.status_mut() = status;
        *answer.headers_mut() = HeaderMap::new();
        open(&operation.method, &operation.resource, self.url(), answer)?;
        Ok(BulkBody(body))
    }
}

/// The full path is documented to work; a short one stands in one example only.
fn wire(at: usize, operation: &BulkOperation) -> WireOperation<'_> {
    let object = operation.id.map_or_else(String::new, |id| format!("/{id}"));
    WireOperation {
        id: at.to_string(),
        method: operation.method.as_str(),
        path: format!("/webapi/rest/{}{object}", operation.resource),
        params: operation
            .params
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
        body: operation.body.as_ref(),
    }
}
