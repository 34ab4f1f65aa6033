//! Members of the API whose values are a closed set: its document lists their words, taken from the type itself.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::{Serialize, Serializer};
use shoper_api::signature::WebhookSecretKind;
use sync_core::Words;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The word of one of the values of `T`. Members are declared by an alias of it: the document's macros take a path with
/// parameters for a schema of its own for each.
#[derive(Debug)]
pub struct Word<T> {
    word: String,
    of: PhantomData<T>,
}

impl<T: Words> Word<T> {
    /// That of `value`.
    pub fn of(value: &T) -> Self {
        Self {
            word: value.word().to_owned(),
            of: PhantomData,
        }
    }
}

impl<T> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word)
    }
}

impl<T: Words> PartialSchema for Word<T> {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let words = text().enum_values(Some(T::WORDS.iter().copied()));
        if !T::HAS_OTHERS {
            return words.into();
        }
        AnyOfBuilder::new().item(words).item(text()).into()
    }
}

impl<T: Words> ToSchema for Word<T> {
    /// The name of the type whose words they are.
    fn name() -> Cow<'static, str> {
        let full = std::any::type_name::<T>();
        Cow::Borrowed(full.rsplit_once("::").map_or(full, |(_, name)| name))
    }
}

/// Which secret a shop's webhook was signed with.
#[derive(Debug)]
pub struct SignedBy(WebhookSecretKind);

impl SignedBy {
    /// The one that is kept under `name`.
    pub fn kept(name: &str) -> Option<Self> {
        let mut all = WebhookSecretKind::ALL.into_iter();
        all.find(|kind| kind.name() == name).map(Self)
    }
}

impl Words for SignedBy {
    const WORDS: &'static [&'static str] = &{
        let mut words = [""; WebhookSecretKind::ALL.len()];
        let mut n = 0;
        while n < words.len() {
            words[n] = WebhookSecretKind::ALL[n].name();
            n += 1;
        }
        words
    };

    fn word(&self) -> &str {
        self.0.name()
    }
}

/// What a shop was connected by.
pub type OriginWord = Word<store::Origin>;
/// Where a shop stands.
pub type ShopStateWord = Word<store::ShopState>;
/// What is true of a shop.
pub type MatterWord = Word<desk::standing::Matter>;
/// How that is meant.
pub type GravityWord = Word<desk::standing::Severity>;
/// How a side stands.
pub type SideWord = Word<desk::standing::Side>;
/// What a run is for.
pub type RunKindWord = Word<store::RunKind>;
/// Where a run stands.
pub type RunStateWord = Word<store::RunState>;
/// What a run is doing.
pub type PhaseWord = Word<engine::Phase>;
/// What is waited for.
pub type CauseWord = Word<sync_core::Cause>;
/// What is wrong.
pub type ProblemKindWord = Word<sync_core::ProblemKind>;
/// What happened to a contact.
pub type HistoryKindWord = Word<sync_core::HistoryKind>;
/// Who helps.
pub type HealerWord = Word<sync_core::Healer>;
/// What became of a contact.
pub type OutcomeWord = Word<store::Outcome>;
/// What speaks against a consent.
pub type DoubtWord = Word<sync_core::consent::Doubt>;
/// How a refusal was learnt.
pub type RefusalOriginWord = Word<sync_core::consent::RefusalOrigin>;
/// A kind of record.
pub type RecordKindWord = Word<sync_core::RecordKind>;
/// Which secret signed.
pub type SignedByWord = Word<SignedBy>;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::api::document;

    /// Members whose text can be anything: names, addresses, moments, sentences. Every other one lists its words.
    const FREE: &[&str] = &[
        "Address.email",
        "ContactView.email",
        "ContactView.refused",
        "ContactView.sare_seen",
        "ContactView.sent",
        "HistoryView.at",
        "Imported.warnings",
        "Problem.detail",
        "Problem.title",
        "Problem.type",
        "ProblemView.cause",
        "ProblemView.detail",
        "ProblemView.key",
        "ProblemView.last",
        "ProblemView.remedy",
        "ProblemView.since",
        "ProblemView.who",
        "Retry.key",
        "RunView.created",
        "RunView.ended",
        "RunView.error",
        "RunView.started",
        "ShopDetails.sare_webhook_url",
        "ShopView.last_success",
        "ShopView.license",
        "ShopView.shop",
        "ShopView.subscription_until",
        "ShopView.url",
    ];

    /// Members of a schema that are text without a list of words, or lists of such text.
    fn plain(of: &str, schema: &Value, found: &mut BTreeSet<String>) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            plain(of, part, found);
        }
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            let one = schema.get("items").unwrap_or(schema);
            let is_text = match &one["type"] {
                Value::Array(types) => types.iter().any(|one| one == "string"),
                one => one == "string",
            };
            if is_text && one.get("enum").is_none() {
                found.insert(format!("{of}.{member}"));
            }
        }
    }

    #[test]
    fn every_member_of_a_closed_set_lists_its_words() {
        let document = serde_json::to_value(document::document()).unwrap();
        let mut found = BTreeSet::new();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            plain(name, schema, &mut found);
        }
        assert_eq!(found, FREE.iter().map(|&member| member.to_owned()).collect());
        let kinds = &schemas["RunKind"]["enum"];
        assert_eq!(
            *kinds,
            serde_json::json!(["first", "forced", "sweep", "backfill", "dry-run"])
        );
        let known = &schemas["HistoryKind"]["anyOf"];
        assert!(
            known[0]["enum"].is_array() && known[1].get("enum").is_none(),
            "{known}"
        );
    }

    #[test]
    fn what_is_described_of_a_runs_progress_is_there() {
        let document = serde_json::to_value(document::document()).unwrap();
        let body = serde_json::to_value(engine::Body::default()).unwrap();
        let described = document["components"]["schemas"]["Progress"]["properties"].as_object();
        for member in described.unwrap().keys() {
            assert!(body.get(member).is_some(), "{member}");
        }
        assert!(SignedBy::kept("own-derived").is_some_and(|by| by.word() == "own-derived"));
        assert!(SignedBy::kept("token").is_none());
    }
}
