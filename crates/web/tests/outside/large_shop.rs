//! The ledger of a shop of 200,000 contacts that has been at work for a month: a bit of everything that pages show.

use engine::{Body, Counters, Pile, Shown, Statement};
use store::{
    Commit, Contact, DirtyKey, DirtyMark, HistoryEntry, Outcome, Priority, Problem, Reason, Record, Refused,
    Run, RunKind, RunState, Seen,
};
use sync_core::consent::{RefusalOrigin, Status};
use sync_core::{HistoryKind, RecordKey};

use crate::ledger::Visitor;
use crate::world::*;

pub const CONTACTS: i64 = 200_000;
/// Contacts that wait for their turn.
pub const WAITING: i64 = 20_000;
/// Versions of the configuration.
pub const VERSIONS: i64 = 60;
const A_COMMIT: i64 = 2_000;
const DAY: i64 = 86_400_000;

/// Causes of problems, the frequent ones more than once.
const CAUSES: [&str; 8] = [
    "sare-refused",
    "sare-refused",
    "sare-refused",
    "bad-address",
    "bad-address",
    "record-locked",
    "status-not-taken",
    "shop-refused",
];

/// What became of the contact number `n`: of a hundred, five refused, two failed, ten were left out, one is blocked, one
/// has gone.
fn outcome(n: i64) -> Outcome {
    match n % 100 {
        0 | 20 | 40 | 60 | 80 => Outcome::Suppressed,
        1 | 51 => Outcome::Failed,
        x if x % 10 == 3 => Outcome::Skipped,
        7 => Outcome::HandsOff,
        9 => Outcome::Gone,
        _ => Outcome::Synchronised,
    }
}

/// The address of the contact number `n`.
pub fn address(n: i64) -> String {
    format!("imie.nazwisko{n}@poczta-przyklad.example")
}

/// Fills the ledger, a commit at a time over thirty days.
pub async fn fill(v: &Visitor<'_>) {
    let commits = CONTACTS / A_COMMIT;
    for part in 0..commits {
        let at = NOON - 30 * DAY + (part + 1) * 30 * DAY / commits - 1_000;
        let numbers = part * A_COMMIT..(part + 1) * A_COMMIT;
        v.commit(commit(v, numbers, at), at).await;
    }
    versions(v).await;
    runs(v).await;
    let marks: Vec<DirtyMark> = (0..WAITING)
        .map(|n| DirtyMark {
            key: DirtyKey::Record(record_of(n * 7)),
            due_at: NOON - n,
            priority: if n % 3 == 0 {
                Priority::Live
            } else {
                Priority::Bulk
            },
            reason: Reason::Webhook,
            held_by: None,
        })
        .collect();
    for some in marks.chunks(1_000) {
        v.world.store.mark_dirty(v.id(), some, NOON).await.unwrap();
    }
    v.world
        .store
        .put_audit(v.id(), NOON - 3_600_000, CONTACTS, 0, "{}")
        .await
        .unwrap();
    v.world.settle().await;
}

fn record_of(n: i64) -> RecordKey {
    match n % 2 {
        0 => RecordKey::subscriber(n + 1),
        _ => RecordKey::customer(n + 1),
    }
}

fn commit(v: &Visitor<'_>, numbers: std::ops::Range<i64>, at: i64) -> Commit {
    let mut commit = Commit {
        meters: vec![
            ("changed_by_webhook", 1_900),
            ("changed_by_look", 60),
            ("changed_by_sweep", 40),
        ],
        success_at: Some(at),
        ..Commit::default()
    };
    for n in numbers {
        let outcome = outcome(n);
        let refused = outcome == Outcome::Suppressed;
        let one = Contact {
            sare: match outcome {
                Outcome::Suppressed => Some(Status::RemovalRequested),
                Outcome::HandsOff => Some(Status::Blocked),
                Outcome::Skipped | Outcome::Failed => None,
                _ if n % 11 == 0 => Some(Status::NotConfirmed),
                _ => Some(Status::Confirmed),
            }
            .map(|status| Seen { status, at }),
            sent: (outcome == Outcome::Synchronised).then(|| vec![7; 16]),
            sent_at: (outcome == Outcome::Synchronised).then_some(at),
            groups: vec![21],
            refusal: refused.then_some(Refused {
                status: Status::RemovalRequested,
                origin: RefusalOrigin::Sare,
                applied: n % 40 == 0,
                since: at,
            }),
            consent: Some(n % 60 != 20),
            updated_at: at,
            ..v.contact(&address(n), outcome)
        };
        let key = record_of(n);
        commit.records.push(Record {
            key,
            hash: one.hash,
            consent: one.consent,
            silent: false,
            extra: None,
            run_id: None,
            seen_at: at,
        });
        let kinds: &[(&str, i64)] = match n % 100 {
            0 | 40 => &[
                ("added", 8),
                ("withdrawn-in-shop", 8),
                ("unsubscribed-in-sare", 4),
            ],
            20 | 60 => &[("added", 8), ("refused-in-sare", 4), ("switched-off-in-shop", 4)],
            80 => &[("already-refused", 4)],
            5 => &[("added", 8), ("updated", 8), ("updated", 8), ("updated", 8)],
            _ => &[("added", 8)],
        };
        // One person has had everything that is kept of anyone.
        let times = if n == 5 { 50 } else { 1 };
        for (kind, status) in kinds.iter().cycle().take(kinds.len() * times) {
            commit.history.push(HistoryEntry {
                hash: one.hash,
                at,
                kind: HistoryKind::of(kind),
                detail: Some(format!("{{\"status\":{status},\"by\":\"backfill\"}}")),
            });
        }
        if outcome == Outcome::Failed {
            let cause = CAUSES[usize::try_from(n / 50).unwrap() % CAUSES.len()];
            commit.problems.push(Problem {
                key: DirtyKey::Record(key).encode(),
                kind: sync_core::ProblemKind::of(cause),
                hash: Some(one.hash),
                detail: Some("the value is too long".to_owned()),
                is_final: n % 3 == 0,
                first_at: NOON - n,
                last_at: NOON,
                times: n % 5,
            });
        }
        commit.contacts.push(one);
    }
    commit
}

