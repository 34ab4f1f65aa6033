//! `shop list|show|pause|resume|remove`.

use std::collections::BTreeMap;

use desk::standing::{Facts, Standing};
use engine::Body;
use store::{Audit, Counts, Outcome, Run, RunState, Shop, ShopState};

use super::output;
use crate::app::App;
use crate::cli::{Json, One, Remove, Resume};
use crate::exit;
use desk::{Patience, ShopSide};

/// All shops.
pub async fn list(app: &App, json: Json) -> anyhow::Result<u8> {
    let shops = app.store.shops().await?;
    let mut rows = Vec::new();
    for shop in &shops {
        rows.push((
            shop,
            app.store.counts(shop.id).await?,
            app.store.active_run(shop.id).await?,
            standing(app, shop).await?,
        ));
    }
    if json.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(shop, counts, run, standing)| summary(shop, counts, run.as_ref(), standing))
            .collect();
        output::json(&list)?;
        return Ok(exit::OK);
    }
    if rows.is_empty() {
        output::line(
            "No shops yet. Install the app in a shop, or connect one with `shoper-sare shop connect`.",
        );
        return Ok(exit::OK);
    }
    let mut table = output::table(&[
        "Shop",
        "Stands",
        "Contacts",
        "In SARE",
        "Suppressed",
        "Problems",
        "Run",
        "Last success",
    ]);
    for (shop, counts, run, standing) in &rows {
        table.add_row(vec![
            called(shop),
            standing.headline().word().to_owned(),
            counts.contacts.to_string(),
            of(counts, Outcome::Synchronised).to_string(),
            of(counts, Outcome::Suppressed).to_string(),
            counts.problems.to_string(),
            run.as_ref().map_or_else(|| "-".to_owned(), run_word),
            output::moment(shop.last_success_at),
        ]);
    }
    output::line(&table.to_string());
    Ok(exit::OK)
}

/// Contacts of one outcome.
pub fn of(counts: &Counts, outcome: Outcome) -> i64 {
    counts.by_outcome.get(&(outcome as i64)).copied().unwrap_or(0)
}

/// What a shop is called: of one that removed the app only the licence is left.
fn called(shop: &Shop) -> String {
    match shop.host.is_empty() {
        true => shop.license.clone(),
        false => shop.host.clone(),
    }
}

/// How the shop stands, as the panel says it.
async fn standing(app: &App, shop: &Shop) -> anyhow::Result<Standing> {
    let facts = Facts::read(&app.store, shop, app.clock.now()).await?;
    Ok(Standing::of(&facts))
}

/// All that is true of it, the gravest first.
fn matters(standing: &Standing) -> Vec<&'static str> {
    standing.matters.iter().map(|matter| matter.word()).collect()
}

fn run_word(run: &Run) -> String {
    let body = Body::parse(&run.body);
    let done = match body.total {
        Some(total) if total > 0 => format!(" {}/{total}", body.done),
        _ => String::new(),
    };
    format!("{} {}{done}", run.kind.word(), run.state.word())
}

/// A shop for scripts.
fn summary(shop: &Shop, counts: &Counts, run: Option<&Run>, standing: &Standing) -> serde_json::Value {
    serde_json::json!({
        "shop": called(shop),
        "license": shop.license,
        "url": shop.url,
        "origin": shop.origin,
        "state": shop.state,
        "standing": standing.headline().word(),
        "severity": standing.headline().severity().word(),
        "matters": matters(standing),
        "shop_side": standing.shop.word(),
        "sare_side": standing.sare.word(),
        "paused": shop.paused,
        "trial": shop.trial,
        "subscription_until": output::iso(shop.subscription_until),
        "configured": shop.config.is_some(),
        "config_version": shop.config_version,
        "last_success": output::iso(shop.last_success_at),
        "contacts": counts.contacts,
        "customers": counts.customers,
        "subscribers": counts.subscribers,
        "synchronised": of(counts, Outcome::Synchronised),
        "suppressed": of(counts, Outcome::Suppressed),
        "skipped": of(counts, Outcome::Skipped),
        "failed": of(counts, Outcome::Failed),
        "hands_off": of(counts, Outcome::HandsOff),
        "gone": of(counts, Outcome::Gone),
        "undecided": of(counts, Outcome::Unknown),
        "mailable": counts.mailable,
        "refused": counts.refused,
        "waiting": counts.dirty,
        "problems": counts.problems,
        "run": run.map(run_json),
    })
}

