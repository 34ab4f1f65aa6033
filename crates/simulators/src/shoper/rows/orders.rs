//! Orders, as far as they are traits of a contact (shoper-api.md E.9).

use ports::Millis;

use super::super::filter::Field;
use super::super::json::Json;
use super::addresses::NewAddress;
use super::catalog::Catalog;
use super::{Row, Shown, Text};

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// `order_id`
    pub id: i64,
    /// The customer, guests included.
    pub user_id: Option<i64>,
    /// What was ordered, by whom.
    pub details: NewOrder,
    /// When.
    pub date: Millis,
}

/// An order that is to be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOrder {
    /// E-mail address given with the order.
    pub email: Text,
    /// Billing and delivery address.
    pub address: NewAddress,
    /// Sum in hundredths of the currency.
    pub sum: i64,
    /// Whether it is paid.
    pub paid: bool,
    /// Number of products.
    pub products: i64,
}

impl NewOrder {
    /// A paid order of one product for 100.00.
    pub fn new(email: impl Into<Text>) -> Self {
        Self {
            email: email.into(),
            address: NewAddress::default(),
            sum: 10_000,
            paid: true,
            products: 1,
        }
    }
}

impl Row for Order {
    const ID: &'static str = "order_id";
    const FIELDS: &'static [&'static str] = &["order_id", "user_id", "status_id", "date", "email", "sum"];

    fn id(&self) -> i64 {
        self.id
    }

    fn field(&self, name: &str, _: &Catalog) -> Field<'_> {
        match name {
            "order_id" => Field::Number(self.id),
            "user_id" => self.user_id.map_or(Field::Null, Field::Number),
            "status_id" => Field::Number(1),
            "date" => Field::Date(Some(self.date)),
            "email" => Field::Text(&self.details.email),
            _ => Field::Hundredths(self.details.sum),
        }
    }

    fn write(&self, json: &mut Json, shown: &Shown<'_>) {
        let NewOrder {
            email,
            address,
            sum,
            paid,
            products,
        } = &self.details;
        json.id("order_id", self.id);
        json.optional_id("user_id", self.user_id);
        json.date("date", Some(self.date));
        json.id("status_id", 1);
        json.date("status_date", Some(self.date));
        json.decimal("sum", *sum);
        json.decimal("paid", if *paid { *sum } else { 0 });
        json.boolean("is_paid", *paid);
        json.id("currency_id", 1);
        json.text("currency_rate", "1.0000");
        json.id("lang_id", 1);
        json.text("email", email);
        json.text("promo_code", "");
        json.id("origin", 0);
        json.number("total_products", *products);
        json.flag("registered", self.user_id.is_some());
        // Webhooks spell some names otherwise (F.5).
        let places = if shown.in_webhook {
            json.text("currency_name", "PLN");
            ["billingAddress", "deliveryAddress"]
        } else {
            ["billing_address", "delivery_address"]
        };
        for place in places {
            json.object(Some(place), |json| {
                json.text("firstname", &address.firstname);
                json.text("lastname", &address.lastname);
                json.text("company", &address.company);
                json.text("tax_identification_number", &address.tax_id);
                json.text("street1", &address.street);
                json.text("street2", &address.street_2);
                json.text("city", &address.city);
                json.text("postcode", &address.zip_code);
                json.text("state", &address.state);
                json.text("country", address.country());
                json.text("country_code", &address.country_code);
                json.text("phone", &address.phone);
            });
        }
        json.array(Some("additional_fields"), |_| {});
    }
}
