//! `shop problems`: what needs attention, with cause and remedy, and another try.

use store::{DirtyKey, Problem};

use super::output;
use crate::app::App;
use crate::cli::Problems;
use crate::exit;

/// What each kind of problem means and what helps.
pub fn remedy(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "sare-access" => (
            "SARE refuses the UID or the API key.",
            "Check that the key is one of the new REST API (not the old form key), belongs to this UID and is not limited to other IP addresses; then import the configuration again.",
        ),
        "shop-access" => (
            "The shop refuses our access.",
            "Reinstall the app in the shop, or connect it again with an administrator who has WebAPI access.",
        ),
        "no-app" => (
            "The shop sent an authorisation code and this server has no app credentials.",
            "Set SHOPER_APP_ID and SHOPER_APP_SECRET and restart.",
        ),
        "no-scope" => (
            "The shop does not let the app read or change this.",
            "Give the app the named permission in the shop's panel; everything else goes on meanwhile.",
        ),
        "webhooks-refused" => (
            "Webhooks cannot be registered in the shop.",
            "Check that PUBLIC_URL can be reached from outside and that the app may create webhooks. Until then sweeps find the changes.",
        ),
        "brake" => (
            "One pass would have taken too many contacts out of the mailing.",
            "Look at the numbers; if they are right, let it go on with `shop resume SHOP --release-brake`.",
        ),
        "bad-address" => (
            "The shop has an address that is none.",
            "Correct it in the shop; it is tried again when it changes.",
        ),
        "sare-refused" => (
            "SARE did not take this contact.",
            "Read its reason; correct the value in the shop or the mapping. It is tried again when the contact changes, or with `shop problems SHOP --retry`.",
        ),
        "custom-fields-refused" => (
            "SARE took the contact only without its own properties.",
            "Check that the values mapped to custom properties are allowed there (lists take only their own values).",
        ),
        "sare-changes-statuses" => (
            "In this SARE account updates of data changed people's statuses, so nothing is written any more.",
            "Ask SARE to leave statuses alone when `update_status_on_duplicate` is false; then let it be tried again \
             with `shop resume SHOP --release-brake`.",
        ),
        "sare-unsure" => (
            "The contact was in SARE, and SARE does not say for certain whether it still is.",
            "Nothing is added meanwhile, so that nobody is brought back by mistake; it is tried again by itself.",
        ),
        "addresses-not-readable" => (
            "The shop does not give out customers' addresses, so fields mapped from them stay as they are in SARE.",
            "Take rows that begin with `address.` out of the mapping, or ask Shoper why its list of addresses cannot be \
             asked for by customer.",
        ),
        "shop-refused" => (
            "The shop did not take a change.",
            "Look at the record in the shop; it is tried again by itself.",
        ),
        "status-not-taken" => (
            "SARE did not take a change of status.",
            "Look at the contact in SARE and change its status by hand.",
        ),
        "record-locked" => (
            "An administrator has the record open in the shop.",
            "Nothing to do: it is tried again.",
        ),
        "list-not-understood" | "sare-not-understood" => (
            "A service answered in a way we do not understand.",
            "Nothing was changed. It is tried again; if it stays, send the detail to support.",
        ),
        _ => (
            "Something needs attention.",
            "It is tried again by itself; see the detail.",
        ),
    }
}

/// What needs attention.
pub async fn problems(app: &App, options: Problems) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    if let Some(key) = &options.retry {
        let one = (key != "all").then_some(key.as_str());
        let count = app.store.problem_retry(shop.id, one, app.clock.now()).await?;
        if options.json.json {
            output::json(&serde_json::json!({ "retried": count }))?;
        } else {
            output::line(&format!("{count} to be tried again now."));
        }
        return Ok(exit::OK);
    }
    let problems = app.store.problems(shop.id, 500, 0).await?;
    let hashes: Vec<_> = problems.iter().filter_map(|p| p.hash).collect();
    let contacts = app.store.contacts(shop.id, &hashes).await?;
    let name = |problem: &Problem| {
        let address = problem
            .hash
            .and_then(|h| contacts.get(&h))
            .and_then(|c| c.address.clone());
        address.unwrap_or_else(|| match DirtyKey::decode(&problem.key) {
            Some(DirtyKey::Record(key)) => {
                let kind = if key.kind == sync_core::RecordKind::Customer {
                    "customer"
                } else {
                    "subscriber"
                };
                format!("{kind} {}", key.id)
            }
            _ => "the shop".to_owned(),
        })
    };
    if options.json.json {
        let list: Vec<_> = problems
            .iter()
            .map(|p| {
                let (cause, remedy) = remedy(&p.kind);
                serde_json::json!({
                    "key": p.key, "who": name(p), "kind": p.kind, "cause": cause, "remedy": remedy,
                    "detail": p.detail, "final": p.is_final, "since": output::iso(Some(p.first_at)),
                    "last": output::iso(Some(p.last_at)), "times": p.times,
                })
            })
            .collect();
        output::json(&list)?;
    } else if problems.is_empty() {
        output::line("No problems.");
    } else {
        let mut table = output::table(&["Who", "What", "What helps", "Detail", "Since", "Times"]);
        for problem in &problems {
            let (cause, remedy) = remedy(&problem.kind);
            table.add_row(vec![
                name(problem),
                cause.to_owned(),
                remedy.to_owned(),
                problem.detail.clone().unwrap_or_default(),
                output::moment(Some(problem.first_at)),
                problem.times.to_string(),
            ]);
        }
        output::line(&table.to_string());
    }
    Ok(if problems.is_empty() {
        exit::OK
    } else {
        exit::FOUND
    })
}