/// A run for scripts.
pub fn run_json(run: &Run) -> serde_json::Value {
    serde_json::json!({
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "error": run.error,
        "created": output::iso(Some(run.created_at)),
        "started": output::iso(run.started_at),
        "ended": output::iso(run.ended_at),
        "progress": Body::parse(&run.body),
    })
}

/// A time in which no server lived, and whether what a shop sent meanwhile has been made up for.
#[derive(Debug, Clone, Copy)]
pub struct CatchingUp {
    /// From.
    pub from: i64,
    /// To.
    pub to: i64,
    /// The whole shop has been read since.
    pub is_made_up: bool,
}

/// Times of the last week in which no server lived, as far as they concern the shop.
pub async fn catching_up(app: &App, shop: &Shop) -> anyhow::Result<Vec<CatchingUp>> {
    let lane = engine::standing(&app.store, shop.id).await?;
    let since = (app.clock.now() - 7 * 86_400_000).max(shop.created_at);
    let absences = app.store.absences(since).await?;
    Ok(absences
        .into_iter()
        .filter(|_| lane.first_done)
        .map(|absence| CatchingUp {
            from: absence.from,
            to: absence.to,
            is_made_up: absence.to <= lane.read_from,
        })
        .collect())
}

fn catching_up_word(absence: &CatchingUp) -> String {
    let state = if absence.is_made_up {
        "made up for"
    } else {
        "being made up for"
    };
    let (from, to) = (
        output::moment(Some(absence.from)),
        output::moment(Some(absence.to)),
    );
    format!("{from} to {to}, {state}")
}

/// One shop.
pub async fn show(app: &App, one: One) -> anyhow::Result<u8> {
    let shop = app.find(&one.shop).await?;
    let shown = Shown::read(app, shop).await?;
    if one.json.json {
        output::json(&shown.json()?)?;
        return Ok(exit::OK);
    }
    output::line(&shown.facts());
    if !shown.meters.is_empty() {
        let told: Vec<String> = shown
            .meters
            .iter()
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        output::line(&format!("Meters: {}", told.join(", ")));
    }
    if !shown.runs.is_empty() {
        output::line(&runs_table(&shown.runs));
    }
    Ok(exit::OK)
}

/// What is shown of one shop.
struct Shown {
    shop: Shop,
    counts: Counts,
    standing: Standing,
    runs: Vec<Run>,
    active: Option<Run>,
    meters: BTreeMap<String, i64>,
    audit: Option<Audit>,
    sare_url: Option<String>,
    catching_up: Vec<CatchingUp>,
    doubted: i64,
    disputed: i64,
}

impl Shown {
    async fn read(app: &App, shop: Shop) -> anyhow::Result<Self> {
        let sare_hook = app.store.hook_of(shop.id, store::HookKind::Sare).await?;
        let public = app.settings.public_url.as_ref();
        Ok(Self {
            counts: app.store.counts(shop.id).await?,
            standing: standing(app, &shop).await?,
            runs: app.store.runs(shop.id, 5).await?,
            active: app.store.active_run(shop.id).await?,
            meters: app.store.meters(shop.id).await?,
            audit: app.store.last_audit(shop.id).await?,
            sare_url: public
                .zip(sare_hook)
                .map(|(public, (_, token))| public.sare_hook(secrecy::ExposeSecret::expose_secret(&token))),
            catching_up: catching_up(app, &shop).await?,
            doubted: app.store.count_doubted(shop.id).await?,
            disputed: app.store.count_disputed(shop.id).await?,
            shop,
        })
    }

