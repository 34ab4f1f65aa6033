//! The address books of customers (shoper-api.md E.2).

use super::super::filter::Field;
use super::super::input::Input;
use super::super::json::Json;
use super::super::list::{ListQuery, Row, Shown};
use super::super::refusal::{FaultKind, Refusal};
use super::super::state::{By, State};
use super::catalog::Catalog;
use super::{Answer, Call, Text, ascending, one};

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

/// Reads what a write says, over the address as it is.
fn read(state: &State, body: &[u8], old: Option<&Address>) -> Result<Address, Refusal> {
    let mut input = Input::parse(body)?;
    let inserting = old.is_none();
    let mut address = old.cloned().unwrap_or(Address {
        id: 0,
        user_id: 0,
        details: NewAddress::default(),
        default: false,
        shipping_default: false,
    });
    let details = &mut address.details;
    let required = [
        ("firstname", &mut details.firstname),
        ("lastname", &mut details.lastname),
        ("street_1", &mut details.street),
        ("city", &mut details.city),
        ("zip_code", &mut details.zip_code),
        ("phone", &mut details.phone),
    ];
    for (name, place) in required {
        if let Some(text) = input.required_text(name, inserting) {
            *place = text.into();
        }
    }
    let optional = [
        ("company_name", &mut details.company),
        ("tax_identification_number", &mut details.tax_id),
        ("street_2", &mut details.street_2),
        ("state", &mut details.state),
    ];
    for (name, place) in optional {
        if let Some(text) = input.text(name) {
            *place = text.into();
        }
    }
    // The code has priority over the name.
    let country = input.text("country");
    if let Some(country) = input.text("country_code").or(country) {
        details.country_code = country.into();
    }
    if inserting && !input.has("country") && !input.has("country_code") {
        input.fault("country", FaultKind::Required);
    }
    if let Some(user) = input.integer("user_id") {
        address.user_id = user;
    }
    if inserting && state.users.get(address.user_id).is_none() {
        input.fault("user_id", FaultKind::Required);
    }
    address.default = input.flag("default").unwrap_or(address.default);
    address.shipping_default = input.flag("shipping_default").unwrap_or(address.shipping_default);
    input.finish()?;
    Ok(address)
}

pub(super) fn serve(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    let owner = |state: &State, id| state.addresses.get(id).map(|address| address.user_id);
    match (call.method.as_str(), call.id()) {
        ("GET", None) => {
            let mut query = ListQuery::parse(call.params)?;
            query.restrict(state.settings.address_filter, |field| {
                Address::FIELDS.contains(&field)
            })?;
            query.restrict_conditions(state.settings.address_list_filter, |condition| {
                condition.lists("user_id")
            })?;
            let by_user = query.picking("user_id").map(|condition| {
                let users = condition
                    .operands
                    .iter()
                    .filter_map(super::super::filter::Operand::integer);
                ascending(users.flat_map(|user| state.address_ids(user)).collect())
            });
            call.list(&state.addresses, by_user, query, state.shown())
        }
        ("GET", Some(id)) => one(&state.addresses, id, state.shown()),
        ("POST", None) => {
            let address = read(state, call.body, None)?;
            state.writable_customer(address.user_id)?;
            Ok(Answer::number(state.put_address(None, address, By::Rest)))
        }
        ("PUT", Some(id)) => {
            let old = state.addresses.get(id).cloned().ok_or(Refusal::NotFound)?;
            state.writable_customer(old.user_id)?;
            let address = read(state, call.body, Some(&old))?;
            state.writable_customer(address.user_id)?;
            state.put_address(Some(id), address, By::Rest);
            Ok(Answer::done())
        }
        ("DELETE", Some(id)) => {
            state.writable_customer(owner(state, id).ok_or(Refusal::NotFound)?)?;
            state.remove_address(id, By::Rest);
            Ok(Answer::done())
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
