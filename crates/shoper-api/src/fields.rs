//! Additional fields: what a shop asks its customers beyond what Shoper asks (shoper-api.md E.6).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;
use crate::lists::Row;
use crate::wire::lenient::{flag_of, integer_of, text_of};

/// The kind of an additional field, by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// 1
    Text,
    /// 2: the value is `1` when ticked.
    Checkbox,
    /// 3: one of [`AdditionalField::options`].
    Select,
    /// 4
    File,
    /// 5
    Hidden,
    /// 6: shows a text, holds no value.
    Description,
    /// Any other; 0 where none was told.
    Other(i64),
}

impl FieldKind {
    /// From the number on the wire.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Text,
            2 => Self::Checkbox,
            3 => Self::Select,
            4 => Self::File,
            5 => Self::Hidden,
            6 => Self::Description,
            other => Self::Other(other),
        }
    }
}

/// Bits of [`AdditionalField::locate`] that mean a customer: user, user account, registration.
const CUSTOMER: i64 = 7;

/// What an additional field is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalField {
    /// `field_id`
    pub id: i64,
    /// `type`
    pub kind: FieldKind,
    /// Where it is shown, a bitmask.
    pub locate: i64,
    /// Whether it must be filled in.
    pub required: Option<bool>,
    /// Whether it is used.
    pub active: Option<bool>,
    /// Its place among the others.
    pub order: Option<i64>,
    /// What it is called, by locale.
    pub labels: BTreeMap<String, String>,
    /// Of a select: id and text of each option, the Polish text where there are several. An option that
    /// comes without an id stands under its own text.
    pub options: Vec<(String, String)>,
}

impl AdditionalField {
    /// Whether customers have it.
    pub fn is_for_customers(&self) -> bool {
        self.locate & CUSTOMER != 0
    }

    /// What it is called in `locale`, else in Polish, else in any language.
    pub fn label(&self, locale: &str) -> Option<&str> {
        let label = self.labels.get(locale).or_else(|| self.labels.get("pl_PL"));
        label.or_else(|| self.labels.values().next()).map(String::as_str)
    }

    /// A select of customers whose options stand elsewhere.
    fn lacks_options(&self) -> bool {
        self.kind == FieldKind::Select && self.is_for_customers() && self.options.is_empty()
    }

    fn read(members: &Map<String, Value>) -> Option<Self> {
        let integer = |name: &str| members.get(name).and_then(integer_of);
        let flag = |name: &str| members.get(name).and_then(flag_of);
        let mut translations: Vec<(&String, &Value)> = members
            .get("translations")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .collect();
        translations.sort_by_key(|(locale, _)| *locale != "pl_PL");
        let named = |(locale, words): &(&String, &Value)| {
            let name = words
                .get("name")
                .and_then(text_of)
                .filter(|name| !name.is_empty())?;
            Some(((*locale).clone(), name))
        };
        let mut options = Vec::new();
        let places = translations.iter().filter_map(|(_, words)| words.get("options"));
        for place in places.chain(members.get("options")) {
            add_options(place, &mut options);
        }
        Some(Self {
            id: integer("field_id").filter(|id| *id > 0)?,
            kind: FieldKind::from_number(integer("type").unwrap_or_default()),
            locate: integer("locate").unwrap_or_default(),
            required: flag("req"),
            active: flag("active"),
            order: integer("order"),
            labels: translations.iter().filter_map(named).collect(),
            options,
        })
    }
}

/// Options come as objects live and as texts in the specification, in a list or in a map from id.
fn add_options(place: &Value, options: &mut Vec<(String, String)>) {
    let rows: Vec<(Option<&str>, &Value)> = match place {
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, item)| (Some(key.as_str()), item))
            .collect(),
        _ => Vec::new(),
    };
    for (key, item) in rows {
        let (id, text) = match item {
            Value::Object(option) => {
                let id = ["option_id", "trans_id", "id"]
                    .iter()
                    .find_map(|name| option.get(*name).and_then(text_of));
                (
                    id,
                    ["value", "name"]
                        .iter()
                        .find_map(|name| option.get(*name).and_then(text_of)),
                )
            }
            scalar => (None, text_of(scalar)),
        };
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        let id = id
            .or_else(|| key.map(str::to_owned))
            .unwrap_or_else(|| text.clone());
        if !options.iter().any(|(known, _)| *known == id) {
            options.push((id, text));
        }
    }
}