    /// For scripts.
    fn json(&self) -> anyhow::Result<serde_json::Value> {
        let mut value = summary(&self.shop, &self.counts, self.active.as_ref(), &self.standing);
        value["absences"] = self
            .catching_up
            .iter()
            .map(|absence| {
                serde_json::json!({
                    "from": output::iso(Some(absence.from)), "to": output::iso(Some(absence.to)),
                    "made_up_for": absence.is_made_up,
                })
            })
            .collect();
        value["runs"] = self.runs.iter().map(run_json).collect();
        value["meters"] = serde_json::to_value(&self.meters)?;
        value["audit"] = self.audit.as_ref().map_or(serde_json::Value::Null, |audit| {
            serde_json::json!({
                "at": output::iso(Some(audit.at)), "compared": audit.compared, "unexplained": audit.differences,
            })
        });
        value["consents_to_decide"] = self.doubted.into();
        value["refusals_to_apply"] = self.disputed.into();
        value["sare_webhook_url"] = serde_json::to_value(&self.sare_url)?;
        Ok(value)
    }

    /// For people: each fact after its name.
    fn facts(&self) -> String {
        let Self {
            shop,
            counts,
            standing,
            ..
        } = self;
        let yes_no = |on: bool| if on { "yes" } else { "no" }.to_owned();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let mut table = output::facts();
        for (name, value) in [
            ("Shop", called(shop)),
            ("Licence", shop.license.clone()),
            ("Stands", matters(standing).join(", ")),
            ("State", shop.state.word().to_owned()),
            ("Shop's side", standing.shop.word().to_owned()),
            ("SARE's side", standing.sare.word().to_owned()),
            ("Connected by", shop.origin.word().to_owned()),
            ("Configured", yes_no(shop.config.is_some())),
            ("Customers in the ledger", counts.customers.to_string()),
            ("Subscribers in the ledger", counts.subscribers.to_string()),
            ("Contacts", counts.contacts.to_string()),
            ("In SARE as asked", of(counts, Outcome::Synchronised).to_string()),
            ("Mailable (status 8)", counts.mailable.to_string()),
            ("Suppressed", of(counts, Outcome::Suppressed).to_string()),
            (
                "Left out by the settings",
                of(counts, Outcome::Skipped).to_string(),
            ),
            (
                "Never touched (blocked, unknown)",
                of(counts, Outcome::HandsOff).to_string(),
            ),
            ("Failed", of(counts, Outcome::Failed).to_string()),
            ("Changes waiting", counts.dirty.to_string()),
            ("Problems", counts.problems.to_string()),
            ("Consents that wait for a decision", self.doubted.to_string()),
            (
                "Refused in SARE, consenting in the shop",
                self.disputed.to_string(),
            ),
            ("Last success", output::moment(shop.last_success_at)),
            (
                "No server lived",
                or_none(self.catching_up.last().map(catching_up_word)),
            ),
            ("Last audit", or_none(self.audit.as_ref().map(audit_word))),
            ("Address for SARE's webhook", or_none(self.sare_url.clone())),
        ] {
            table.add_row(vec![name.to_owned(), value]);
        }
        table.to_string()
    }
}

