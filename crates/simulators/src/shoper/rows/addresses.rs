//! The address books of customers (shoper-api.md E.2).

use super::super::filter::Field;
use super::super::json::Json;
use super::catalog::Catalog;
use super::{Row, Shown, Text};

/// An entry of an address book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `address_book_id`
    pub id: i64,
    /// Whose it is.
    pub user_id: i64,
    /// What it says.
    pub details: NewAddress,
    /// Whether it is the default for billing.
    pub default: bool,
    /// Whether it is the default for shipping.
    pub shipping_default: bool,
    /// The last change of this row; seen by filters alone (I).
    pub updated_at: ports::Millis,
}

/// What an address says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    /// First name.
    pub firstname: Text,
    /// Last name.
    pub lastname: Text,
    /// `company_name`
    pub company: Text,
    /// `tax_identification_number`
    pub tax_id: Text,
    /// `street_1`
    pub street: Text,
    /// `street_2`
    pub street_2: Text,
    /// City.
    pub city: Text,
    /// Postcode.
    pub zip_code: Text,
    /// Voivodeship or state.
    pub state: Text,
    /// Two capital letters.
    pub country_code: Text,
    /// In whatever spelling the customer used.
    pub phone: Text,
}

impl Default for NewAddress {
    fn default() -> Self {
        let empty: Text = "".into();
        Self {
            firstname: empty.clone(),
            lastname: empty.clone(),
            company: empty.clone(),
            tax_id: empty.clone(),
            street: empty.clone(),
            street_2: empty.clone(),
            city: empty.clone(),
            zip_code: empty.clone(),
            state: empty.clone(),
            country_code: "PL".into(),
            phone: empty,
        }
    }
}

impl NewAddress {
    /// The country's name as the shop shows it; the code where the name is not known.
    pub(super) fn country(&self) -> &str {
        match &*self.country_code {
            "PL" => "Polska",
            "DE" => "Niemcy",
            "CZ" => "Czechy",
            "SK" => "Słowacja",
            "GB" => "Wielka Brytania",
            code => code,
        }
    }
}

impl Row for Address {
    const ID: &'static str = "address_book_id";
    const CHANGES: bool = true;
    const FIELDS: &'static [&'static str] = &[
        "address_book_id",
        "user_id",
        "company_name",
        "tax_identification_number",
        "firstname",
        "lastname",
        "street_1",
        "street_2",
        "city",
        "zip_code",
        "state",
        "country_code",
        "phone",
        "default",
        "shipping_default",
    ];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        let details = &self.details;
        Field::Text(match name {
            "address_book_id" => return Field::Number(self.id),
            "user_id" => return Field::Number(self.user_id),
            "updated_at" => return Field::Date(Some(self.updated_at)),
            "default" => return Field::Flag(self.default),
            "shipping_default" => return Field::Flag(self.shipping_default),
            "company_name" => &details.company,
            "tax_identification_number" => &details.tax_id,
            "firstname" => &details.firstname,
            "lastname" => &details.lastname,
            "street_1" => &details.street,
            "street_2" => &details.street_2,
            "city" => &details.city,
            "zip_code" => &details.zip_code,
            "state" => &details.state,
            "country_code" => &details.country_code,
            _ => &details.phone,
        })
    }

    fn write(&self, json: &mut Json, _: &Shown<'_>) {
        let details = &self.details;
        let name = format!("{} {}, {}", details.firstname, details.lastname, details.street);
        json.id("address_book_id", self.id);
        json.id("user_id", self.user_id);
        json.text("address_name", &name);
        json.text("company_name", &details.company);
        json.text("pesel", "");
        json.text("firstname", &details.firstname);
        json.text("lastname", &details.lastname);
        json.text("street_1", &details.street);
        json.text("street_2", &details.street_2);
        json.text("city", &details.city);
        json.text("zip_code", &details.zip_code);
        json.text("state", &details.state);
        json.text("country", details.country());
        json.flag("default", self.default);
        json.flag("shipping_default", self.shipping_default);
        json.text("phone", &details.phone);
        json.text("sortkey", &format!("{} {}", details.lastname, details.firstname));
        json.text("country_code", &details.country_code);
        json.text("tax_identification_number", &details.tax_id);
    }
}
