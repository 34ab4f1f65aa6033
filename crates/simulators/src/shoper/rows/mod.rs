//! What a shop holds, a file for each kind of row: what the row is and how it looks (shoper-api.md E).

pub(super) mod addresses;
pub(super) mod catalog;
pub(super) mod orders;
pub(super) mod subscribers;
pub(super) mod users;
pub(super) mod webhooks;

use std::sync::Arc;

use self::catalog::Catalog;
use super::filter::Field;
use super::json::Json;
use super::settings::ShopSettings;

/// Text that many rows share is kept once.
pub(super) type Text = Arc<str>;

/// A row of a resource, as lists see it.
pub(super) trait Row {
    /// Name of the field that holds the id.
    const ID: &'static str;
    /// Whether its list can be asked for what has changed since a time.
    const CHANGES: bool = false;
    /// Fields that can be filtered and ordered by.
    const FIELDS: &'static [&'static str];

    fn id(&self) -> i64;
    /// The value of one of [`Row::FIELDS`].
    fn field(&self, name: &str, catalog: &Catalog) -> Field<'_>;
    /// Writes the members of the object.
    fn write(&self, json: &mut Json, shown: &Shown<'_>);
}

/// What the look of a row depends on besides the row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// The shop's settings.
    pub settings: &'a ShopSettings,
    /// The shop's small tables.
    pub catalog: &'a Catalog,
    /// Whether the object is shown alone and not in a list.
    pub alone: bool,
    /// Whether the object is the body of a webhook.
    pub in_webhook: bool,
}