impl<'de> Deserialize<'de> for AdditionalField {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(source)?;
        Self::read(&members).ok_or_else(|| serde::de::Error::custom("no id"))
    }
}

impl Row for AdditionalField {
    const RESOURCE: &'static str = "additional-fields";
    const ID: &'static str = "field_id";

    fn id(&self) -> i64 {
        self.id
    }
}

/// The two lists in which shops keep the options of selects; which of them a shop has differs (shoper-api.md E.6, I).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionList {
    /// `additional-fields-options`
    #[default]
    Fields,
    /// `additional-field-options`
    Field,
}

impl OptionList {
    /// The other one.
    fn other(self) -> Self {
        match self {
            Self::Fields => Self::Field,
            Self::Field => Self::Fields,
        }
    }
}

/// An option of a select in a list of its own.
struct FieldOption {
    id: i64,
    field_id: i64,
    text: String,
}

impl FieldOption {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let integer = |names: [&str; 2]| {
            let found = names
                .iter()
                .find_map(|name| members.get(*name).and_then(integer_of));
            found.filter(|id| *id > 0)
        };
        let mut words: Vec<(&str, &Value)> = members
            .get("translations")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(locale, words)| (locale.as_str(), words))
            .collect();
        words.sort_by_key(|(locale, _)| *locale != "pl_PL");
        let text_in = |value: &Value| {
            let text = ["value", "name"]
                .iter()
                .find_map(|name| value.get(*name).and_then(text_of));
            text.filter(|text| !text.trim().is_empty())
        };
        let own = Value::Object(members.clone());
        let text = words
            .iter()
            .find_map(|(_, words)| text_in(words))
            .or_else(|| text_in(&own))?;
        Some(Self {
            id: integer(["option_id", "id"])?,
            field_id: integer(["field_id", "additional_field_id"])?,
            text,
        })
    }
}

macro_rules! option_row {
    ($name:ident, $resource:literal) => {
        struct $name(FieldOption);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
                let members = Map::deserialize(source)?;
                let read = FieldOption::read(&members).map(Self);
                read.ok_or_else(|| serde::de::Error::custom("no option"))
            }
        }

        impl Row for $name {
            const RESOURCE: &'static str = $resource;
            const ID: &'static str = "option_id";

            fn id(&self) -> i64 {
                self.0.id
            }
        }
    };
}

option_row!(OptionOfFields, "additional-fields-options");
option_row!(OptionOfField, "additional-field-options");

impl Client {
    /// All additional fields, with the options of selects from wherever the shop keeps them: from the fields themselves,
    /// else from one of two lists, `first` tried first. Where neither can be read the options stay unknown. Also the list
    /// that was read, to be tried first the next time; `None` where none was.
    ///
    /// # Errors
    /// [`Error`]; what is refused of the options alone is none.
    pub async fn additional_fields_with_options(
        &self,
        first: OptionList,
    ) -> Result<(Vec<AdditionalField>, Option<OptionList>), Error> {
        let mut fields = self.additional_fields().await?;
        if !fields.iter().any(AdditionalField::lacks_options) {
            return Ok((fields, None));
        }
        for list in [first, first.other()] {
            let options: Vec<FieldOption> = match self.options_in(list).await {
                Ok(options) => options,
                Err(error) if error.is_transient() => return Err(error),
                Err(error @ Error::Unauthorized { .. }) => return Err(error),
                Err(error) => {
                    tracing::debug!(?list, %error, "options of selects are not in this list");
                    continue;
                }
            };
            for field in fields.iter_mut().filter(|field| field.lacks_options()) {
                let of_field = options.iter().filter(|option| option.field_id == field.id);
                field.options = of_field
                    .map(|option| (option.id.to_string(), option.text.clone()))
                    .collect();
            }
            return Ok((fields, Some(list)));
        }
        Ok((fields, None))
    }

    async fn options_in(&self, list: OptionList) -> Result<Vec<FieldOption>, Error> {
        Ok(match list {
            OptionList::Fields => {
                let rows: Vec<OptionOfFields> = self.list_all().await?;
                rows.into_iter().map(|row| row.0).collect()
            }
            OptionList::Field => {
                let rows: Vec<OptionOfField> = self.list_all().await?;
                rows.into_iter().map(|row| row.0).collect()
            }
        })
    }

    /// All additional fields, those of orders and of the contact form among them.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn additional_fields(&self) -> Result<Vec<AdditionalField>, Error> {
        self.list_all().await
    }
}
