//! How a simulated shop is set up: who it is, its secrets, and one setting for every question that
//! the public material about Shoper leaves open (shoper-api.md, section H).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::spoilt::{OddMember, Spoilt};
use super::unsaid::Unsaid;
use crate::faults::millis;

/// Everything that can be set about a shop. The default is what the reference says is likeliest; of
/// things wholly unknown, the choice that asks more of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShopSettings {
    /// Licence hash, 40 lowercase hex characters: the shop's stable identity (shoper-api.md A.2).
    pub license: String,
    /// Scheme, host and port, without a slash at the end: the `shop_url` of lifecycle messages.
    pub base_url: String,
    /// The shop's real domain, where `base_url` only sends on to it (A.2): scheme, host and port.
    pub redirects_to: Option<String>,
    /// The shop's real domain as `application-config` tells it, while `base_url` still answers itself.
    pub own_domain: Option<String>,
    /// Name of the shop.
    pub shop_name: String,
    /// Version of the shop's software.
    pub version: String,
    /// Id of the app, which is its OAuth client id.
    pub app_id: String,
    /// OAuth client secret of the app.
    pub app_secret: String,
    /// Secret that signs lifecycle messages and iframe addresses.
    pub appstore_secret: String,
    /// Webhook secret of the app's definition.
    pub webhook_secret: String,
    /// Login of the administrator with WebAPI access.
    pub admin_login: String,
    /// Password of that administrator.
    pub admin_password: String,
    /// Why that administrator may not log in in spite of the right password; `None`: may.
    pub admin_refused: Option<AdminRefused>,
    /// A token of the panel's "Dodaj integrację", used directly as a bearer token (B.2).
    pub api_token: Option<String>,

    /// The request limit; `None`: huge limits in the headers and no enforcement.
    pub bucket: Option<Bucket>,
    /// What a bulk call costs (D.8, unknown).
    pub bulk_cost: BulkCost,
    /// How long an answer takes. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub latency: Duration,

    /// The granted scopes as told with a token; `None`: the field is left out.
    pub scope: Option<String>,
    /// What the app may not do: `subscribers`, or one action of it such as `subscribers_edit`.
    pub refused: Vec<String>,
    /// Life of an authorization code. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub code_lifetime: Duration,
    /// Whether an authorization code can be exchanged only once.
    pub code_single_use: bool,
    /// Life of an access token of the app. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub access_lifetime: Duration,
    /// Whether `expires_in` comes as a string of digits.
    pub expires_in_as_string: bool,
    /// Whether `expires_in` comes at all.
    pub tells_lifetime: bool,
    /// Whether a refresh token goes on working, and the answer to it names no other.
    pub refresh_omits_token: bool,
    /// Whether the app's token still works for a minute after the uninstall message.
    pub token_works_at_uninstall: bool,
    /// Whether the shop deletes the app's webhooks when the app is removed.
    pub webhooks_deleted_at_uninstall: bool,

    /// How scalars look in JSON (D.5).
    pub wire_types: WireTypes,
    /// Whether JSON is written as PHP does by default: `\/` and `\uXXXX`.
    pub php_escapes: bool,
    /// Whether the `list` of a page is an object keyed by id, as older shops may send it (D.1).
    pub list_as_object: bool,
    /// Records that spoil every answer they stand in.
    pub spoilt: Vec<Spoilt>,
    /// Values of an unexpected kind in single records.
    pub odd_members: Vec<OddMember>,
    /// How the numbers about a list come (D.1).
    pub list_numbers: ListNumbers,
    /// Pages after this one of lists without a filter hold what this one holds, by their own numbers.
    pub stuck_at_page: Option<usize>,
    /// What a page past the end holds (D.1).
    pub past_end_page: PastEndPage,
    /// The order of a list that is asked for without one.
    pub default_order: DefaultOrder,
    /// The `error` code of a 404 (D.6).
    pub not_found_error_code: NotFoundCode,
    /// The `error` code of a 409 (D.6).
    pub locked_error_code: LockedCode,

    /// Members that some rows do not say (D.5).
    pub unsaid: Vec<Unsaid>,

    /// Filtering `users` by `user_id` (E.1).
    pub user_id_filter: FilterMode,
    /// Filtering `users` by a field that is neither documented as a filter nor `user_id`.
    pub undocumented_user_filter: FilterMode,
    /// Filtering `subscribers` by anything (E.5).
    pub subscriber_filter: FilterMode,
    /// Filtering `user-addresses` by anything (E.2).
    pub address_filter: FilterMode,
    /// Filtering `user-addresses` by a list of customers (E.2).
    pub address_list_filter: FilterMode,
    /// Filtering `users`, `subscribers` and `user-addresses` by the time of their last change (I).
    pub updated_at_filter: ChangeFilter,
    /// Filtering or ordering by a field that the resource does not have (D.2).
    pub unknown_field_filter: FilterMode,

    /// Whether `users.newsletter` can be written after all (E.1).
    pub newsletter_writable: bool,
    /// Whether the flag of a customer and the subscriber row are kept in step (E.5a): ticking
    /// creates or activates a row, switching the row off or deleting it clears the flag.
    pub flag_and_row_in_step: bool,
    /// What inserting an address that is already a subscriber does (E.5).
    pub duplicate_subscriber: DuplicateSubscriber,
    /// How the value of a select shows on a customer (E.6).
    pub select_values: SelectValues,
    /// Where the options of a select stand in `additional-fields` (E.6).
    pub select_options: SelectOptions,
    /// Whether the groups of a subscriber come as strings (E.5).
    pub subscriber_group_strings: bool,
    /// Whether an update that does not mention groups puts the subscriber into the default ones (E.5).
    pub subscriber_update_resets_groups: bool,
    /// Whether a customer's tags come as ids of `user-tags`, not as names (I).
    pub tags_as_ids: bool,
    /// What separates tags in the string that a customer's insert or update takes (E.1).
    pub tag_separator: char,

    /// With what webhooks are signed (F.4).
    pub webhook_signing: WebhookSigning,
    /// The body of create and edit events (F.5).
    pub webhook_payload: WebhookPayload,
    /// The body of delete events (F.5).
    pub delete_payload: WebhookPayload,
    /// Whether changes made by REST come back as webhooks.
    pub rest_writes_fire_webhooks: bool,
    /// Whether a change in a customer's address book fires `client.edit`.
    pub address_change_fires_client_edit: bool,
    /// Whether a change of group or tags alone fires `client.edit`.
    pub group_and_tag_change_fires_client_edit: bool,
    /// Whether the row made by a guest's order fires `client.create`.
    pub guest_order_fires_client_create: bool,
    /// After how many failed deliveries in a row a webhook is switched off; `None`: never (F.6).
    pub disable_webhook_after: Option<u32>,

    /// The shape of `timestamp` in lifecycle messages (A.2).
    pub lifecycle_timestamp: TimestampFormat,
    /// The shape of `timestamp` in the iframe's address (C.1).
    pub iframe_timestamp: TimestampFormat,
    /// The `trial` of an install message; `None`: it is left out (A.2).
    pub trial: Option<bool>,
    /// Whether an upgrade message carries an authorization code (A.2).
    pub upgrade_carries_code: bool,
    /// How often and in which order lifecycle messages arrive (A.4).
    pub lifecycle: LifecycleDelivery,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            license: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            base_url: "https://shop1.example".to_owned(),
            redirects_to: None,
            own_domain: None,
            shop_name: "Sklep przykładowy".to_owned(),
            version: "5.26.54".to_owned(),
            app_id: "abcdef0123456789abcdef0123456789".to_owned(),
            app_secret: "app-secret-example".to_owned(),
            appstore_secret: "appstore-secret-example".to_owned(),
            webhook_secret: "webhook-secret-example".to_owned(),
            admin_login: "admin".to_owned(),
            admin_password: "admin-password-example".to_owned(),
            admin_refused: None,
            api_token: None,
            bucket: Some(Bucket::default()),
            bulk_cost: BulkCost::PerOperation,
            latency: Duration::ZERO,
            scope: Some(
                "users_read,subscribers_read,subscribers_create,subscribers_edit,subscribers_delete,\
                 additional_fields_read,user_groups_read,languages_read,\
                 webhooks_read,webhooks_create,webhooks_edit,webhooks_delete"
                    .to_owned(),
            ),
            refused: Vec::new(),
            code_lifetime: Duration::from_secs(3600),
            code_single_use: true,
            access_lifetime: Duration::from_secs(90 * 86_400),
            expires_in_as_string: false,
            tells_lifetime: true,
            refresh_omits_token: false,
            token_works_at_uninstall: false,
            webhooks_deleted_at_uninstall: true,
            wire_types: WireTypes::Strings,
            php_escapes: false,
            list_as_object: false,
            spoilt: Vec::new(),
            odd_members: Vec::new(),
            list_numbers: ListNumbers::Told,
            stuck_at_page: None,
            past_end_page: PastEndPage::Empty,
            default_order: DefaultOrder::Ascending,
            not_found_error_code: NotFoundCode::InvalidRequest,
            locked_error_code: LockedCode::TemporarilyUnavailable,
            unsaid: Vec::new(),
            user_id_filter: FilterMode::Works,
            undocumented_user_filter: FilterMode::Works,
            subscriber_filter: FilterMode::Works,
            address_filter: FilterMode::Works,
            address_list_filter: FilterMode::Works,
            updated_at_filter: ChangeFilter::Ignored,
            unknown_field_filter: FilterMode::Error404,
            newsletter_writable: false,
            flag_and_row_in_step: false,
            duplicate_subscriber: DuplicateSubscriber::Reject400,
            select_values: SelectValues::Text,
            select_options: SelectOptions::Field,
            subscriber_group_strings: false,
            subscriber_update_resets_groups: false,
            tags_as_ids: false,
            tag_separator: ',',
            webhook_signing: WebhookSigning::Plain,
            webhook_payload: WebhookPayload::Full,
            delete_payload: WebhookPayload::Full,
            rest_writes_fire_webhooks: true,
            address_change_fires_client_edit: true,
            group_and_tag_change_fires_client_edit: true,
            guest_order_fires_client_create: true,
            disable_webhook_after: None,
            lifecycle_timestamp: TimestampFormat::DateTime,
            iframe_timestamp: TimestampFormat::DateTime,
            trial: Some(false),
            upgrade_carries_code: false,
            lifecycle: LifecycleDelivery::default(),
        }
    }
}

