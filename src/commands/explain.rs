//! `contact explain`: one contact in plain sentences: what the shop has now, what was last sent, what SARE has now,
//! and why.
//!
//! Both services are read at this moment; either may be away, which is told and hides nothing else. What there is to
//! say comes from `desk::story`; here it is printed.

use desk::Error;
use desk::story::{self, InShop, Ledger, Story};
use serde_json::{Value, json};
use sync_core::{Email, Lang};
use texts::{ProblemTexts, Words};

use super::output;
use crate::app::App;
use crate::cli::Json;
use crate::exit;

/// Explains one contact. Exits with 5 when nobody knows the address.
pub async fn explain(app: &App, name: &str, address: &str, json: Json) -> anyhow::Result<u8> {
    let shop = app.find(name).await?;
    let words = Words(app.settings.lang);
    let email = Email::parse(address)
        .map_err(|error| anyhow::anyhow!("{address:?} is no e-mail address: {error}"))?;
    let engine = app.engine();
    let ledger = Ledger::read(&app.store, shop.id, app.store.hash(shop.id, email.key())).await?;
    let config = app.config(&shop).ok();
    let in_shop = InShop::read(&engine, &shop, config.as_ref(), &email, &ledger.records).await;
    let in_sare = match &config {
        Some(config) => story::in_sare(&engine, &shop, config, &email).await,
        None => Err(Error::NoKey),
    };
    let told = Story {
        shop: &shop,
        email: &email,
        config: config.as_ref(),
        ledger: &ledger,
        in_shop: in_shop.as_ref(),
        in_sare: in_sare.as_ref().map(Option::as_ref),
        known: ledger.known(&engine),
    };
    if told.is_unknown() {
        let both_asked = told.in_shop.is_ok() && told.in_sare.is_ok();
        if json.json {
            output::json(&json!({ "shop": shop.host, "contact": email.as_str(), "known": false }))?;
        } else {
            output::line(&words.fill("story.nobody-knows", &[("email", &email.as_str())]));
            for line in told.away(words) {
                output::line(&line);
            }
        }
        return Ok(if both_asked { exit::NOT_FOUND } else { exit::AWAY });
    }
    if json.json {
        output::json(&as_json(&told, words))?;
        return Ok(exit::OK);
    }
    for line in told.sentences(words) {
        output::line(&line);
    }
    let mut table = output::table(&[
        "",
        words.say("contacts.in-shop"),
        words.say("contacts.last-sent"),
        words.say("contacts.in-sare"),
    ]);
    for row in told.columns(words) {
        table.add_row(vec![row.name.text(words), row.shop, row.sent, row.sare]);
    }
    output::line(&table.to_string());
    if !ledger.history.is_empty() {
        output::line(words.say("story.history"));
    }
    for entry in &ledger.history {
        let text = story::entry(entry, words);
        output::line(&format!("  {}  {text}", words.moment(entry.at)));
    }
    Ok(exit::OK)
}

/// The story for scripts: names and cells are English in every language, sentences are the reader's.
fn as_json(told: &Story<'_>, words: Words) -> Value {
    let english = Words(Lang::En);
    let ledger = told.ledger;
    let contact = ledger.contact.as_ref();
    let in_shop = match told.in_shop {
        Err(why) => json!({ "away": why.text(words) }),
        Ok(shop) => json!({
            "customers": shop.customers.iter().map(|user| json!({
                "id": user.id, "newsletter": user.newsletter, "registered": user.registered,
            })).collect::<Vec<_>>(),
            "subscribers": shop.subscribers.iter().map(|row| json!({
                "id": row.id, "active": row.active,
            })).collect::<Vec<_>>(),
        }),
    };
    let in_sare = match &told.in_sare {
        Err(why) => json!({ "away": why.text(words) }),
        Ok(None) => Value::Null,
        Ok(Some(record)) => json!({ "status": record.status, "groups": record.groups }),
    };
    let columns: Vec<Value> = told
        .columns(english)
        .into_iter()
        .map(|row| {
            json!({ "field": row.name.text(english), "shop": row.shop, "sent": row.sent, "sare": row.sare,
                    "differs": row.differs })
        })
        .collect();
    let history: Vec<Value> = ledger
        .history
        .iter()
        .map(|entry| {
            let at = output::iso(Some(entry.at));
            json!({ "at": at, "kind": entry.kind, "text": story::entry(entry, words) })
        })
        .collect();
    let problems: Vec<Value> = ledger
        .problems
        .iter()
        .map(|problem| {
            let ProblemTexts { cause, remedy } = words.problem(problem.kind);
            json!({ "kind": problem.kind.word(), "cause": cause, "remedy": remedy,
                    "healer": problem.kind.healer().word(), "detail": problem.detail, "final": problem.is_final })
        })
        .collect();
    let refused = contact.and_then(|c| c.refusal);
    json!({
        "shop": told.shop.host,
        "contact": told.email.as_str(),
        "known": true,
        "in_shop": in_shop,
        "in_sare": in_sare,
        "outcome": contact.map(|c| c.outcome),
        "consent": contact.and_then(|c| c.consent),
        "withdrawn": contact.map(|c| c.withdrawn),
        "refusal": refused.map(|refused| refused.status),
        "refusal_origin": refused.map(|refused| refused.origin),
        "refusal_since": output::iso(refused.map(|refused| refused.since)),
        "refusal_in_shop": refused.map(|refused| refused.applied),
        "sent": output::iso(contact.and_then(|c| c.sent_at)),
        "sent_is_current": contact.and_then(|c| told.is_as_sent(c)),
        "waiting": !ledger.waiting.is_empty(),
        "columns": columns,
        "problems": problems,
        "history": history,
        "sentences": told.sentences(words),
    })
}