/// A configuration changed again and again.
async fn versions(v: &Visitor<'_>) {
    let shop = v.world.shop().await;
    let config = shop.config.unwrap();
    for version in shop.config_version..VERSIONS {
        let row = format!(
            "[customers.mapping]\nprop{} = \"address.city\"\n",
            1 + version % 8
        );
        let text = config.replace("[customers.mapping]\n", &row);
        let who = format!("admin {}", 1 + version % 3);
        let at = NOON - (VERSIONS - version) * 3_600_000;
        v.world
            .store
            .put_config(v.id(), &text, None, None, &who, at)
            .await
            .unwrap();
    }
}

/// A run a day, and a dry run with something to tell.
async fn runs(v: &Visitor<'_>) {
    let statement = Statement {
        unchanged: CONTACTS - 900,
        added: 300,
        updated: 600,
        ..Statement::default()
    };
    for day in (0..30).rev() {
        let kind = match day {
            29 => RunKind::First,
            0 => RunKind::DryRun,
            _ => RunKind::Sweep,
        };
        let at = NOON - 2 * 3_600_000 - day * DAY;
        let mut body = Body {
            statement,
            counters: Counters {
                unchanged: CONTACTS - 900,
                ..Counters::default()
            },
            ..Body::default()
        };
        if kind == RunKind::DryRun {
            for (first, pile) in (0..).zip([
                Pile::Confirmed,
                Pile::Unconfirmed,
                Pile::Updated,
                Pile::Suppressed,
            ]) {
                let examples = (0..10).map(|n| {
                    v.contact(&address(first * 100 + n), Outcome::Unknown)
                        .hash
                        .to_hex()
                });
                body.piles.insert(
                    pile,
                    Shown {
                        contacts: 300,
                        examples: examples.collect(),
                    },
                );
            }
        }
        let id = v
            .world
            .store
            .create_run(v.id(), kind, &body.text(), at)
            .await
            .unwrap();
        let run = Run {
            id,
            kind,
            state: RunState::Done,
            body: body.text(),
            error: None,
            created_at: at,
            started_at: Some(at),
            ended_at: Some(at + 600_000),
        };
        let commit = Commit {
            run: Some(run),
            ..Commit::default()
        };
        v.commit(commit, at).await;
    }
}

/// A run that the brake stopped, with what it holds back.
pub async fn brake(v: &Visitor<'_>) {
    let body = Body {
        statement: Statement {
            unmailable: 12_000,
            gone: 400,
            ..Statement::default()
        },
        ..Body::default()
    };
    let store = &v.world.store;
    let id = store
        .create_run(v.id(), RunKind::Forced, &body.text(), NOON)
        .await
        .unwrap();
    let marks: Vec<DirtyMark> = (0..12_400)
        .map(|n| DirtyMark {
            key: DirtyKey::Record(record_of(n * 9 + 2)),
            due_at: NOON,
            priority: Priority::Bulk,
            reason: Reason::Sweep,
            held_by: Some(id),
        })
        .collect();
    for some in marks.chunks(1_000) {
        v.world.store.mark_dirty(v.id(), some, NOON).await.unwrap();
    }
    store
        .set_run_state(v.id(), id, RunState::Braked, Some("brake"), NOON)
        .await
        .unwrap();
}
