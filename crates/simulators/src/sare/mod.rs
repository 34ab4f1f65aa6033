//! SARE's REST API as one account sees it (sare-api.md 15), with everything that is not known about
//! it as a setting.
//!
//! - `account`: the account itself and the world's hands on it; `state`: what changes of it;
//! - `api`: path, key, pace, and which call it is; `reads`, `add` and `groups` are the calls;
//! - `contacts`: what is stored, and the log of every change of a status;
//! - `settings`: every variant; `answer`: the envelope; `webhooks`: what a click sends out.
//!
//! Written from the reference alone, without the client's types, so that a misunderstanding in the
//! client cannot hide here.

mod account;
mod add;
mod answer;
mod api;
mod contacts;
mod groups;
mod item;
mod patch;
mod reads;
mod settings;
mod state;
mod webhooks;

#[cfg(test)]
mod tests;

pub use account::Account;
pub use contacts::{ContactView, DELETED, Event, Happening, StatusChange, Who, status};
pub use settings::{
    AccountSettings, AddErrors, AddSuccess, AddressLimitAnswer, AuthRefused, BASE_PATH, BlockedAnswer,
    ContactShape, DomainForm, Duplicate, EmptyAdd, EmptyValue, Envelope, Forgotten, GroupChangeShape,
    GroupEmailsShape, GroupListShape, ListShape, LookupForm, MissingContact, Overload, PastLastPage, Prop,
    PropKind, PropsShape, RateLimit, RefusedStatus, Reject, StatusForm, TooMany, UnknownInList, Webhook,
    WebhookShape,
};
pub use state::LoggedRequest;
pub use webhooks::Delivery;
