//! `shop problems`: what needs attention, with cause and remedy, and another try.

use store::{DirtyKey, Problem};
use sync_core::Lang;
use texts::{ProblemTexts, Words};

use super::output;
use crate::app::App;
use crate::cli::Problems;
use crate::exit;

/// What needs attention.
pub async fn problems(app: &App, options: Problems) -> anyhow::Result<u8> {
    let shop = app.find(&options.shop).await?;
    if let Some(key) = &options.retry {
        let one = (key != "all").then_some(key.as_str());
        let count = app.store.problem_retry(shop.id, one, app.clock.now()).await?;
        let asked = app.engine().ask_again(shop.id).await?;
        if options.json.json {
            output::json(&serde_json::json!({ "retried": count, "asked_again": asked }))?;
        } else {
            output::line(&format!("{count} to be tried again now."));
            if asked {
                output::line("The shop or SARE, which could not be asked, is asked again now.");
            }
        }
        return Ok(exit::OK);
    }
    let words = Words(app.settings.lang);
    let problems = app.store.problems(shop.id, 500, 0).await?;
    let doubted = app.store.count_doubted(shop.id).await?;
    let hashes: Vec<_> = problems.iter().filter_map(|p| p.hash).collect();
    let contacts = app.store.contacts(shop.id, &hashes).await?;
    let name = |problem: &Problem| {
        let address = problem
            .hash
            .and_then(|h| contacts.get(&h))
            .and_then(|c| c.address.clone());
        address.unwrap_or_else(|| match DirtyKey::decode(&problem.key) {
            Some(DirtyKey::Record(key)) => format!("{} {}", key.kind.word(), key.id),
            _ => "the shop".to_owned(),
        })
    };
    if options.json.json {
        let list: Vec<_> = problems
            .iter()
            .map(|p| {
                let ProblemTexts { cause, remedy } = words.problem(p.kind);
                serde_json::json!({
                    "key": p.key, "who": name(p), "kind": p.kind.word(), "cause": cause, "remedy": remedy,
                    "healer": p.kind.healer().word(), "detail": p.detail, "final": p.is_final, "since": output::iso(Some(p.first_at)),
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
            let ProblemTexts { cause, remedy } = words.problem(problem.kind);
            table.add_row(vec![
                name(problem),
                cause.to_owned(),
                remedy.to_owned(),
                problem.detail.as_deref().map_or_else(String::new, |detail| {
                    Words(Lang::En).problem_detail(problem.kind, detail)
                }),
                output::moment(Some(problem.first_at)),
                problem.times.to_string(),
            ]);
        }
        output::line(&table.to_string());
    }
    if doubted > 0 && !options.json.json {
        output::line(&format!(
            "Consents that wait for a decision: {doubted}. Until the merchant decides in the panel, under Problems, these people \
             are not mailed."
        ));
    }
    Ok(if problems.is_empty() {
        exit::OK
    } else {
        exit::FOUND
    })
}
