//! A client of Shoper's REST API, and its lifecycle, iframe and webhook signatures.
//!
//! What comes from outside is verified by [`signature`] and read by [`lifecycle`]; [`oauth`] gets the
//! right to ask; [`Client`] asks. A call goes from the file named after its resource (`users/`,
//! `subscribers.rs`, `webhooks.rs`, …) through `lists/` and `client.rs` to [`ports::Transport`], and its
//! answer through `answer.rs` and `wire/`, where all leniency towards shapes lives, back again.
//!
//! Waiting, repeating and renewing of tokens are the caller's: [`Error`] says what is sensible, [`Pace`]
//! what was asked of the shop and what it permits.

mod answer;
mod application;
mod bulk;
mod catalog;
mod client;
mod error;
mod fields;
mod ids;
pub mod lifecycle;
mod lists;
pub mod oauth;
mod pace;
mod redact;
mod shop_url;
pub mod signature;
mod standing;
pub mod subscribers;
pub mod time;
pub mod users;
pub mod webhooks;
mod wire;

pub use application::ApplicationConfig;
pub use bulk::{BULK_LIMIT, BulkBody, BulkOperation};
pub use catalog::{Language, SubscriberGroup, UserGroup, UserTag};
pub use client::Client;
pub use error::Error;
pub use fields::{AdditionalField, FieldKind, OptionList};
pub use ids::{SubscriberId, UserId, WebhookId};
pub use lists::{Broken, ByIds, ChangeList, Cursor, Glance, GlanceList, Listed, Next, Stretch, Walk};
pub use pace::Pace;
pub use ports::Private;
pub use shop_url::{ShopUrl, ShopUrlError};
pub use signature::{Admin, IframeEntry};
pub use standing::{Standing, standing};
pub use subscribers::Subscriber;
pub use users::{AddressWay, FieldValue, User, UserAddress};
pub use webhooks::Webhook;
