//! `shop sync`: asks for a full synchronisation (or a statement of one) and follows it to its end.
//!
//! The command works the shop's lane itself whenever no server does, so that it needs none.

use std::time::Duration;

use engine::{Body, Phase, RunObstacle, Statement};
use indicatif::ProgressBar;
use store::{Run, RunKind, RunState};
use sync_core::{Cause, Lang, ShopId};
use texts::Words;

use super::{output, shop};
use crate::app::App;
use crate::cli::Sync;
use crate::exit;

/// Runs it.
pub async fn sync(app: &App, options: Sync) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    app.config(&shop)?;
    let kind = if options.dry_run {
        RunKind::DryRun
    } else {
        RunKind::Forced
    };
    let engine = app.engine();
    let silent = options.json.json;
    let run = loop {
        let id = match engine.ask_for_run(&shop, kind, options.allow_mailable).await {
            Ok(id) => id,
            Err(RunObstacle::Active(active)) if options.no_wait => {
                return queued(active, options.json.json, "is under way already.");
            }
            Err(RunObstacle::Active(active)) => {
                let Some(run) = follow(app, shop.id, active, silent).await? else {
                    continue;
                };
                if run.state == RunState::Braked {
                    break run;
                }
                continue;
            }
            Err(RunObstacle::NotConnected) => anyhow::bail!(
                "{0} is not connected to SARE: give its key with `shoper-sare shop config import` or in the panel",
                shop.host
            ),
            Err(RunObstacle::KeyRefused) => anyhow::bail!(
                "SARE refuses the API key of {0}: give one that it takes with `shoper-sare shop config import` or in the panel; \
                 where it was mended in SARE, `shoper-sare shop problems {0} --retry` has SARE asked again",
                shop.host
            ),
            Err(RunObstacle::NoAccess) => anyhow::bail!(
                "{0} refuses access: the app must be installed in it again (`shoper-sare shop connect {0}` where it was connected by login)",
                shop.host
            ),
            Err(RunObstacle::Paused) => {
                anyhow::bail!("{0} is paused; `shoper-sare shop resume {0}` goes on", shop.host)
            }
            Err(other) => return Err(other.into()),
        };
        if options.no_wait {
            return queued(id, options.json.json, "waits for its turn.");
        }
        let Some(run) = follow(app, shop.id, id, silent).await? else {
            anyhow::bail!("the run vanished: was the shop removed?");
        };
        if run.state != RunState::Cancelled {
            break run;
        }
        // A configuration that is new to the lane brings a run through the whole shop with it, which comes first.
        let runs = app.store.runs(shop.id, 10).await?;
        let Some(instead) = runs
            .into_iter()
            .filter(|later| later.id > id)
            .min_by_key(|later| later.id)
        else {
            break run;
        };
        let Some(run) = follow(app, shop.id, instead.id, silent).await? else {
            continue;
        };
        if !kind.policy().only_states || run.state != RunState::Done {
            break run;
        }
    };
    report(&run, options.json.json)?;
    Ok(match run.state {
        RunState::Done => exit::OK,
        RunState::Refused => exit::WOULD_MAIL,
        RunState::Braked => exit::BRAKE,
        _ => exit::FOUND,
    })
}

fn queued(id: i64, json: bool, word: &str) -> anyhow::Result<u8> {
    if json {
        output::json(&serde_json::json!({ "id": id }))?;
    } else {
        output::line(&format!("Run {id} {word}"));
    }
    Ok(exit::OK)
}

