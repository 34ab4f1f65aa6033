//! How long pages take on a shop of 200,000 contacts. Run by hand in release:
//! `cargo test --release -p web --test outside -- --ignored --nocapture pages_are_quick`.

use std::time::{Duration, Instant};

use store::{Commit, Contact, DirtyKey, HistoryEntry, Outcome, Problem, Record};
use sync_core::RecordKey;

use crate::ledger::Visitor;
use crate::world::*;

const CONTACTS: i64 = 200_000;
/// How often each page is asked for, and how long it may take.
const TIMES: usize = 21;
const MOST: Duration = Duration::from_millis(50);

/// Every twentieth refused in SARE and consents in the shop, every fiftieth failed.
async fn fill(v: &Visitor<'_>) {
    for first in (0..CONTACTS).step_by(2_000) {
        let mut commit = Commit::default();
        for n in first..first + 2_000 {
            let refused = n % 20 == 0;
            let outcome = match n {
                _ if refused => Outcome::Suppressed,
                _ if n % 50 == 1 => Outcome::Failed,
                _ if n % 10 == 3 => Outcome::Skipped,
                _ => Outcome::Synchronised,
            };
            let one = Contact {
                sare_status: Some(if refused { 4 } else { 8 }),
                refusal: refused.then_some(4),
                refusal_applied: n % 40 == 0,
                consent: Some(true),
                ..v.contact(&format!("c{n}@example.com"), outcome)
            };
            let key = match n % 2 {
                0 => RecordKey::subscriber(n + 1),
                _ => RecordKey::customer(n + 1),
            };
            commit.records.push(Record {
                key,
                hash: one.hash,
                consent: true,
                extra: None,
                run_id: None,
                seen_at: NOON,
            });
            let kind = if refused { "refused-in-sare" } else { "added" };
            commit.history.push(HistoryEntry {
                hash: one.hash,
                at: NOON - (CONTACTS - n) * 10,
                kind: kind.to_owned(),
                detail: Some("{\"status\":8,\"by\":\"backfill\"}".to_owned()),
            });
            if outcome == Outcome::Failed {
                commit.problems.push(Problem {
                    key: DirtyKey::Address(one.hash).encode(),
                    kind: "sare-refused".to_owned(),
                    hash: Some(one.hash),
                    detail: Some("the value is too long".to_owned()),
                    is_final: true,
                    first_at: NOON - n,
                    last_at: NOON,
                    times: 1,
                });
            }
            commit.contacts.push(one);
        }
        v.commit(commit, NOON).await;
    }
}

#[tokio::test]
#[ignore = "fills a ledger with 200,000 contacts; means something in release only"]
#[expect(
    clippy::print_stdout,
    reason = "the measurement's word to whoever asked for it"
)]
async fn pages_are_quick() {
    each(async |world| {
        let v = Visitor::come(&world).await;
        let began = Instant::now();
        fill(&v).await;
        let database = if world.is_sqlite() { "SQLite" } else { "PostgreSQL" };
        println!("{database}: filled in {:?}", began.elapsed());
        for page in [
            "",
            "overview/live",
            "problems",
            "problems?kind=sare-refused",
            "unsubscribes",
            "unsubscribes?days=0",
        ] {
            v.page(page).await;
            let mut times = Vec::with_capacity(TIMES);
            for _ in 0..TIMES {
                let began = Instant::now();
                v.page(page).await;
                times.push(began.elapsed());
            }
            times.sort_unstable();
            // What else the machine does shows in the slowest; half of all are as quick as the usual one.
            let (usual, slowest) = (times[TIMES / 2], times[TIMES - 1]);
            println!("{database}: /{page} takes {usual:?}, at most {slowest:?}");
            assert!(usual < MOST, "/{page} takes {usual:?}");
        }
    })
    .await;
}
