//! The shop's small tables: languages, groups, tags, additional fields
//! (shoper-api.md E.3–E.6, E.10).

use std::collections::HashMap;
use std::sync::Arc;

use super::super::filter::Field;
use super::super::json::Json;
use super::super::settings::SelectOptions;
use super::super::table::Table;
use super::{Row, Shown, Text};

/// The small tables together: what customers and subscribers refer to.
#[derive(Debug, Default)]
pub(in super::super) struct Catalog {
    pub languages: Table<LanguageRow>,
    pub user_groups: Table<Group>,
    pub subscriber_groups: Table<SubscriberGroup>,
    pub tags: Table<Tag>,
    pub fields: Table<FieldRow>,
    tag_ids: HashMap<Text, i64>,
}

impl Catalog {
    /// The tag of this name, made if there is none. The text is shared by all who have it.
    pub(in super::super) fn tag(&mut self, name: &str) -> Text {
        let known = self.tag_ids.get(name).and_then(|id| self.tags.get(*id));
        if let Some(tag) = known {
            return Arc::clone(&tag.name);
        }
        let text: Text = name.into();
        let id = self.tags.insert(|id| Tag {
            id,
            name: Arc::clone(&text),
        });
        self.tag_ids.insert(Arc::clone(&text), id);
        text
    }

    /// The ids of these tags.
    pub(super) fn tag_ids(&self, names: &[Text]) -> Vec<i64> {
        names
            .iter()
            .filter_map(|name| self.tag_ids.get(name))
            .copied()
            .collect()
    }

    /// The groups of a subscriber that is added without any.
    pub(in super::super) fn default_subscriber_groups(&self) -> Vec<i64> {
        self.subscriber_groups
            .iter()
            .filter(|group| group.auto_add)
            .map(|group| group.id)
            .collect()
    }
}

#[derive(Debug)]
pub(in super::super) struct LanguageRow {
    pub id: i64,
    pub locale: String,
    pub active: bool,
}

impl Row for LanguageRow {
    const ID: &'static str = "lang_id";
    const FIELDS: &'static [&'static str] = &["lang_id", "locale", "active"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "lang_id" => Field::Number(self.id),
            "locale" => Field::Text(&self.locale),
            _ => Field::Flag(self.active),
        }
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        json.text("locale", &self.locale);
        json.id("currency_id", 1);
        json.flag("active", self.active);
        json.id("order", self.id);
        json.id("lang_id", self.id);
    }
}

#[derive(Debug)]
pub(in super::super) struct Group {
    pub id: i64,
    pub name: String,
    /// Percent, in hundredths.
    pub discount: i64,
}

impl Row for Group {
    const ID: &'static str = "group_id";
    const FIELDS: &'static [&'static str] = &["group_id", "name", "discount"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "group_id" => Field::Number(self.id),
            "name" => Field::Text(&self.name),
            _ => Field::Hundredths(self.discount),
        }
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        json.id("group_id", self.id);
        json.text("name", &self.name);
        json.decimal("discount", self.discount);
        json.id("price_level", 1);
        json.number("auto_add", 0);
    }
}

#[derive(Debug)]
pub(in super::super) struct SubscriberGroup {
    pub id: i64,
    pub name: String,
    pub auto_add: bool,
}

impl Row for SubscriberGroup {
    const ID: &'static str = "group_id";
    const FIELDS: &'static [&'static str] = &["group_id", "name", "auto_add"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "group_id" => Field::Number(self.id),
            "name" => Field::Text(&self.name),
            _ => Field::Flag(self.auto_add),
        }
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        json.id("group_id", self.id);
        json.text("name", &self.name);
        json.number("auto_add", i64::from(self.auto_add));
    }
}

#[derive(Debug)]
pub(in super::super) struct Tag {
    pub id: i64,
    pub name: Text,
}

impl Row for Tag {
    const ID: &'static str = "tag_id";
    const FIELDS: &'static [&'static str] = &["tag_id", "name", "lang_id"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "tag_id" => Field::Number(self.id),
            "name" => Field::Text(&self.name),
            _ => Field::Number(1),
        }
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        json.id("tag_id", self.id);
        json.text("name", &self.name);
        json.id("lang_id", 1);
    }
}

/// The kind of an additional field, by its number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// 1
    Text,
    /// 2: its value is "0" or "1".
    Checkbox,
    /// 3
    Select,
    /// 5
    Hidden,
}