/// The latest runs, a row each.
fn runs_table(runs: &[Run]) -> String {
    let mut table = output::table(&[
        "Run",
        "Started",
        "Ended",
        "Added",
        "Updated",
        "Unchanged",
        "Suppressed",
        "Failed",
        "Note",
    ]);
    for run in runs {
        let body = Body::parse(&run.body);
        let outcome = body.outcome(run.kind);
        table.add_row(vec![
            format!("{} {}", run.id, run_word(run)),
            output::moment(run.started_at),
            output::moment(run.ended_at),
            outcome.added.to_string(),
            outcome.updated.to_string(),
            outcome.unchanged.to_string(),
            outcome.suppressed.to_string(),
            outcome.failed.to_string(),
            run.error
                .clone()
                .or(body.waiting_for.map(|cause| cause.to_string()))
                .unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn audit_word(audit: &Audit) -> String {
    let at = output::moment(Some(audit.at));
    match audit.differences {
        0 => format!(
            "{at}: {} contacts compared, all as they should be",
            audit.compared
        ),
        unexplained => format!(
            "{at}: {} contacts compared, {unexplained} unexplained",
            audit.compared
        ),
    }
}

/// Stops all synchronisation.
pub async fn pause(app: &App, one: One) -> anyhow::Result<u8> {
    let shop = app.find(&one.shop).await?;
    app.engine().pause(shop.id, true).await?;
    tell(
        one.json,
        &shop,
        "paused",
        "Synchronisation is paused. Webhooks are still kept and worked off after `shop resume`.",
    )
}

/// Goes on.
pub async fn resume(app: &App, options: Resume) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    app.engine().pause(shop.id, false).await?;
    if !options.release_brake {
        return tell(options.json, &shop, "resumed", "Synchronisation goes on.");
    }
    let engine = app.engine();
    for _ in 0..100 {
        if !is_held(app, &shop).await? {
            break;
        }
        // Somebody may be working on the lane; then it is a matter of moments.
        if engine.release_brake(shop.id).await? {
            return tell(
                options.json,
                &shop,
                "brake-released",
                "The brake is released; what it held goes on now.",
            );
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    tell(options.json, &shop, "no-brake", "Nothing was held by the brake.")
}

/// Whether anything of the shop waits for a person.
async fn is_held(app: &App, shop: &Shop) -> anyhow::Result<bool> {
    let braked = app
        .store
        .active_run(shop.id)
        .await?
        .is_some_and(|run| run.state == RunState::Braked);
    let lane = engine::standing(&app.store, shop.id).await?;
    Ok(braked || lane.poll_braked || lane.updates_harm)
}

fn tell(json: Json, shop: &Shop, result: &str, sentence: &str) -> anyhow::Result<u8> {
    if json.json {
        output::json(&serde_json::json!({ "shop": shop.host, "result": result }))?;
    } else {
        output::line(sentence);
    }
    Ok(exit::OK)
}

/// Takes our webhooks out of the shop, as far as it lets us. Those of others are known by their address.
async fn remove_webhooks(app: &App, shop: &Shop) -> anyhow::Result<()> {
    let Some(public) = &app.settings.public_url else {
        return Ok(());
    };
    if shop.state == ShopState::Removed {
        return Ok(());
    }
    let base = public.shoper_hooks();
    let side = ShopSide::open(&app.engine(), shop, Patience::Once).await?;
    for row in side.ask(|c| async move { c.webhooks().await }).await? {
        if row.url.starts_with(&base) {
            side.ask(|c| async move { c.delete_webhook(row.id).await })
                .await?;
        }
    }
    Ok(())
}

/// Forgets a shop.
pub async fn remove(app: &App, options: Remove) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    if !options.yes {
        let counts = app.store.counts(shop.id).await?;
        if options.json.json {
            output::json(&serde_json::json!({
                "shop": shop.host, "result": "not-confirmed", "contacts": counts.contacts,
            }))?;
            return Ok(exit::USAGE);
        }
        output::line(&format!(
            "This would erase the credentials of {} and what is kept of {} contacts, known refusals included. SARE and \
             the shop stay as they are. Repeat with --yes to do it.",
            shop.host, counts.contacts
        ));
        return Ok(exit::USAGE);
    }
    let left = remove_webhooks(app, &shop).await;
    app.store.remove_shop(shop.id, app.clock.now()).await?;
    if !app.store.tidy().await? {
        tracing::info!(
            "somebody reads the ledger; its files are cleared of what was erased when the server looks again"
        );
    }
    if options.json.json {
        let webhooks = left.as_ref().err().map(|why| format!("{why:#}"));
        output::json(&serde_json::json!({
            "shop": shop.host, "result": "removed", "webhooks_removed": left.is_ok(), "webhooks_error": webhooks,
        }))?;
        return Ok(exit::OK);
    }
    if let Err(why) = left {
        output::line(&format!(
            "Our webhook could not be removed from the shop ({why:#}); delete it there by hand."
        ));
    }
    output::line(&format!("{} is forgotten.", shop.host));
    Ok(exit::OK)
}
