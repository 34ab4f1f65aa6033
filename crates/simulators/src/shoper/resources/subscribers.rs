//! What is asked and changed of newsletter subscribers (shoper-api.md E.5).

use super::super::input::{Input, scalar_text};
use super::super::list::ListQuery;
use super::super::refusal::{FaultKind, Refusal};
use super::super::rows::Row;
use super::super::rows::subscribers::Subscriber;
use super::super::settings::DuplicateSubscriber;
use super::super::state::{By, State};
use super::{Answer, Call, ascending, one};

/// What a write says about a subscriber; `None` leaves a thing as it is.
#[derive(Debug)]
struct Change {
    email: Option<String>,
    active: Option<bool>,
    lang_id: Option<i64>,
    groups: Option<Vec<i64>>,
    /// The row that has the address already.
    duplicate_of: Option<i64>,
}

impl Change {
    fn read(state: &State, body: &[u8], of: Option<i64>) -> Result<Self, Refusal> {
        let mut input = Input::parse(body)?;
        let email = input.required_text("email", of.is_none());
        input.check_email(email.as_deref());
        let duplicate_of = email.as_ref().and_then(|email| {
            state
                .subscriber_emails
                .ids(email)
                .into_iter()
                .find(|id| Some(*id) != of)
        });
        if let (Some(email), Some(_)) = (&email, duplicate_of) {
            let refused = match state.settings.duplicate_subscriber {
                DuplicateSubscriber::Reject400 => true,
                DuplicateSubscriber::Allow => false,
                DuplicateSubscriber::UpdateExisting => of.is_some(),
            };
            if refused {
                input.fault("email", FaultKind::Taken(email.clone()));
            }
        }
        let groups = input
            .get("groups")
            .and_then(|groups| groups.as_array())
            .map(|groups| {
                groups
                    .iter()
                    .filter_map(|group| scalar_text(group)?.parse().ok())
                    .collect()
            });
        let change = Self {
            email,
            active: input.flag("active"),
            lang_id: input.integer("lang_id"),
            groups,
            duplicate_of,
        };
        input.finish()?;
        Ok(change)
    }

    fn apply(self, subscriber: &mut Subscriber) {
        if let Some(email) = self.email {
            subscriber.email = email.into();
        }
        subscriber.active = self.active.unwrap_or(subscriber.active);
        subscriber.lang_id = self.lang_id.unwrap_or(subscriber.lang_id);
        if let Some(groups) = self.groups {
            subscriber.groups = groups;
        }
    }
}

pub(super) fn serve(state: &mut State, call: &Call<'_>) -> Result<Answer, Refusal> {
    match (call.method.as_str(), call.id()) {
        ("GET", None) => {
            let mut query = ListQuery::parse(call.params)?;
            query.restrict(state.settings.subscriber_filter, |field| {
                Subscriber::FIELDS.contains(&field)
            })?;
            let by_email = query.picking("email").map(|condition| {
                let found = condition
                    .operands
                    .iter()
                    .flat_map(|email| state.subscriber_emails.ids(email.text()));
                ascending(found.collect())
            });
            call.list(&state.subscribers, by_email, query, state.shown())
        }
        ("GET", Some(id)) => one(&state.subscribers, id, state.shown()),
        ("POST", None) => {
            let change = Change::read(state, call.body, None)?;
            let id = match change.duplicate_of {
                Some(id) if state.settings.duplicate_subscriber == DuplicateSubscriber::UpdateExisting => {
                    state.change_subscriber(id, By::Rest, |subscriber| change.apply(subscriber));
                    id
                }
                _ => state.insert_subscriber(By::Rest, |subscriber| change.apply(subscriber)),
            };
            Ok(Answer::number(id))
        }
        ("PUT", Some(id)) => {
            state.subscribers.get(id).ok_or(Refusal::NotFound)?;
            let mut change = Change::read(state, call.body, Some(id))?;
            if state.settings.subscriber_update_resets_groups {
                change
                    .groups
                    .get_or_insert_with(|| state.catalog.default_subscriber_groups());
            }
            state.change_subscriber(id, By::Rest, |subscriber| change.apply(subscriber));
            Ok(Answer::done())
        }
        ("DELETE", Some(id)) => {
            state.subscribers.get(id).ok_or(Refusal::NotFound)?;
            state.remove_subscriber(id, By::Rest);
            Ok(Answer::done())
        }
        _ => Err(Refusal::MethodNotAllowed),
    }
}