impl FieldKind {
    fn number(self) -> i64 {
        match self {
            Self::Text => 1,
            Self::Checkbox => 2,
            Self::Select => 3,
            Self::Hidden => 5,
        }
    }
}

/// An additional field that is to be added to a shop (shoper-api.md E.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewField {
    /// Label in Polish.
    pub name: String,
    pub kind: FieldKind,
    /// Where it is shown, a bitmask; `& 7` are the customer's places.
    pub locate: i64,
    /// Whether it must be filled in.
    pub required: bool,
    /// Options of a select.
    pub options: Vec<String>,
}

impl NewField {
    /// A field of customers that need not be filled in.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind,
            locate: 7,
            required: false,
            options: Vec::new(),
        }
    }

    /// With these options.
    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        self
    }
}

#[derive(Debug)]
pub(in super::super) struct FieldRow {
    pub id: i64,
    pub field: NewField,
    /// Id of the first option; the others follow.
    pub first_option: i64,
}

impl FieldRow {
    /// The option of a select that has this text.
    pub(super) fn option_id(&self, text: &str) -> Option<i64> {
        let at = self.field.options.iter().position(|option| option == text)?;
        Some(self.first_option + at as i64)
    }

    /// The text of the option of a select that has this id.
    pub(in super::super) fn option_text(&self, id: &str) -> Option<&str> {
        let at = id.parse::<i64>().ok()? - self.first_option;
        self.field
            .options
            .get(usize::try_from(at).ok()?)
            .map(String::as_str)
    }

    /// The members that a customer's value repeats.
    pub(super) fn write_common(&self, json: &mut Json) {
        json.id("field_id", self.id);
        json.id("type", self.field.kind.number());
        json.id("locate", self.field.locate);
        json.flag("req", self.field.required);
        json.flag("active", true);
        json.id("order", 0);
    }

    fn write_options(&self, json: &mut Json) {
        json.array(Some("options"), |json| {
            for (at, option) in self.field.options.iter().enumerate() {
                json.object(None, |json| {
                    json.id("trans_id", self.first_option + at as i64);
                    json.id("option_id", self.first_option + at as i64);
                    json.id("lang_id", 1);
                    json.text("value", option);
                });
            }
        });
    }
}

/// An option of a select, where the shop keeps them in a list of their own.
#[derive(Debug)]
pub(in super::super) struct OptionRow {
    pub id: i64,
    pub field_id: i64,
    pub text: String,
}

impl Row for OptionRow {
    const ID: &'static str = "option_id";
    const FIELDS: &'static [&'static str] = &["option_id", "field_id"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "option_id" => Field::Number(self.id),
            _ => Field::Number(self.field_id),
        }
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        json.id("option_id", self.id);
        json.id("field_id", self.field_id);
        json.object(Some("translations"), |json| {
            json.object(Some("pl_PL"), |json| {
                json.id("trans_id", self.id);
                json.id("option_id", self.id);
                json.id("lang_id", 1);
                json.text("value", &self.text);
            });
        });
    }
}

impl Catalog {
    /// The options of all selects; their ids count through the fields.
    pub(in super::super) fn options(&self) -> Table<OptionRow> {
        let mut options = Table::default();
        for row in self.fields.iter() {
            for text in &row.field.options {
                options.insert(|id| OptionRow {
                    id,
                    field_id: row.id,
                    text: text.clone(),
                });
            }
        }
        options
    }
}

impl Row for FieldRow {
    const ID: &'static str = "field_id";
    const FIELDS: &'static [&'static str] = &["field_id", "type", "locate", "req", "active", "order"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "field_id" => Field::Number(self.id),
            "type" => Field::Number(self.field.kind.number()),
            "locate" => Field::Number(self.field.locate),
            "req" => Field::Flag(self.field.required),
            "active" => Field::Flag(true),
            _ => Field::Number(0),
        }
    }

    fn write(&self, json: &mut Json, shown: &Shown<'_>) {
        self.write_common(json);
        json.flag("checked", false);
        let is_select = self.field.kind == FieldKind::Select;
        let place = shown.settings.select_options;
        json.object(Some("translations"), |json| {
            json.object(Some("pl_PL"), |json| {
                json.id("trans_id", self.id);
                json.id("field_id", self.id);
                json.text("description", "");
                json.text("name", &self.field.name);
                json.id("lang_id", 1);
                if is_select && place == SelectOptions::Translation {
                    self.write_options(json);
                }
            });
        });
        if is_select && place == SelectOptions::Field {
            self.write_options(json);
        }
    }
}