/// Works the lane or waits for whoever does, until the run is over or braked.
pub async fn follow(app: &App, shop: ShopId, id: i64, silent: bool) -> anyhow::Result<Option<Run>> {
    let engine = app.engine();
    let bar = output::bar(silent);
    let mut told = false;
    loop {
        let Some(run) = app.store.run(shop, id).await? else {
            return Ok(None);
        };
        if run.state.is_over() || run.state == RunState::Braked {
            bar.finish_and_clear();
            return Ok(Some(run));
        }
        let body = Body::parse(&run.body);
        if run.kind.policy().makes_equal() && body.phase == Phase::Applying && !told {
            told = true;
            bar.println(overwrites(&body.statement));
        }
        show(&bar, &body);
        let now = app.clock.now();
        let due = app.store.lane(shop).await?.map_or(now, |lane| {
            lane.wake_at.map_or(lane.due_at, |w| w.min(lane.due_at))
        });
        let lease = if due <= now {
            engine.claim_shop(shop).await?
        } else {
            None
        };
        match lease {
            Some(lease) => engine.slice(lease).await,
            None => {
                let pause = u64::try_from(due - now).unwrap_or(0).clamp(20, 200);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }
}

/// Shows a run's place on a bar.
pub fn show(bar: &ProgressBar, body: &Body) {
    if let Some(total) = body.total {
        bar.set_length(u64::try_from(total).unwrap_or(0));
    }
    bar.set_position(u64::try_from(body.done).unwrap_or(0));
    let phase = Words(Lang::En).say_word("phase", body.phase.word());
    // A bar has no room for whole sentences.
    let waiting = match body.waiting_for {
        Some(Cause::ShopLimit) => " (the shop's limit)",
        Some(Cause::SareLimit) => " (SARE's limit)",
        Some(Cause::ShopAway) => " (the shop is away)",
        Some(Cause::SareAway) => " (SARE is away)",
        Some(Cause::ShopRecord) => " (a record of the shop cannot be read)",
        Some(Cause::ShopList) => " (the shop does not give out the list)",
        Some(Cause::ShopAddresses) => " (addresses first)",
        Some(Cause::SareAccess) => " (SARE refuses the key)",
        Some(Cause::SarePayment) => " (SARE asks for payment or a higher limit)",
        Some(Cause::ShopAccess | Cause::SareChangesStatuses | Cause::Other) | None => "",
    };
    bar.set_message(format!("{phase}{waiting}"));
}

/// How many values the run writes over, said before it does.
fn overwrites(statement: &Statement) -> String {
    let up_to = if statement.overwrites_at_most {
        "up to "
    } else {
        ""
    };
    format!(
        "Values in SARE to be overwritten: {up_to}{}",
        statement.overwritten
    )
}

/// What a run would change, in sentences.
pub fn statement_lines(statement: &Statement) -> Vec<String> {
    let most = if statement.is_bound { "at most " } else { "" };
    vec![
        format!("Would become mailable: {most}{}", statement.mailable),
        format!("Would stop being mailable: {}", statement.unmailable),
        format!(
            "Added {}, updated {}, unchanged {}, suppressed {}, left out {}, no longer in the shop {}",
            statement.added,
            statement.updated,
            statement.unchanged,
            statement.suppressed,
            statement.skipped,
            statement.gone
        ),
        overwrites(statement),
    ]
}

fn report(run: &Run, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&shop::run_json(run));
    }
    for line in run_lines(run) {
        output::line(&line);
    }
    Ok(())
}

/// A run that came to its end, in sentences.
pub fn run_lines(run: &Run) -> Vec<String> {
    let body = Body::parse(&run.body);
    let mut lines = Vec::new();
    if run.kind.policy().repairs || run.state != RunState::Done {
        lines = statement_lines(&body.statement);
    }
    match run.state {
        RunState::Refused => lines.push(
            "The synchronisation did not start: it would have made people mailable. If that is right, run it again \
             with --allow-mailable."
                .to_owned(),
        ),
        RunState::Braked => {
            lines.push("The brake stopped it. Look at the numbers, then `shop resume --release-brake`.".to_owned());
        }
        RunState::Cancelled | RunState::Failed => {
            let why = run.error.as_deref().unwrap_or("no reason is known");
            lines.push(format!("It did not come to its end: {why}."));
        }
        _ if !run.kind.policy().only_states => {
            let c = body.outcome(run.kind);
            lines.push(format!(
                "{} added, {} updated, {} unchanged, {} unsubscribed, {} suppressed, {} left out, {} never touched, {} failed.",
                c.added, c.updated, c.unchanged, c.unsubscribed, c.suppressed, c.skipped, c.hands_off, c.failed
            ));
            if c.waiting > 0 {
                lines.push(format!(
                    "{} wait until SARE takes new contacts again; see the shop's problems.",
                    c.waiting
                ));
            }
        }
        _ => {}
    }
    lines
}
