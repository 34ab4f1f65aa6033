//! `contact explain`: one contact in plain sentences: what the shop has now, what was last sent, what SARE has now,
//! and why.
//!
//! Both services are read at this moment; either may be away, which is told and hides nothing else.

mod reading;
mod words;

use std::collections::BTreeSet;

use desk::Remedy;
use sare_api::ContactRecord;
use serde_json::{Value, json};
use store::{Contact, HistoryEntry, Shop};
use sync_core::config::Config;
use sync_core::mapping::Target;
use sync_core::{Email, Lang};

use self::reading::{InShop, Ledger, read_sare};
use super::output;
use crate::app::App;
use crate::audit::value_in;
use crate::cli::Json;
use crate::exit;

/// Explains one contact. Exits with 5 when nobody knows the address.
pub async fn explain(app: &App, name: &str, address: &str, json: Json) -> anyhow::Result<u8> {
    let shop = app.find(name).await?;
    let email = Email::parse(address)
        .map_err(|error| anyhow::anyhow!("{address:?} is no e-mail address: {error}"))?;
    let ledger = Ledger::read(app, &shop, &email).await?;
    let config = app.config(&shop).ok();
    let in_shop = InShop::read(app, &shop, config.as_ref(), &email, &ledger.records).await;
    let in_sare = match &config {
        Some(config) => read_sare(app, &shop, config, &email).await,
        None => Err("the shop is not configured yet".to_owned()),
    };
    let facts = Facts {
        shop: &shop,
        email: &email,
        config: config.as_ref(),
        ledger,
        in_shop,
        in_sare,
    };
    if facts.is_unknown() {
        let both_asked = facts.in_shop.is_ok() && facts.in_sare.is_ok();
        if json.json {
            output::json(&json!({ "shop": shop.host, "contact": email.as_str(), "known": false }))?;
        } else {
            output::line(&format!(
                "Neither the ledger nor anybody who could be asked knows {}.",
                email.as_str()
            ));
            for line in facts.away() {
                output::line(&line);
            }
        }
        return Ok(if both_asked { exit::NOT_FOUND } else { exit::AWAY });
    }
    if json.json {
        output::json(&facts.json())?;
        return Ok(exit::OK);
    }
    for line in facts.sentences() {
        output::line(&line);
    }
    let mut table = output::table(&["", "In the shop now", "Last sent", "In SARE now"]);
    for row in facts.columns() {
        table.add_row(vec![row.field, row.shop, row.sent, row.sare]);
    }
    output::line(&table.to_string());
    for line in facts.history_lines() {
        output::line(&line);
    }
    Ok(exit::OK)
}

/// Everything that is known of the contact.
struct Facts<'a> {
    shop: &'a Shop,
    email: &'a Email,
    config: Option<&'a Config>,
    ledger: Ledger,
    in_shop: Result<InShop, String>,
    in_sare: Result<Option<ContactRecord>, String>,
}

/// One row of the three columns.
struct Columns {
    field: String,
    shop: String,
    sent: String,
    sare: String,
}