/// The request limit of one application (shoper-api.md D.7).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bucket {
    /// How many calls fit.
    pub limit: f64,
    /// How many calls drain a second.
    pub bandwidth: f64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            limit: 10.0,
            bandwidth: 2.0,
        }
    }
}

/// Why an administrator may not log in (shoper-api.md B.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdminRefused {
    /// Logins are limited to certain addresses: `auth_ip_not_allowed`.
    Ip,
    /// The administrator is in no group with WebAPI access: `auth_webapi_access_denied`.
    WebApi,
}

/// What a bulk call costs of the request limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkCost {
    /// Each operation counts; the call is let in when one fits, and may overfill the bucket.
    PerOperation,
    /// The whole call counts as one.
    One,
}

/// How ids, flags and decimals look in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireTypes {
    /// As strings, as seen live.
    Strings,
    /// As numbers.
    Numbers,
}

/// How `count`, `pages` and `page` of a list come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListNumbers {
    /// As they are.
    Told,
    /// As a word that is no number, and not in the headers either.
    Unreadable,
    /// Left out, and not in the headers either.
    Absent,
    /// `pages` is 1 whatever the list holds.
    OnePage,
}

/// What a page past the end holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastEndPage {
    /// Nothing.
    Empty,
    /// The last page again.
    LastPage,
    /// HTTP 404.
    Error404,
}

