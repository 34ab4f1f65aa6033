//! Records that were passed over in a list because the shop cannot put them into words: told, and looked up by themselves.

use shoper_api::{Subscriber, User};
use store::{Commit, DirtyKey, DirtyMark, Priority, Reason};
use sync_core::{ProblemKind, RecordKey, RecordKind, Topic};

use crate::session::{Session, shop_problem, unreadable_record};

/// Ids between two known ones that are looked up one by one at most.
const MOST_IDS: i64 = 50;
/// Ids behind the last one known that are looked up where a list ends with what cannot be read.
const IDS_BEHIND: i64 = 20;

/// Records between two that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOver {
    /// The id before them; 0 at the beginning of the list.
    pub after: i64,
    /// The id after them; `None` at the end of the list, or where it is not known.
    pub before: Option<i64>,
    /// How many they are.
    pub records: u32,
    /// The list may not be in order of id: they can be anywhere.
    pub may_be_any: bool,
}

impl PassedOver {
    /// Ids that they may have; empty where there are too many to look them up.
    fn ids(self) -> std::ops::Range<i64> {
        let from = self.after + 1;
        let to = self.before.unwrap_or(from + IDS_BEHIND);
        if self.may_be_any || to - from > MOST_IDS {
            return from..from;
        }
        from..to
    }

    /// Notes who they are, as far as that can be told, and has each looked up by itself. Those whose ids are certain.
    pub fn report(
        self,
        s: &Session<'_>,
        kind: RecordKind,
        looks_up: bool,
        commit: &mut Commit,
    ) -> Vec<RecordKey> {
        let now = s.now();
        let keys: Vec<RecordKey> = self.ids().map(|id| RecordKey { kind, id }).collect();
        let are_certain = self.before.is_some() && keys.len() == usize::try_from(self.records).unwrap_or(0);
        if are_certain {
            let told = keys.iter().map(|key| unreadable_record(*key, None, now));
            commit.problems.extend(told);
        } else {
            let topic = Topic::PassedOver(kind);
            let problem = shop_problem(&topic, ProblemKind::RecordPassedOver, Some(self.place(kind)), now);
            commit.problems.push(problem);
        }
        if looks_up {
            commit.marks.extend(keys.iter().map(|key| DirtyMark {
                key: DirtyKey::Record(*key),
                due_at: now,
                priority: Priority::New,
                reason: Reason::NewId,
                held_by: None,
            }));
        }
        if are_certain { keys } else { Vec::new() }
    }

    /// Where they are, as a filter of the shop's list would say it.
    fn place(self, kind: RecordKind) -> String {
        let id = match kind {
            RecordKind::Customer => User::ID_MEMBER,
            RecordKind::Subscriber => Subscriber::ID_MEMBER,
        };
        match self.before {
            Some(before) => format!("{} < {id} < {before}", self.after),
            None => format!("{id} > {}", self.after),
        }
    }
}
