//! What a forced run repairs: values in SARE that are not what the shop says, whoever changed them there.
//!
//! Everything else compares with what SARE was last told, which is the same until the shop changes. A forced run reads what
//! SARE has. Where that cannot be read, everything is written, and the statement says "at most".

use std::collections::HashMap;

use sare_api::ContactRecord;
use store::{AddrHash, RunPolicy};
use sync_core::plan::Step;

use crate::deliver::value_in;
use crate::error::Halt;
use crate::report::Body;
use crate::session::Session;
use crate::subject::{Assessed, records};

use super::is_first_like;

/// Compares contacts that stay in SARE with what SARE has of them. One that differs is to be updated, and the values that
/// this would overwrite are stated.
pub(super) async fn compare(
    s: &Session<'_>,
    run: RunPolicy,
    body: &mut Body,
    assessed: &mut [Assessed],
) -> Result<(), Halt> {
    if !run.repairs || is_first_like(s, run) {
        return Ok(());
    }
    let stays = |a: &Assessed| {
        let is_open = a.sare.is_open();
        is_open && matches!(a.step, Step::Keep | Step::Update) && a.traits.is_some()
    };
    let asked: Vec<(AddrHash, String)> = assessed
        .iter()
        .filter(|a| stays(a))
        .map(|a| (a.subject.hash, a.subject.email.as_str().to_owned()))
        .collect();
    let found: HashMap<AddrHash, ContactRecord> = records(s, &asked).await?;
    for a in assessed.iter_mut().filter(|a| stays(a)) {
        let (values, differs) = match found.get(&a.subject.hash) {
            Some(record) => {
                let values = values_that_differ(a, record);
                let lacks_group = record
                    .groups
                    .as_ref()
                    .is_some_and(|has| a.groups.iter().any(|group| !has.contains(group)));
                (values, values > 0 || lacks_group)
            }
            None => {
                body.statement.overwrites_at_most = true;
                (a.traits.as_ref().map_or(0, |traits| traits.targets().len()), true)
            }
        };
        body.statement.overwritten += i64::try_from(values).unwrap_or(0);
        if differs {
            a.decision.found_to_differ();
        }
    }
    Ok(())
}

/// How many mapped values SARE has otherwise than the shop. A value to be written only where SARE has none is compared with
/// nothing else.
fn values_that_differ(a: &Assessed, record: &ContactRecord) -> usize {
    let Some(traits) = &a.traits else { return 0 };
    let differs = |target: &sync_core::mapping::Target| {
        let theirs = value_in(record, target).trim();
        let ours = traits.get(target).unwrap_or_default().trim();
        let may_write = theirs.is_empty() || !traits.if_empty.contains(target);
        may_write && theirs != ours
    };
    traits.targets().iter().filter(|target| differs(target)).count()
}