impl Facts<'_> {
    fn is_unknown(&self) -> bool {
        let in_shop = self
            .in_shop
            .as_ref()
            .is_ok_and(|s| !s.customers.is_empty() || !s.subscribers.is_empty());
        let in_sare = matches!(self.in_sare, Ok(Some(_)));
        self.ledger.contact.is_none() && self.ledger.records.is_empty() && !in_shop && !in_sare
    }

    fn away(&self) -> Vec<String> {
        let shop = self
            .in_shop
            .as_ref()
            .err()
            .map(|why| format!("The shop could not be asked now: {why}."));
        let sare = self
            .in_sare
            .as_ref()
            .err()
            .map(|why| format!("SARE could not be asked now: {why}."));
        shop.into_iter().chain(sare).collect()
    }

    fn sentences(&self) -> Vec<String> {
        let mut lines = vec![self.email.as_str().to_owned()];
        lines.extend(self.away());
        lines.extend(self.shop_sentence());
        lines.extend(self.sare_sentence());
        lines.extend(self.ledger_sentences());
        for problem in &self.ledger.problems {
            let Remedy { cause, remedy, .. } = desk::remedy(&problem.kind, Lang::En);
            let detail = problem
                .detail
                .as_deref()
                .map_or_else(String::new, |detail| format!(" It said: {detail}."));
            let tries = if problem.is_final {
                ""
            } else {
                " It is tried again by itself."
            };
            lines.push(format!(
                "Problem since {}: {cause}{detail} {remedy}{tries}",
                output::moment(Some(problem.first_at))
            ));
        }
        if self.ledger.waiting {
            lines.push("A change is noted and waits for its turn.".to_owned());
        }
        if self.shop.paused {
            lines.push("All synchronisation of the shop is paused; `shop resume` goes on.".to_owned());
        }
        lines
    }

    fn shop_sentence(&self) -> Option<String> {
        let shop = self.in_shop.as_ref().ok()?;
        let mut records = Vec::new();
        for (user, _) in &shop.customers {
            let guest = if user.registered == Some(false) {
                "a guest who ordered"
            } else {
                "a customer"
            };
            let flag = if user.newsletter == Some(true) {
                "wants the newsletter"
            } else {
                "does not want the newsletter"
            };
            records.push(format!("{guest} (number {}) who {flag}", user.id));
        }
        for row in &shop.subscribers {
            let active = if row.active == Some(true) {
                "an active"
            } else {
                "an inactive"
            };
            records.push(format!("{active} newsletter subscriber (number {})", row.id));
        }
        Some(if records.is_empty() {
            "The shop has nobody with this address.".to_owned()
        } else {
            format!("In the shop this is {}.", records.join(", and "))
        })
    }

    fn sare_sentence(&self) -> Option<String> {
        Some(match self.in_sare.as_ref().ok()? {
            None => "SARE does not have this address.".to_owned(),
            Some(record) => {
                let status = record.status.map_or_else(
                    || "a status it does not tell".to_owned(),
                    |status| format!("status {}", words::status(status.number())),
                );
                match &record.groups {
                    Some(groups) if groups.is_empty() => format!("SARE has it with {status}, in no group."),
                    Some(groups) => format!("SARE has it with {status}, in groups {}.", numbers(groups)),
                    None => format!("SARE has it with {status}."),
                }
            }
        })
    }

    fn ledger_sentences(&self) -> Vec<String> {
        let Some(contact) = &self.ledger.contact else {
            return vec![
                "The ledger does not know this contact: it has not come from the shop yet.".to_owned(),
            ];
        };
        let mut lines = vec![words::outcome(contact.outcome).to_owned()];
        if contact.withdrawn {
            lines.push("A withdrawal was seen in the shop, and no opt-in since.".to_owned());
        } else if let Some(consent) = contact.consent {
            let consents = if consent { "consents" } else { "does not consent" };
            lines.push(format!(
                "By the merchant's rule the person {consents}, as last decided."
            ));
        }
        if contact.refusal.is_some() {
            let origin = words::refusal_origin(contact.refusal_origin.as_deref().unwrap_or_default());
            let since = output::moment(contact.refused_at);
            let told = if contact.refusal_applied {
                ""
            } else {
                " The shop has yet to be told."
            };
            lines.push(format!("A refusal is known since {since}: {origin}.{told}"));
        }
        match (contact.sent_at, contact.sent.is_some()) {
            (None, _) => lines.push("SARE was never told of it by us.".to_owned()),
            (Some(at), true) => {
                let same = match self.is_as_sent(contact) {
                    Some(true) => " What was sent then is what the shop says now.",
                    Some(false) => " The shop says something else now.",
                    None => "",
                };
                lines.push(format!(
                    "SARE was last told on {}.{same}",
                    output::moment(Some(at))
                ));
            }
            (Some(at), false) => {
                lines.push(format!(
                    "SARE was last told on {}; since then it left our care.",
                    output::moment(Some(at))
                ));
            }
        }
        lines
    }

    fn is_as_sent(&self, contact: &Contact) -> Option<bool> {
        let shop = self.in_shop.as_ref().ok()?;
        Some(shop.was_sent(self.config?, contact.sent.as_deref()?))
    }

    fn columns(&self) -> Vec<Columns> {
        let contact = self.ledger.contact.as_ref();
        let shop = self.in_shop.as_ref().ok();
        let record = self.in_sare.as_ref().ok().map(Option::as_ref);
        let unknown = || "?".to_owned();
        let in_sare = |tell: &dyn Fn(&ContactRecord) -> String| match record {
            None => unknown(),
            Some(None) => "-".to_owned(),
            Some(Some(record)) => tell(record),
        };
        let consent = shop.map_or_else(unknown, |shop| {
            let flag = shop
                .customers
                .first()
                .map(|(user, _)| format!("flag {}", yes_no(user.newsletter)));
            let row = shop
                .subscribers
                .first()
                .map(|row| format!("subscriber {}", yes_no(row.active)));
            let both: Vec<String> = flag.into_iter().chain(row).collect();
            if both.is_empty() {
                "-".to_owned()
            } else {
                both.join(", ")
            }
        });
        let last_status = contact.and_then(|contact| contact.sare_status);
        let mut rows = vec![Columns {
            field: "consent / status".to_owned(),
            shop: consent,
            sent: last_status.map_or_else(|| "-".to_owned(), |number| format!("{number} when last seen")),
            sare: in_sare(&|record| {
                record
                    .status
                    .map_or_else(|| "?".to_owned(), |status| status.to_string())
            }),
        }];
        let Some(config) = self.config else { return rows };
        rows.push(Columns {
            field: "groups".to_owned(),
            shop: shop.map_or_else(unknown, |shop| numbers(&shop.groups(config))),
            sent: contact.map_or_else(|| "-".to_owned(), |contact| numbers(&contact.groups)),
            sare: in_sare(&|record| record.groups.as_deref().map_or_else(|| "?".to_owned(), numbers)),
        });
        let sent = match contact.map(|contact| (contact.sent.is_some(), self.is_as_sent(contact))) {
            Some((true, Some(true))) => "as now",
            Some((true, Some(false))) => "not as now",
            Some((true, None)) => "?",
            _ => "-",
        };
        for target in self.targets(config) {
            rows.push(Columns {
                shop: shop.map_or_else(unknown, |shop| match shop.values.get(&target) {
                    Some(wanted) => wanted.value.clone(),
                    None => "(left alone)".to_owned(),
                }),
                sent: sent.to_owned(),
                sare: in_sare(&|record| value_in(record, &target).to_owned()),
                field: target.to_string(),
            });
        }
        rows
    }

    fn targets(&self, config: &Config) -> BTreeSet<Target> {
        let rows = config
            .customers
            .mapping
            .rows()
            .iter()
            .chain(config.subscribers.mapping.rows());
        rows.map(|row| row.target.clone()).collect()
    }

    fn history_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.ledger.history.is_empty() {
            lines.push("What happened, the newest first:".to_owned());
        }
        let line =
            |entry: &HistoryEntry| format!("  {}  {}", output::moment(Some(entry.at)), words::history(entry));
        lines.extend(self.ledger.history.iter().map(line));
        lines
    }

    fn json(&self) -> Value {
        let contact = self.ledger.contact.as_ref();
        let shop = match &self.in_shop {
            Err(why) => json!({ "away": why }),
            Ok(shop) => json!({
                "customers": shop.customers.iter().map(|(user, _)| json!({
                    "id": user.id, "newsletter": user.newsletter, "registered": user.registered,
                })).collect::<Vec<_>>(),
                "subscribers": shop.subscribers.iter().map(|row| json!({
                    "id": row.id, "active": row.active,
                })).collect::<Vec<_>>(),
            }),
        };
        let sare = match &self.in_sare {
            Err(why) => json!({ "away": why }),
            Ok(None) => Value::Null,
            Ok(Some(record)) => json!({ "status": record.status, "groups": record.groups }),
        };
        let columns: Vec<Value> = self
            .columns()
            .into_iter()
            .map(|row| json!({ "field": row.field, "shop": row.shop, "sent": row.sent, "sare": row.sare }))
            .collect();
        let history: Vec<Value> = self
            .ledger
            .history
            .iter()
            .map(|entry| {
                let at = output::iso(Some(entry.at));
                json!({ "at": at, "kind": entry.kind, "text": words::history(entry) })
            })
            .collect();
        let problems: Vec<Value> = self
            .ledger
            .problems
            .iter()
            .map(|problem| {
                let Remedy { cause, remedy, .. } = desk::remedy(&problem.kind, Lang::En);
                json!({ "kind": problem.kind, "cause": cause, "remedy": remedy, "detail": problem.detail,
                        "final": problem.is_final })
            })
            .collect();
        json!({
            "shop": self.shop.host,
            "contact": self.email.as_str(),
            "known": true,
            "in_shop": shop,
            "in_sare": sare,
            "outcome": contact.map(|c| c.outcome),
            "consent": contact.and_then(|c| c.consent),
            "withdrawn": contact.map(|c| c.withdrawn),
            "refusal": contact.and_then(|c| c.refusal),
            "refusal_origin": contact.and_then(|c| c.refusal_origin.clone()),
            "refusal_since": output::iso(contact.and_then(|c| c.refused_at)),
            "refusal_in_shop": contact.filter(|c| c.refusal.is_some()).map(|c| c.refusal_applied),
            "sent": output::iso(contact.and_then(|c| c.sent_at)),
            "sent_is_current": contact.and_then(|c| self.is_as_sent(c)),
            "waiting": self.ledger.waiting,
            "columns": columns,
            "problems": problems,
            "history": history,
            "sentences": self.sentences(),
        })
    }
}

fn yes_no(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    }
}

fn numbers(groups: &[i64]) -> String {
    if groups.is_empty() {
        return "-".to_owned();
    }
    groups
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
