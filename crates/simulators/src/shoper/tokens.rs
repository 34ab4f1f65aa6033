//! What was given out to those who may call: authorization codes, the app's pairs of tokens, administrators' tokens
//! (shoper-api.md B).

use std::collections::VecDeque;

use ports::Millis;

/// How many things of a kind are remembered; older ones no longer work.
const REMEMBERED: usize = 32;

/// Everything given out.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub codes: VecDeque<Code>,
    pub pairs: VecDeque<Tokens>,
    pub admins: VecDeque<(String, Millis)>,
}

/// An authorization code.
#[derive(Debug)]
pub(super) struct Code {
    pub code: String,
    pub until: Millis,
    pub spent: bool,
}

/// A pair of tokens of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The access token, 40 hex characters.
    pub access: String,
    /// When it ends.
    pub access_until: Millis,
    /// The refresh token, which works once.
    pub refresh: String,
    /// When it ends.
    pub refresh_until: Millis,
}

/// Whose token it is; each has a request limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    App,
    Admin,
}

impl Access {
    /// Ends everything given out to the app.
    pub(super) fn revoke_app(&mut self) {
        self.codes.clear();
        self.pairs.clear();
    }

    /// Ends everything.
    pub(super) fn revoke_all(&mut self) {
        *self = Self::default();
    }

    /// Ends every access token at `until` at the latest.
    pub(super) fn end_access_by(&mut self, until: Millis) {
        for pair in &mut self.pairs {
            pair.access_until = pair.access_until.min(until);
        }
        for (_, end) in &mut self.admins {
            *end = (*end).min(until);
        }
    }

    /// Ends the app's tokens at `until` at the latest.
    pub(super) fn end_app_by(&mut self, until: Millis) {
        for pair in &mut self.pairs {
            pair.access_until = pair.access_until.min(until);
            pair.refresh_until = pair.refresh_until.min(until);
        }
    }
}

/// Remembers one more, and forgets the oldest when there are too many.
pub(super) fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back(item);
}
