//! What is asked and changed of address books (shoper-api.md E.2).

use super::super::input::Input;
use super::super::list::ListQuery;
use super::super::refusal::{FaultKind, Refusal};
use super::super::rows::Row;
use super::super::rows::addresses::{Address, NewAddress};
use super::super::state::{By, State};
use super::{Answer, Call, ascending, one};

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
        updated_at: 0,
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
