//! `contact explain`: one contact in plain sentences: what the shop has now, what was last sent, what SARE has now,
//! and why.
//!
//! Both services are read at this moment; either may be away, which is told and hides nothing else. What there is to
//! say comes from `desk::story`; here it is printed.

use desk::story::{self, ColumnName, InShop, Ledger, Story};
use desk::{Error, Remedy};
use serde_json::{Value, json};
use sync_core::{Email, Lang};

use super::output;
use crate::app::App;
use crate::cli::Json;
use crate::exit;

/// Explains one contact. Exits with 5 when nobody knows the address.
pub async fn explain(app: &App, name: &str, address: &str, json: Json) -> anyhow::Result<u8> {
    let shop = app.find(name).await?;
    let lang = app.settings.lang;
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
    };
    if told.is_unknown() {
        let both_asked = told.in_shop.is_ok() && told.in_sare.is_ok();
        if json.json {
            output::json(&json!({ "shop": shop.host, "contact": email.as_str(), "known": false }))?;
        } else {
            output::line(&unknown(&email, lang));
            for line in told.away(lang) {
                output::line(&line);
            }
        }
        return Ok(if both_asked { exit::NOT_FOUND } else { exit::AWAY });
    }
    if json.json {
        output::json(&as_json(&told, lang))?;
        return Ok(exit::OK);
    }
    for line in told.sentences(lang) {
        output::line(&line);
    }
    let headings = match lang {
        Lang::Pl => ["", "W sklepie teraz", "Ostatnio wysłano", "W SARE teraz"],
        Lang::En => ["", "In the shop now", "Last sent", "In SARE now"],
    };
    let mut table = output::table(&headings);
    for row in told.columns(lang) {
        table.add_row(vec![row.name.text(lang), row.shop, row.sent, row.sare]);
    }
    output::line(&table.to_string());
    if !ledger.history.is_empty() {
        output::line(match lang {
            Lang::Pl => "Co się działo, od najnowszego:",
            Lang::En => "What happened, the newest first:",
        });
    }
    for entry in &ledger.history {
        let text = story::entry(entry, lang);
        output::line(&format!("  {}  {text}", story::moment(entry.at, lang)));
    }
    Ok(exit::OK)
}

fn unknown(email: &Email, lang: Lang) -> String {
    match lang {
        Lang::Pl => format!(
            "Adresu {} nie zna ani baza, ani nikt, kogo można było zapytać.",
            email.as_str()
        ),
        Lang::En => format!(
            "Neither the ledger nor anybody who could be asked knows {}.",
            email.as_str()
        ),
    }
}

/// The story for scripts: names and cells are English in every language, sentences are the reader's.
fn as_json(told: &Story<'_>, lang: Lang) -> Value {
    let ledger = told.ledger;
    let contact = ledger.contact.as_ref();
    let in_shop = match told.in_shop {
        Err(why) => json!({ "away": why.text(lang) }),
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
        Err(why) => json!({ "away": why.text(lang) }),
        Ok(None) => Value::Null,
        Ok(Some(record)) => json!({ "status": record.status, "groups": record.groups }),
    };
    let field = |name: &ColumnName| name.text(Lang::En);
    let columns: Vec<Value> = told
        .columns(Lang::En)
        .into_iter()
        .map(|row| {
            json!({ "field": field(&row.name), "shop": row.shop, "sent": row.sent, "sare": row.sare,
                    "differs": row.differs })
        })
        .collect();
    let history: Vec<Value> = ledger
        .history
        .iter()
        .map(|entry| {
            let at = output::iso(Some(entry.at));
            json!({ "at": at, "kind": entry.kind, "text": story::entry(entry, lang) })
        })
        .collect();
    let problems: Vec<Value> = ledger
        .problems
        .iter()
        .map(|problem| {
            let Remedy {
                cause,
                remedy,
                healer,
            } = desk::remedy(&problem.kind, lang);
            json!({ "kind": problem.kind, "cause": cause, "remedy": remedy, "healer": healer.word(),
                    "detail": problem.detail, "final": problem.is_final })
        })
        .collect();
    json!({
        "shop": told.shop.host,
        "contact": told.email.as_str(),
        "known": true,
        "in_shop": in_shop,
        "in_sare": in_sare,
        "outcome": contact.map(|c| c.outcome),
        "consent": contact.and_then(|c| c.consent),
        "withdrawn": contact.map(|c| c.withdrawn),
        "refusal": contact.and_then(|c| c.refusal),
        "refusal_origin": contact.and_then(|c| c.refusal_origin.clone()),
        "refusal_since": output::iso(contact.and_then(|c| c.refused_at)),
        "refusal_in_shop": contact.filter(|c| c.refusal.is_some()).map(|c| c.refusal_applied),
        "sent": output::iso(contact.and_then(|c| c.sent_at)),
        "sent_is_current": contact.and_then(|c| told.is_as_sent(c)),
        "waiting": !ledger.waiting.is_empty(),
        "columns": columns,
        "problems": problems,
        "history": history,
        "sentences": told.sentences(lang),
    })
}