/// The order of a list that is asked for without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultOrder {
    /// By id, oldest first.
    Ascending,
    /// By id, newest first.
    Descending,
}

/// The `error` code of a 404.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFoundCode {
    /// As seen live.
    InvalidRequest,
    /// As the official library lists it.
    ServerError,
}

/// The `error` code of a 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedCode {
    /// `temporarily_unavailable`
    TemporarilyUnavailable,
    /// `server_error`
    ServerError,
}

/// What a filter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterMode {
    /// It filters.
    Works,
    /// HTTP 404.
    Error404,
    /// HTTP 400.
    Error400,
    /// Every row is answered, as if it had not been asked.
    Ignored,
}

/// What a filter by the time of the last change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeFilter {
    /// It filters.
    Works,
    /// It filters, but a change of a customer's group or tags alone moves no row's time.
    Partly,
    /// HTTP 404.
    Error404,
    /// HTTP 400.
    Error400,
    /// Every row is answered, as if it had not been asked.
    Ignored,
    /// No row is answered, whatever was asked.
    Nothing,
}

impl ChangeFilter {
    /// As other filters do it.
    pub(super) fn mode(self) -> FilterMode {
        match self {
            Self::Works | Self::Partly | Self::Nothing => FilterMode::Works,
            Self::Error404 => FilterMode::Error404,
            Self::Error400 => FilterMode::Error400,
            Self::Ignored => FilterMode::Ignored,
        }
    }
}

/// What inserting an address that is already a subscriber does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateSubscriber {
    /// HTTP 400.
    Reject400,
    /// A second row.
    Allow,
    /// The row there is changes, and its id is the answer.
    UpdateExisting,
}

/// How the value of a select shows on a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectValues {
    /// The text of the option.
    Text,
    /// The id of the option.
    OptionId,
}

/// Where the options of a select stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectOptions {
    /// In the field itself.
    Field,
    /// In each of its translations.
    Translation,
    /// In a list of their own, `additional-fields-options` (I).
    ListOfFields,
    /// In a list of their own, `additional-field-options` (I).
    ListOfField,
}

/// With what webhooks are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookSigning {
    /// With the webhook's own secret.
    Plain,
    /// With a secret derived per shop from the app's webhook secret.
    Derived,
    /// With a secret derived in the same way from the webhook's own.
    OwnDerived,
    /// With the AppStore secret itself.
    AppStoreSecret,
    /// With nothing.
    Empty,
}

/// How much of the object a webhook's body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookPayload {
    /// The object as REST answers it.
    Full,
    /// Its id alone.
    IdOnly,
}

/// The shape of a moment in a signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampFormat {
    /// `YYYY-MM-DD HH:MM:SS` in Warsaw.
    DateTime,
    /// Seconds since 1970.
    Unix,
    /// `YYYY-MM-DDTHH:MM:SS+HH:MM`.
    Rfc3339,
}

/// How often and in which order lifecycle messages arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LifecycleDelivery {
    /// How many more times each message comes.
    pub repeats: u32,
    /// Whether they come in any order.
    pub out_of_order: bool,
}

/// What goes wrong with webhooks on their way.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookFaults {
    /// Share that never comes, 0 to 1.
    pub drop: f64,
    /// Share that comes twice, 0 to 1.
    pub double: f64,
    /// Greatest delay; each delivery draws its own. In JSON: milliseconds.
    #[serde(with = "millis")]
    pub delay_max: Duration,
    /// Whether delays may reverse the order of changes.
    pub out_of_order: bool,
}
