//! What is asked and changed of customers (shoper-api.md E.1).

use super::super::input::{Input, scalar_text};
use super::super::list::ListQuery;
use super::super::refusal::{FaultKind, Refusal};
use super::super::rows::catalog::FieldKind;
use super::super::rows::users::{Customer, NewCustomer};
use super::super::rows::{Row, Text};
use super::super::state::{By, State};
use super::{Answer, Call, ascending, one};

/// Fields that can be filtered by according to the official library.
const DOCUMENTED_FILTERS: [&str; 11] = [
    "firstname",
    "lastname",
    "email",
    "discount",
    "lang_id",
    "group_id",
    "newsletter",
    "active",
    "additional_fields",
    "tags",
    "tag_id",
];

/// What a write says about a customer; `None` leaves a thing as it is.
#[derive(Debug, Default)]
struct Change {
    email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    comment: Option<String>,
    active: Option<bool>,
    verify_email: Option<bool>,
    newsletter: Option<bool>,
    group: Option<Option<i64>>,
    discount: Option<i64>,
    tags: Option<Vec<Text>>,
    fields: Vec<(i64, Text)>,
}

impl Change {
    fn read(state: &mut State, body: &[u8], of: Option<i64>) -> Result<Self, Refusal> {
        let mut input = Input::parse(body)?;
        let email = input.required_text("email", of.is_none());
        input.check_email(email.as_deref());
        if let Some(email) = &email
            && state.user_emails.ids(email).iter().any(|id| Some(*id) != of)
        {
            input.fault("email", FaultKind::Taken(email.clone()));
        }
        if let Some(password) = input.text("password")
            && password.chars().count() < 12
        {
            input.fault("password", FaultKind::Unusable(String::new()));
        }
        let mut change = Self {
            email,
            firstname: input.text("firstname"),
            lastname: input.text("lastname"),
            comment: input.text("comment"),
            active: input.flag("active"),
            verify_email: input.flag("verify_email"),
            group: input
                .has("group_id")
                .then(|| input.integer("group_id").filter(|id| *id > 0)),
            discount: input.hundredths("discount"),
            ..Self::default()
        };
        if state.settings.newsletter_writable {
            change.newsletter = input.flag("newsletter");
        }
        let tags = input.text("tags");
        let fields: Vec<(i64, String)> = input
            .get("additional_fields")
            .and_then(|fields| fields.as_object())
            .into_iter()
            .flatten()
            .filter_map(|(id, value)| Some((id.parse().ok()?, scalar_text(value)?)))
            .collect();
        input.finish()?;

        let separator = state.settings.tag_separator;
        change.tags = tags.map(|tags| {
            let names = tags
                .split(separator)
                .map(str::trim)
                .filter(|name| !name.is_empty());
            names.map(|name| state.catalog.tag(name)).collect()
        });
        change.fields = fields
            .into_iter()
            .filter_map(|(id, value)| {
                let field = state.catalog.fields.get(id)?;
                let chosen = (field.field.kind == FieldKind::Select)
                    .then(|| field.option_text(&value))
                    .flatten();
                Some((id, chosen.unwrap_or(&value).into()))
            })
            .collect();
        Ok(change)
    }

    fn apply(self, customer: &mut Customer) {
        let text = |place: &mut Text, value: Option<String>| {
            if let Some(value) = value {
                *place = value.into();
            }
        };
        text(&mut customer.email, self.email);
        text(&mut customer.firstname, self.firstname);
        text(&mut customer.lastname, self.lastname);
        text(&mut customer.comment, self.comment);
        customer.active = self.active.unwrap_or(customer.active);
        customer.verify_email = self.verify_email.unwrap_or(customer.verify_email);
        customer.newsletter = self.newsletter.unwrap_or(customer.newsletter);
        customer.group_id = self.group.unwrap_or(customer.group_id);
        if let Some(discount) = self.discount {
            customer.discount = i32::try_from(discount).unwrap_or(i32::MAX);
        }
        if let Some(tags) = self.tags {
            customer.tags = tags;
        }
        for (id, value) in self.fields {
            customer.set_field(id, value);
        }
    }
}

pub(super) fn serve(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    match (call.method.as_str(), call.id()) {
        ("GET", None) => {
            let settings = &state.settings;
            let mut query = ListQuery::parse(call.params)?;
            query.restrict(settings.user_id_filter, |field| field == Customer::ID)?;
            query.restrict(settings.undocumented_user_filter, |field| {
                let field = field.split('.').next().unwrap_or(field);
                field != Customer::ID
                    && Customer::FIELDS.contains(&field)
                    && !DOCUMENTED_FILTERS.contains(&field)
            })?;
            let by_email = query.picking("email").map(|condition| {
                let found = condition
                    .operands
                    .iter()
                    .flat_map(|email| state.user_emails.ids(email.text()));
                ascending(found.collect())
            });
            call.list(&state.users, by_email, query, state.shown())
        }
        ("GET", Some(id)) => one(&state.users, id, state.shown()),
        ("POST", None) => {
            let change = Change::read(state, call.body, None)?;
            let id = state.insert_customer(NewCustomer::default(), By::Rest, |customer| {
                change.apply(customer)
            });
            Ok(Answer::number(id))
        }
        ("PUT", Some(id)) => {
            state.writable_customer(id)?;
            let change = Change::read(state, call.body, Some(id))?;
            state.change_customer(id, By::Rest, |customer| change.apply(customer));
            Ok(Answer::done())
        }
        ("DELETE", Some(id)) => {
            state.writable_customer(id)?;
            state.remove_customer(id, By::Rest);
            Ok(Answer::done())
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
